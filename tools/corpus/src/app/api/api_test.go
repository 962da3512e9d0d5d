package api

import (
	"flag"
	"fmt"
	"plugin"
	"testing"
)

// TestOpen is in the package itself, which the test binary then has in another form.
func TestOpen(t *testing.T) {
	o := Options{level: 3}
	if o.Level() != 4 {
		t.Error(o)
	}
	for _, file := range flag.Args() {
		if _, err := plugin.Open(file); err != nil {
			fmt.Printf("corpus refused %q\n", err.Error())
			continue
		}
		fmt.Println("corpus loads")
	}
}
