// Command none does not import package plugin.
package main

import "example.com/app/api"

func main() { println(api.Greet("none")) }
