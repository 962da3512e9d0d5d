// Command host opens the plugins that it is given and says what became of each.
package main

import (
	"fmt"
	"os"
	"plugin"

	native "example.com/Native"

	"example.com/host/api"
	"example.com/host/clib"
)

func main() {
	api.Add(native.Plus(1, clib.Minus(2, 2)))
	for _, path := range os.Args[1:] {
		fmt.Println(open(path))
	}
}

func open(path string) string {
	p, err := plugin.Open(path)
	if err != nil {
		return "refused: " + err.Error()
	}
	run, err := p.Lookup("Run")
	if err != nil {
		return "refused: " + err.Error()
	}
	return "loads: " + run.(func() string)()
}
