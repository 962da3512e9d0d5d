// Command cgo has C code.
package main

/*
#include <math.h>
#include <stdio.h>
#cgo LDFLAGS: -lm
static double power(double x) { return pow(x, 3.0); }
*/
import "C"

// Power is an exported function.
func Power(x float64) float64 { return float64(C.power(C.double(x))) }

func main() {}
