// Command embeds has data in it.
package main

import _ "embed"

//go:embed main.go
var text string

// Text is an exported function.
func Text() string { return text }

func main() {}
