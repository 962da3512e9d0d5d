// Package std registers something of every kind that exists once per process. The want
// comments are what Analyze has to say of their line.
package std

import (
	"archive/zip"
	"crypto"
	"crypto/x509"
	"database/sql"
	"database/sql/driver"
	"encoding/gob"
	"expvar"
	"flag"
	"image"
	"io"
	"log"
	"log/slog"
	"math/rand"
	"mime"
	"net"
	"net/http"
	"net/rpc"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"time"
)

const prefix = "std_"

var (
	reads   = expvar.NewInt(prefix + "reads") // want panics expvar "std_reads"
	verbose = flag.Bool("verbose", false, "") // want panics flag.CommandLine "verbose"
	profile = pprof.NewProfile("std.profile") // want panics runtime/pprof profiles "std.profile"
	level   int
)

type drv struct{}

func (drv) Open(string) (driver.Conn, error) { return nil, nil }

// T is registered with gob and rpc.
type T struct{ A int }

// M makes T a service.
func (T) M(int, *int) error { return nil }

func handler(http.ResponseWriter, *http.Request) {}

func init() {
	http.HandleFunc("/std", handler)                       // want panics net/http.DefaultServeMux "/std"
	http.Handle("GET /std/{x}", http.HandlerFunc(handler)) // want panics net/http.DefaultServeMux "GET /std/{x}"
	http.DefaultServeMux.HandleFunc("/method", handler)    // want panics net/http.DefaultServeMux "/method"
	mux := http.DefaultServeMux
	mux.HandleFunc("/alias", handler)                                                                      // want panics net/http.DefaultServeMux "/alias"
	rpc.HandleHTTP()                                                                                       // want panics net/http.DefaultServeMux "/_goRPC_"
	expvar.Publish("std.map", new(expvar.Map))                                                             // want panics expvar "std.map"
	flag.IntVar(&level, "level", 0, "")                                                                    // want panics flag.CommandLine "level"
	flag.CommandLine.StringVar(new(string), "str", "", "")                                                 // want panics flag.CommandLine "str"
	sql.Register("stddrv", drv{})                                                                          // want panics database/sql drivers "stddrv"
	gob.RegisterName("app.T", T{})                                                                         // want panics encoding/gob names "app.T"
	gob.Register(T{})                                                                                      // want splits encoding/gob types "example.com/kinds/std.T"
	x509.SetFallbackRoots(x509.NewCertPool())                                                              // want panics crypto/x509 fallback roots
	zip.RegisterDecompressor(93, nil)                                                                      // want panics archive/zip decompressors "93"
	zip.RegisterCompressor(zip.Store, nil)                                                                 // want panics archive/zip compressors "zip.Store"
	http.DefaultTransport.(*http.Transport).RegisterProtocol("std", nil)                                   // want panics net/http.DefaultTransport protocols "std"
	rpc.Register(T{})                                                                                      // want ignored net/rpc.DefaultServer "example.com/kinds/std.T"
	image.RegisterFormat("stdimg", "MAGIC", func(io.Reader) (image.Image, error) { return nil, nil }, nil) // want ignored image formats "stdimg"
	mime.AddExtensionType(".std", "text/std")                                                              // want overrides mime types ".std"
	crypto.RegisterHash(crypto.BLAKE2b_256, nil)                                                           // want overrides crypto hashes "crypto.BLAKE2b_256"
}

func init() {
	log.SetPrefix("std: ")                                 // want overrides log.Default "SetPrefix"
	slog.SetDefault(slog.New(nil))                         // want overrides log/slog.Default "SetDefault"
	signal.Notify(make(chan os.Signal, 1))                 // want doubles os/signal
	signal.Ignore(os.Interrupt)                            // want overrides os/signal dispositions
	rand.Seed(1)                                           // want overrides math/rand seed
	flag.Parse()                                           // want overrides flag.Parse
	os.Setenv("STD", "1")                                  // want overrides environment "STD"
	os.Chdir("/")                                          // want overrides working directory "/"
	debug.SetGCPercent(50)                                 // want overrides runtime settings "SetGCPercent"
	runtime.GOMAXPROCS(2)                                  // want overrides runtime settings "GOMAXPROCS"
	net.Listen("tcp", "127.0.0.1:1")                       // want doubles sockets "127.0.0.1:1"
	os.Create("/tmp/std")                                  // want doubles files "/tmp/std"
	go tick()                                              // want doubles goroutines "example.com/kinds/std.tick"
	time.Local = time.UTC                                  // want overrides time.Local
	http.DefaultClient.Timeout = time.Second               // want overrides net/http.DefaultClient
	http.DefaultTransport.(*http.Transport).MaxIdleConns++ // want overrides net/http.DefaultTransport
	t := http.DefaultTransport.(*http.Transport)
	t.Proxy = nil                       // want overrides net/http.DefaultTransport
	net.DefaultResolver.PreferGo = true // want overrides net.DefaultResolver
}

func tick() {
	time.Sleep(time.Hour)
	os.Unsetenv("STD_TICK") // want overrides environment "STD_TICK"
}
