package main

// What every host of the measurement does: it opens the plugins that its arguments
// name, says what became of each and how long all of that took.
const plainHost = `package main

import (
	"fmt"
	"os"
	"plugin"
	"time"
)

func main() {
	for _, file := range os.Args[1:] {
		began := time.Now()
		_, err := plugin.Open(file)
		fmt.Println(time.Since(began).Nanoseconds(), err)
	}
}
`

const loaderHost = `package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"time"

	"github.com/plugtool/plugtool/loader"
)

//go:embed key.pub
var key string

func main() {
	policy := loader.Policy{Keys: []string{key}}
	for _, file := range os.Args[1:] {
		began := time.Now()
		_, err := loader.Open(context.Background(), file, policy)
		fmt.Println(time.Since(began).Nanoseconds(), err)
	}
}
`

const keylessHost = `package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"time"

	"github.com/plugtool/plugtool/loader"
	"github.com/plugtool/plugtool/loader/keyless"
)

//go:embed key.pub
var key string

//go:embed policy.json
var rules []byte

func main() {
	policy, err := loader.ParsePolicy(rules)
	if err != nil {
		panic(err)
	}
	policy.Certificates = keyless.Certificates(nil)
	policy.Rules, policy.Certificates, policy.Keys = nil, nil, []string{key} // linked in; a key is what is measured
	for _, file := range os.Args[1:] {
		began := time.Now()
		_, err := loader.Open(context.Background(), file, policy)
		fmt.Println(time.Since(began).Nanoseconds(), err)
	}
}
`

const policyJSON = `{"schema": "plugtool.policy/v1",
 "identities": {"ci": {"subject": "ci@example.com", "issuer": "https://accounts.example.com"}},
 "plugins": [{"name": ["*"], "signers": ["ci"]}]}
`

// withModule also imports a module of the Go project, at an older version than plugtool's
// own go.mod has.
const withModule = `package main

import (
	_ "github.com/plugtool/plugtool/loader"
	"golang.org/x/mod/semver"
)

func main() { println(semver.IsValid("v1.0.0")) }
`

const olderModule = "golang.org/x/mod v0.30.0"

// A pluginKind is a plugin that a host may have had before it had the loader.
type pluginKind struct {
	name, tags string
	imports    []string
}

var pluginKinds = []pluginKind{
	{name: "small"},
	{name: "text", imports: []string{"encoding/json", "text/template", "regexp", "log/slog"}},
	{name: "http", imports: []string{"net/http", "crypto/tls", "html/template"}},
	{name: "data", imports: []string{"database/sql", "archive/zip", "encoding/gob", "encoding/xml", "go/parser"}},
	{name: "crypto", imports: []string{"crypto/x509", "crypto/rsa", "crypto/ecdh", "crypto/mlkem"}},
	{name: "net-netgo", tags: "netgo", imports: []string{"net"}},
	{name: "net-netcgo", tags: "netcgo", imports: []string{"net"}},
	{name: "user-osusergo", tags: "osusergo", imports: []string{"os/user"}},
	{name: "time-timetzdata", tags: "timetzdata", imports: []string{"time"}},
	{name: "crypto-purego", tags: "purego", imports: []string{"crypto/sha256", "crypto/aes"}},
	{name: "math-math_big_pure_go", tags: "math_big_pure_go", imports: []string{"math/big"}},
}
