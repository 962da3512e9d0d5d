// Command slow is a plugin that takes its time where the environment says so.
package main

import (
	"os"
	"time"
)

func init() {
	if os.Getenv("PLUG_DOES") == "later" {
		time.Sleep(time.Minute)
	}
}

func main() {}
