// Command bare imports nothing and exports nothing.
package main

func main() {}
