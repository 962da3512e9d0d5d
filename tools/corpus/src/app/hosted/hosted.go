// Package hosted opens plugins and prints a line for each.
package hosted

import (
	"fmt"
	"plugin"
)

// Open opens the files in order.
func Open(files []string) {
	for _, file := range files {
		if _, err := plugin.Open(file); err != nil {
			fmt.Printf("corpus refused %q\n", err.Error())
			continue
		}
		fmt.Println("corpus loads")
	}
}
