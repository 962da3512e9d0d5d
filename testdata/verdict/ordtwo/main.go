// Command ordtwo is a plugin that needs libord.so.1 of the newer version.
package main

// int two(void);
import "C"

// Two is an exported function.
func Two() int { return int(C.two()) }
