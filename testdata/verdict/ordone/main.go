// Command ordone is a plugin that needs libord.so.1, of any version.
package main

// int one(void);
import "C"

// One is an exported function.
func One() int { return int(C.one()) }
