// Package clib has C code of its own.
package clib

/*
int clib_version(void);
*/
import "C" // want interposed C symbols

// Version is that of the C code.
func Version() int { return int(C.clib_version()) }
