// Command other is another plugin.
package main

import "os"

// Where is an exported function.
func Where() string { d, _ := os.Getwd(); return d }

func main() {}
