// Command host answers plugtool test: answer.go beside it is copied from package loader.
package main

import (
	"fmt"
	"os"
	"plugin"
	"time"
)

func main() {
	if plugtoolTestV1(nil) {
		return
	}
	for _, file := range os.Args[1:] {
		if file == "serve" {
			time.Sleep(time.Hour)
		}
		if _, err := plugin.Open(file); err != nil {
			fmt.Fprintln(os.Stderr, "host:", err)
			os.Exit(1)
		}
	}
}
