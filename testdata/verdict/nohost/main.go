// Command nohost is a program that does not import package plugin.
package main

import "fmt"

func main() { fmt.Println("no plugins here") }
