// Command plug is a plugin whose init does what the environment says.
package main

/*
#include <stdlib.h>
static void crash(void) { *(volatile int *)0 = 1; }
*/
import "C"

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"time"
)

// Greet greets.
func Greet(name string) string { return "hello " + name }

// Level is a variable.
var Level = 3

func init() {
	switch os.Getenv("PLUG_DOES") {
	case "panic":
		panic(fmt.Errorf("no \"configuration\" in %s", "/nowhere"))
	case "nil":
		var p *int
		Level = *p
	case "goexit":
		runtime.Goexit()
	case "exit":
		fmt.Println("good bye")
		os.Exit(0)
	case "crash":
		C.crash()
	case "abort":
		C.abort()
	case "hang":
		select {}
	case "spin":
		for {
		}
	case "goroutine":
		done := make(chan bool)
		go func() { panic("in a goroutine") }()
		<-done
	case "later": // while the next plugin is opened
		go func() {
			time.Sleep(time.Second)
			panic("later")
		}()
	case "talk":
		line := bytes.Repeat([]byte("x"), 999)
		for range 1000 {
			os.Stdout.Write(append(line, '\n'))
		}
		fmt.Fprintln(os.Stderr, "\x1b[31mred\x1b[0m and \xff")
		panic("after much talk")
	case "daemon":
		cmd := exec.Command("sleep", "61")
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		cmd.ExtraFiles = []*os.File{os.NewFile(3, "report")}
		if err := cmd.Start(); err != nil {
			panic(err)
		}
	case "forge":
		report := os.NewFile(3, "report")
		fmt.Fprintf(report, "{\"event\":\"opened\",\"file\":\"other\"}\nnonsense\n%s\n{\"event\":\"done\"}\n", bytes.Repeat([]byte("y"), 2<<20))
		os.Exit(7)
	}
}

func main() {}
