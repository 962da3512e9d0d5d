// Command fortified is a plugin whose C code calls functions that only glibc has.
package main

// #include <stdio.h>
// static int say(int n) { char b[20]; return snprintf(b, n, "%d", n); }
import "C"

// Say is an exported function.
func Say(n int) int { return int(C.say(C.int(n))) }
