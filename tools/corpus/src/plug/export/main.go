// Command export gives C a function.
package main

import "C"

//export plugin_answer
func plugin_answer() C.int { return 42 }

func main() {}
