// Command needslib is a plugin that needs a C library, libfoo.so.1.
package main

// int foo(void);
import "C"

// Foo is an exported function.
func Foo() int { return int(C.foo()) }
