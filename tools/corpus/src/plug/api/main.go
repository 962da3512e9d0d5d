// Command api needs the host's own package.
package main

import "example.com/app/api"

// Greet is an exported function.
func Greet(o *api.Options) string { return api.Greet(o.Name) }

func main() {}
