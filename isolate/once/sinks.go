package once

import "strings"

// A sink is a function that changes a registry when it is called.
type sink struct {
	registry string
	key      int    // which argument is the key; noKey for none
	fixed    string // the key where no argument is
	recv     string // the package variable that the method has to be called on; any where empty
	special  special
}

const noKey = -1

// special says how the key of a sink is found that is not a constant argument.
type special int

const (
	plain       special = iota
	gobType             // the type of the first argument
	protoFile           // the raw descriptor in the receiver's literal
	unlessQuery         // nothing happens for an argument below one
)

// functions are sinks by full name, and lookups those that ask a registry by key.
func functions() (sinks, lookups map[string]sink) {
	sinks, lookups = map[string]sink{}, map[string]sink{}
	add := func(s sink, pkg string, names string) {
		for name := range strings.FieldsSeq(names) {
			sinks[pkg+"."+name] = s
		}
	}
	addRegistering(add)
	addSettings(add)
	addModules(add)
	addFlags(sinks, lookups)
	lookups["expvar.Get"] = sink{registry: "expvar"}
	lookups["database/sql.Open"] = sink{registry: "database/sql drivers"}
	lookups["runtime/pprof.Lookup"] = sink{registry: "runtime/pprof profiles"}
	return sinks, lookups
}

func addRegistering(add func(s sink, pkg, names string)) {
	const mux, zip = "net/http.DefaultServeMux", "archive/zip"
	add(sink{registry: mux}, "net/http", "Handle HandleFunc")
	add(sink{registry: mux, recv: mux}, "(*net/http.ServeMux)", "Handle HandleFunc")
	add(sink{registry: mux, key: noKey, fixed: "/_goRPC_"}, "net/rpc", "HandleHTTP")
	add(sink{registry: mux}, "(*net/rpc.Server)", "HandleHTTP")
	add(sink{registry: "expvar"}, "expvar", "Publish NewInt NewFloat NewMap NewString")
	add(sink{registry: "database/sql drivers"}, "database/sql", "Register")
	add(sink{registry: "encoding/gob names"}, "encoding/gob", "RegisterName")
	add(sink{registry: "encoding/gob types", special: gobType}, "encoding/gob", "Register")
	add(sink{registry: "runtime/pprof profiles"}, "runtime/pprof", "NewProfile")
	add(sink{registry: "crypto/x509 fallback roots", key: noKey}, "crypto/x509", "SetFallbackRoots")
	add(sink{registry: zip + " compressors"}, zip, "RegisterCompressor")
	add(sink{registry: zip + " decompressors"}, zip, "RegisterDecompressor")
	add(sink{registry: "net/http.DefaultTransport protocols", recv: "net/http.DefaultTransport"}, "(*net/http.Transport)", "RegisterProtocol")
	add(sink{registry: "net/rpc.DefaultServer", special: gobType}, "net/rpc", "Register")
	add(sink{registry: "net/rpc.DefaultServer"}, "net/rpc", "RegisterName")
	add(sink{registry: "image formats"}, "image", "RegisterFormat")
	add(sink{registry: "mime types"}, "mime", "AddExtensionType")
	add(sink{registry: "crypto hashes"}, "crypto", "RegisterHash")
}

func addSettings(add func(s sink, pkg, names string)) {
	setting := func(registry, pkg, names string) {
		for name := range strings.FieldsSeq(names) {
			add(sink{registry: registry, key: noKey, fixed: name}, pkg, name)
		}
	}
	setting("log.Default", "log", "SetOutput SetFlags SetPrefix")
	setting("log/slog.Default", "log/slog", "SetDefault SetLogLoggerLevel")
	setting("runtime settings", "runtime", "SetBlockProfileRate SetMutexProfileFraction SetCPUProfileRate SetCgoTraceback LockOSThread")
	setting("runtime settings", "runtime/debug", "SetGCPercent SetMaxStack SetMaxThreads SetMemoryLimit SetTraceback SetCrashOutput")
	add(sink{registry: "runtime settings", key: noKey, fixed: "GOMAXPROCS", special: unlessQuery}, "runtime", "GOMAXPROCS")
	for _, pkg := range []string{"syscall", "golang.org/x/sys/unix"} {
		setting("process limits", pkg, "Setrlimit Umask Setuid Setgid Setpgid Prctl Mlockall")
		add(sink{registry: "environment"}, pkg, "Setenv Unsetenv")
		add(sink{registry: "working directory"}, pkg, "Chdir")
	}
	add(sink{registry: "os/signal", key: noKey}, "os/signal", "Notify NotifyContext")
	add(sink{registry: "os/signal dispositions", key: noKey}, "os/signal", "Ignore Reset")
	add(sink{registry: "math/rand seed", key: noKey}, "math/rand", "Seed")
	add(sink{registry: "flag.Parse", key: noKey}, "flag", "Parse")
	add(sink{registry: "environment"}, "os", "Setenv Unsetenv")
	add(sink{registry: "environment", key: noKey}, "os", "Clearenv")
	add(sink{registry: "working directory"}, "os", "Chdir")
	add(sink{registry: "sockets", key: 1}, "net", "Listen ListenPacket Dial DialTimeout")
	add(sink{registry: "sockets", key: noKey}, "net", "ListenTCP ListenUDP ListenUnix ListenIP ListenMulticastUDP DialTCP DialUDP DialUnix")
	add(sink{registry: "sockets"}, "net/http", "ListenAndServe ListenAndServeTLS Get Head Post PostForm")
	add(sink{registry: "files"}, "os", "Create OpenFile WriteFile Mkdir MkdirAll Remove RemoveAll Rename")
	add(sink{registry: "files", key: noKey}, "os", "CreateTemp MkdirTemp")
}

func addModules(add func(s sink, pkg, names string)) {
	const pb, prom = "protobuf registry", "prometheus.DefaultRegisterer"
	add(sink{registry: pb, key: noKey, special: protoFile}, "(google.golang.org/protobuf/internal/filetype.Builder)", "Build")
	add(sink{registry: pb, key: noKey, recv: protoregistry + ".GlobalFiles"}, "(*"+protoregistry+".Files)", "RegisterFile")
	add(sink{registry: pb, key: noKey, recv: protoregistry + ".GlobalTypes"}, "(*"+protoregistry+".Types)", "RegisterMessage RegisterEnum RegisterExtension")
	add(sink{registry: pb}, golangProto, "RegisterFile RegisterEnum")
	add(sink{registry: pb, key: 1}, golangProto, "RegisterType")
	add(sink{registry: "gogo protobuf registry"}, gogoProto, "RegisterFile RegisterEnum")
	add(sink{registry: "gogo protobuf registry", key: 1}, gogoProto, "RegisterType RegisterMapType")
	add(sink{registry: prom, key: noKey}, promPackage, "MustRegister Register")
	add(sink{registry: prom, key: noKey, recv: promPackage + ".DefaultRegisterer"}, "("+promPackage+".Registerer)", "MustRegister Register")
	add(sink{registry: prom, key: noKey}, promPackage+"/promauto", `NewCounter NewCounterVec NewCounterFunc NewGauge NewGaugeVec
		NewGaugeFunc NewSummary NewSummaryVec NewHistogram NewHistogramVec NewUntypedFunc`)
	add(sink{registry: "grpc codecs", key: noKey}, grpcPackage+"/encoding", "RegisterCodec RegisterCodecV2 RegisterCompressor")
	add(sink{registry: "grpc resolvers", key: noKey}, grpcPackage+"/resolver", "Register SetDefaultScheme")
	add(sink{registry: "grpc balancers", key: noKey}, grpcPackage+"/balancer", "Register")
	for name := range strings.FieldsSeq("SetTracerProvider SetMeterProvider SetTextMapPropagator SetErrorHandler SetLogger") {
		add(sink{registry: "otel globals", key: noKey, fixed: name}, otelPackage, name)
	}
}

// addFlags adds package flag's functions, and the methods of flag.CommandLine that are
// the same.
func addFlags(sinks, lookups map[string]sink) {
	const registry = "flag.CommandLine"
	both := func(to map[string]sink, name string, key int) {
		to["flag."+name] = sink{registry: registry, key: key}
		to["(*flag.FlagSet)."+name] = sink{registry: registry, key: key, recv: registry}
	}
	for name := range strings.FieldsSeq("Bool Int Int64 Uint Uint64 String Float64 Duration Func BoolFunc") {
		both(sinks, name, 0)
	}
	for name := range strings.FieldsSeq("BoolVar IntVar Int64Var UintVar Uint64Var StringVar Float64Var DurationVar TextVar Var") {
		both(sinks, name, 1)
	}
	both(lookups, "Lookup", 0)
	both(lookups, "Set", 0)
}
