// Command empty is a plugin with nothing in it.
package main
