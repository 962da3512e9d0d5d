// Command other is a plugin.
package main

// Other is what it exports.
func Other() {}

func main() {}
