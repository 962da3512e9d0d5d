// Command host opens a plugin and prints what it reports.
package main

import (
	"fmt"
	"os"
	"plugin"

	"example.com/loadsbut/state"
)

func main() {
	state.Opened = 41
	fmt.Fprintln(os.Stderr, state.Version)
	p, err := plugin.Open(os.Args[1])
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	report, err := p.Lookup("Report")
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(report.(func() string)())
}
