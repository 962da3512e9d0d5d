// Command extra needs packages of the standard library that the host does not have.
package main

import (
	"encoding/json"
	"net/http"
	"text/template"
)

// Handler is an exported variable.
var Handler http.Handler

// Encode is an exported function.
func Encode(v any) ([]byte, error) { template.New("x"); return json.Marshal(v) }

func main() {}
