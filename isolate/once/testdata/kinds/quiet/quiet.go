// Package quiet does all that package std does, but not at initialisation, or not to what
// is shared. Analyze has nothing to say of it.
package quiet

import (
	"database/sql"
	"encoding/gob"
	"expvar"
	"flag"
	"log"
	"net/http"
	"os"
	"runtime"
	"sync"
	"time"
)

type command struct{ Run func() }

var root = command{Run: func() {
	http.HandleFunc("/later", handler)
	os.Setenv("LATER", "1")
}}

var flags = flag.NewFlagSet("own", flag.ContinueOnError)

var verbose = flags.Bool("verbose", false, "")

var own = new(expvar.Map).Init()

var client = &http.Client{Timeout: time.Second}

var later = sync.OnceValue(func() int { os.Unsetenv("LATER"); return 1 })

func handler(http.ResponseWriter, *http.Request) { os.Chdir("/") }

// Register registers when it is called.
func Register(name string) {
	sql.Register(name, nil)
	expvar.NewInt(name)
	go log.SetFlags(0)
}

func init() {
	mux := http.NewServeMux()
	mux.HandleFunc("/own", handler)
	http.NewServeMux().Handle("/own", nil)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns = 1
	copied := *http.DefaultClient
	copied.Timeout = 1
	client.Timeout = 2
	gob.Register([]any{})
	gob.Register(time.Time{})
	runtime.GOMAXPROCS(0)
	log.New(os.Stderr, "", 0).SetPrefix("own")
	f := func() { os.Setenv("NEVER", "") }
	_ = f
	defer handlerFor(handler)
	server := http.Server{}
	server.Addr = ":0"
}

func handlerFor(h http.HandlerFunc) http.Handler { return h }
