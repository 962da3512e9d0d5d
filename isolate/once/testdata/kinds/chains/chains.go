// Package chains registers by ways that are not seen at the place of registration.
package chains

import (
	"database/sql"
	"database/sql/driver"
	"expvar"
	"net/http"
	"os"
	"sync"

	"example.com/kinds/registry"
)

type drv struct{}

func (drv) Open(string) (driver.Conn, error) { return nil, nil }

var names = []string{"one", "two"}

var once sync.Once

var counter = newCounter("chained")

func newCounter(name string) *expvar.Int { return publish("pre." + name) }

func publish(name string) *expvar.Int {
	return expvar.NewInt(name) // want panics expvar "pre.chained"
}

type server struct{ mux *http.ServeMux }

func (s server) routes(at string) {
	http.Handle(at, http.NotFoundHandler()) // want panics net/http.DefaultServeMux "/routes"
}

func each(list []string, f func(string)) {
	for _, s := range list {
		f(s)
	}
}

func init() {
	for _, n := range names {
		sql.Register(n, drv{}) // want panics database/sql drivers "one"; panics database/sql drivers "two"
	}
	once.Do(func() {
		os.Setenv("IN_ONCE", "1") // want overrides environment "IN_ONCE"
	})
	server{}.routes("/routes")
	each([]string{"three"}, func(s string) {
		expvar.NewString("x." + "literal") // want panics expvar "x.literal"
	})
	func() { os.Unsetenv("CALLED") }() // want overrides environment "CALLED"
	f := os.Chdir
	f("/f") // want overrides working directory "/f"
	registry.Elsewhere("/elsewhere")
	unknown := os.Getenv("UNKNOWN")
	expvar.NewInt(unknown) // want panics expvar
	recurse(3)
	generic[int]("gen")
}

func recurse(n int) {
	if n > 0 {
		recurse(n - 1)
		other(n)
	}
}

func other(n int) {
	recurse(n)
	os.Setenv("RECURSED", "") // want overrides environment "RECURSED"
}

func generic[T any](s string) T {
	var t T
	expvar.NewFloat(s) // want panics expvar "gen"
	return t
}
