// Command host opens the plugins that its arguments name, in order, in one process.
package main

import (
	"os"

	"example.com/app/api"
	"example.com/app/hosted"
	"example.com/lib"
)

func main() {
	hosted.Open(os.Args[1:])
	api.Sink = lib.Name()
}
