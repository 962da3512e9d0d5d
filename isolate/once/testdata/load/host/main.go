// Command host links what the plugins have copies of.
package main

import (
	"fmt"
	"os"
	"plugin"

	"example.com/load/dep/cdep"
	"example.com/load/dep/expdep"
	"example.com/load/dep/muxdep"
	"example.com/load/dep/rootsdep"
	"example.com/load/dep/sqldep"
)

func main() {
	fmt.Println("plugin:", run(os.Args[1]))
	fmt.Println("host:", cdep.Check(), expdep.Check(), muxdep.Check(), rootsdep.Check(), sqldep.Check())
}

func run(file string) (says string) {
	defer func() {
		if r := recover(); r != nil {
			says = fmt.Sprint("panic: ", r)
		}
	}()
	p, err := plugin.Open(file)
	if err != nil {
		return err.Error()
	}
	sym, err := p.Lookup("Run")
	if err != nil {
		return err.Error()
	}
	return sym.(func() string)()
}
