package hosted

import (
	"fmt"
	"os"
	"plugin"
	"testing"

	native "example.com/Native"

	"example.com/app"
	"example.com/app/api"
	"example.com/app/clib"
)

func TestMain(m *testing.M) {
	api.Add(native.Plus(1, clib.Minus(2, 2)))
	app.Visit()
	for _, path := range os.Args[1:] {
		p, err := plugin.Open(path)
		if err != nil {
			fmt.Println("refused: " + err.Error())
			continue
		}
		run, err := p.Lookup("Run")
		if err != nil {
			fmt.Println("refused: " + err.Error())
			continue
		}
		fmt.Println("loads: " + run.(func() string)())
	}
}
