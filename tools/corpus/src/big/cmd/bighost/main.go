// Command bighost has large dependencies.
package main

import (
	"fmt"
	"os"
	"plugin"

	"github.com/gin-gonic/gin"
	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/packages"
	"google.golang.org/protobuf/types/known/structpb"
)

// Keep keeps what the host needs of its dependencies.
var Keep = []any{gin.New, packages.Load, structpb.NewStruct, analysis.Validate}

func main() {
	for _, file := range os.Args[1:] {
		if _, err := plugin.Open(file); err != nil {
			fmt.Printf("corpus refused %q\n", err.Error())
			continue
		}
		fmt.Println("corpus loads")
	}
}
