// Package hosted holds a test that serves as a host.
package hosted
