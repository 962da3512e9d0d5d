// Command host opens the plugins that its arguments name, in order, and prints a
// line for each: "loads", or "refused" and the error.
package main

import (
	"fmt"
	"os"
	"plugin"

	"example.com/verdict/shared"
)

func main() {
	fmt.Fprintln(os.Stderr, shared.Name())
	for _, file := range os.Args[1:] {
		if _, err := plugin.Open(file); err != nil {
			fmt.Printf("refused\t%s\n", err)
			continue
		}
		fmt.Println("loads")
	}
}
