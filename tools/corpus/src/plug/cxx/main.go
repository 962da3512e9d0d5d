// Command cxx has C++ code.
package main

// int length(void);
import "C"

// Length is an exported function.
func Length() int { return int(C.length()) }

func main() {}
