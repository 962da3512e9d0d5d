// Command host opens the plugins that it is given and says what became of each.
package main

import (
	"fmt"
	"net"
	"os"
	"os/user"
	"plugin"

	native "example.com/Native"

	"example.com/app"
	"example.com/app/api"
	"example.com/app/asm"
	"example.com/app/bag"
	"example.com/app/clib"
	"example.com/app/odd"
)

func main() {
	api.Add(native.Plus(1, clib.Minus(2, 2)))
	app.Visit()
	if asm.Sum(1, 2) != 3 || odd.All() == 0 || !bag.Later() || net.ParseIP("127.0.0.1") == nil {
		panic("the host itself is broken")
	}
	if _, err := user.Current(); err != nil {
		panic(err)
	}
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
