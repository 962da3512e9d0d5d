// Command panics does so in its init.
package main

func init() { panic("no") }

func main() {}
