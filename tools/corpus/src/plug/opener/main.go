// Command opener imports package plugin itself.
package main

import "plugin"

// Open is an exported function.
func Open(name string) error { _, err := plugin.Open(name); return err }

func main() {}
