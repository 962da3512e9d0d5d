// Command goes starts a goroutine in its init.
package main

import "time"

func init() {
	go func() {
		for {
			time.Sleep(time.Millisecond)
		}
	}()
}

func main() {}
