// Command bigcrypto needs much of the standard library.
package main

import (
	"crypto/tls"
	"database/sql"
	"go/types"
	"net/http/httputil"
)

// Proxy is an exported variable.
var Proxy httputil.ReverseProxy

// Config is an exported function.
func Config() (*tls.Config, *sql.DB, *types.Package) { return &tls.Config{}, nil, nil }

func main() {}
