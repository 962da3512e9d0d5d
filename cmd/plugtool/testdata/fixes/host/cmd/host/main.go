// Command host opens the plugins that its arguments name and says what became of
// each.
package main

import (
	"fmt"
	"os"
	"plugin"

	"example.com/host/api"
	"example.com/mid/far"
	"example.com/two"
)

func main() {
	api.Add(api.Count(os.Args) + far.Far(two.Two()) + far.Get().P.A)
	for _, file := range os.Args[1:] {
		if _, err := plugin.Open(file); err != nil {
			fmt.Println("refused:", err)
			continue
		}
		fmt.Println("loads")
	}
}
