package once

// Process owns what belongs to the process and not to a package: environment, working
// directory, limits, files and sockets.
const Process = "process"

// change is how a key can be made the copy's own.
type change int

const (
	fixed    change = iota // it cannot: others find the registration by it
	shown                  // people see it, or a lookup by the same key: a prefix does
	named                  // as shown, and code beside the registration asks whether it is there
	pathlike               // a pattern of net/http: a prefix that is a path
)

// Registry is something that exists once per process.
type Registry struct {
	ID          string
	Owner       string // the package whose state it is, or Process
	Key         string // what a key of it is, for people
	Consequence Consequence
	Collision   string // what is seen of a second registration, from the source or as observed
	Evidence    string // the source file that says so: the standard library's, or PACKAGE/FILE
	change      change
}

// Registries gives what is known to exist once per process, by ID. What is said of the
// standard library was observed with go1.26.8 on 2026-11-27 (docs/isolate-once.md).
func Registries() []Registry {
	return append(standardRegistries(), moduleRegistries()...)
}

func standardRegistries() []Registry {
	return []Registry{
		{"net/http.DefaultServeMux", "net/http", "pattern", Panics, `pattern %q (registered at …) conflicts with pattern`, "net/http/server.go", pathlike},
		{"expvar", "expvar", "name", Panics, `Reuse of exported var name: %s`, "expvar/expvar.go", shown},
		{"flag.CommandLine", "flag", "flag", Panics, `flag redefined: %s`, "flag/flag.go", shown},
		{"database/sql drivers", "database/sql", "driver", Panics, `sql: Register called twice for driver %s`, "database/sql/sql.go", named},
		{"encoding/gob names", "encoding/gob", "name", Panics, `gob: registering duplicate types for %q`, "encoding/gob/type.go", fixed},
		{"encoding/gob types", "encoding/gob", "type", Splits, "the copy's types bear the copy's import path on the wire; the host cannot decode them as its own", "encoding/gob/type.go", fixed},
		{"runtime/pprof profiles", "runtime/pprof", "name", Panics, `pprof: NewProfile name already in use: %s`, "runtime/pprof/pprof.go", shown},
		{"crypto/x509 fallback roots", "crypto/x509", "", Panics, "SetFallbackRoots has already been called", "crypto/x509/root.go", fixed},
		{"archive/zip compressors", "archive/zip", "method", Panics, "compressor already registered", "archive/zip/register.go", fixed},
		{"archive/zip decompressors", "archive/zip", "method", Panics, "decompressor already registered", "archive/zip/register.go", fixed},
		{"net/http.DefaultTransport protocols", "net/http", "scheme", Panics, `protocol %s already registered`, "net/http/transport.go", fixed},
		{"net/rpc.DefaultServer", "net/rpc", "service", Ignored, `rpc: service already defined: %s, as an error that most callers drop`, "net/rpc/server.go", fixed},
		{"image formats", "image", "format", Ignored, "image.Decode goes on using the decoder that was registered first", "image/format.go", fixed},
		{"mime types", "mime", "extension", Overrides, "the last type set counts", "mime/type.go", fixed},
		{"crypto hashes", "crypto", "hash", Overrides, "the host's crypto.Hash.New runs the copy's code from then on", "crypto/crypto.go", fixed},
		{"log.Default", "log", "setting", Overrides, "the host's log changes", "log/log.go", fixed},
		{"log/slog.Default", "log/slog", "setting", Overrides, "the host's slog goes where the copy says", "log/slog/logger.go", fixed},
		{"os/signal", "os/signal", "", Doubles, "host and copy each get every signal, and its default action stays off", "os/signal/signal.go", fixed},
		{"os/signal dispositions", "os/signal", "", Overrides, "the host gets the signal no longer", "os/signal/signal.go", fixed},
		{"math/rand seed", "math/rand", "", Overrides, "the host's random numbers follow the copy's seed", "math/rand/rand.go", fixed},
		{"flag.Parse", "flag", "", Overrides, "the host's arguments are parsed before its flags are defined", "flag/flag.go", fixed},
		{"environment", Process, "variable", Overrides, "the host's environment changes", "os/env.go", fixed},
		{"working directory", Process, "folder", Overrides, "the host's relative paths lead elsewhere", "os/file.go", fixed},
		{"process limits", Process, "setting", Overrides, "the setting is the whole process'", "syscall/rlimit.go", fixed},
		{"runtime settings", Process, "setting", Overrides, "the setting is the whole process'", "runtime/debug.go, runtime/debug/garbage.go", fixed},
		{"sockets", Process, "address", Doubles, "a second listener on a fixed address fails: address already in use", "net/dial.go", fixed},
		{"files", Process, "file", Doubles, "both write the same file", "os/file.go", fixed},
		{"goroutines", Process, "function", Doubles, "it runs twice, and for as long as the process does", "runtime/proc.go", fixed},
		{"C symbols", Process, "", Interposed, "the dynamic linker binds the copy's C functions, and those that C calls back, to the host's of the same name", "cmd/link/internal/ld/lib.go", fixed},
	}
}

// Packages of modules that sinks and policy name.
const (
	protoregistry = "google.golang.org/protobuf/reflect/protoregistry"
	promPackage   = "github.com/prometheus/client_golang/prometheus"
	gogoProto     = "github.com/gogo/protobuf/proto"
	golangProto   = "github.com/golang/protobuf/proto"
	grpcPackage   = "google.golang.org/grpc"
	otelPackage   = "go.opentelemetry.io/otel"
)

// moduleRegistries are those of modules: they are the copy's own where their owner is moved
// as well, and once per process where it is shared.
func moduleRegistries() []Registry {
	return []Registry{
		{"protobuf registry", protoregistry, "file", Panics, `proto: file %q is already registered`, protoregistry + "/registry.go", fixed},
		{"gogo protobuf registry", gogoProto, "name", Overrides, "proto: duplicate proto type registered: %s, logged", gogoProto + "/properties.go", fixed},
		{"prometheus.DefaultRegisterer", promPackage, "metric", Panics, "duplicate metrics collector registration attempted", promPackage + "/registry.go", fixed},
		{"grpc codecs", grpcPackage + "/encoding", "name", Overrides, "the last codec registered counts", grpcPackage + "/encoding/encoding.go", fixed},
		{"grpc resolvers", grpcPackage + "/resolver", "scheme", Overrides, "the last resolver registered counts", grpcPackage + "/resolver/resolver.go", fixed},
		{"grpc balancers", grpcPackage + "/balancer", "name", Overrides, "the last balancer registered counts", grpcPackage + "/balancer/balancer.go", fixed},
		{"otel globals", otelPackage, "provider", Overrides, "the host's telemetry goes to the copy's provider", otelPackage + "/internal/global/state.go", fixed},
	}
}

// A single is state of a module's package that hosts set up for the whole process, which
// a copy has for itself.
type single struct {
	pkg, name string // name is declared in the package: where it is not, nothing is said
	says      string
}

// singles are what Splits stands for in modules.
func singles() []single {
	return []single{
		{promPackage, "DefaultRegisterer", "metrics that the plugin registers do not appear on the host's /metrics"},
		{otelPackage, "SetTracerProvider", "the plugin's spans and metrics go nowhere unless it sets providers itself: it does not see the host's"},
		{"go.opencensus.io/stats/view", "Register", "the plugin's views are not exported by the host's exporters"},
		{"k8s.io/klog/v2", "SetLogger", "the host's klog flags and logger do not count for the plugin's messages"},
		{"k8s.io/klog", "InitFlags", "the host's klog flags do not count for the plugin's messages"},
		{"github.com/golang/glog", "Flush", "the host's glog flags do not count for the plugin's messages"},
		{"github.com/sirupsen/logrus", "StandardLogger", "level, format and hooks that the host sets do not count for the plugin's messages"},
		{"github.com/rs/zerolog/log", "Logger", "the host's global logger is not the plugin's"},
		{"go.uber.org/zap", "ReplaceGlobals", "the plugin's zap.L() stays silent: it does not see the host's logger"},
		{"github.com/spf13/viper", "GetViper", "settings that the host read with viper are not there for the plugin"},
		{"github.com/spf13/pflag", "CommandLine", "flags that the plugin defines on pflag.CommandLine are not parsed by the host"},
		{"github.com/gin-gonic/gin", "SetMode", "the host's gin.SetMode does not count for the plugin"},
		{"github.com/hashicorp/go-metrics", "NewGlobal", "the plugin's metrics do not reach the host's global sink"},
		{"github.com/armon/go-metrics", "NewGlobal", "the plugin's metrics do not reach the host's global sink"},
		{"google.golang.org/grpc/grpclog", "SetLoggerV2", "the host's grpclog logger does not count for the plugin"},
		{"sigs.k8s.io/controller-runtime/pkg/log", "SetLogger", "the host's logger does not count for the plugin"},
		{"github.com/getsentry/sentry-go", "CurrentHub", "the plugin's events are dropped unless it calls sentry.Init itself"},
	}
}
