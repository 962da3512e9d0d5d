// Package cdep has C code that calls back.
package cdep

/*
int cdep_version(void);
int cdep_through(int);
*/
import "C"

import "fmt"

// Version is what the copy changes.
const Version = "v1"

//export cdepCallback
func cdepCallback(x C.int) C.int { return x + C.int(len(Version)) }

// Check tells which C code runs.
func Check() string { return fmt.Sprintf("v%d", C.cdep_version()) }
