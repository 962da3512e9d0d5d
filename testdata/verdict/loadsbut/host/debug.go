//go:build debugline

//go:debug panicnil=1
package main
