package main

// A subject is a module in two versions, and code that shows which one runs.
type subject struct {
	name      string // of the case
	module    string
	host      string // the version in the host
	plugin    string // the version in the plugin
	imports   string // import declarations, one a line
	function  string // an expression for a function of the module, whose file tells the version
	use       string // an expression of type string or error that uses the module
	refused   string // part of the true reason for which it is refused; "" where it has to load
	knownPart string // part of what use gives
}

// subjects are widely used modules, from those that come apart by themselves to those
// that register in what exists once per process.
func subjects() []subject {
	return []subject{
		{name: "gin", module: "github.com/gin-gonic/gin", host: "v1.9.1", plugin: "v1.10.0", imports: `"github.com/gin-gonic/gin"`, function: "gin.New", use: `fmt.Sprint(len(gin.New().Routes()))`, knownPart: "0"},
		{name: "prometheus", module: "github.com/prometheus/client_golang", host: "v1.17.0", plugin: "v1.20.5", imports: `"github.com/prometheus/client_golang/prometheus"`, function: "prometheus.NewRegistry", use: `fmt.Sprint(prometheus.Register(prometheus.NewCounter(prometheus.CounterOpts{Name: "sweep"})))`, knownPart: "<nil>"},
		{name: "compress", module: "github.com/klauspost/compress", host: "v1.16.0", plugin: "v1.17.11", imports: `"github.com/klauspost/compress/zstd"`, function: "zstd.NewWriter", use: `func() string { e, err := zstd.NewWriter(nil); return fmt.Sprint(len(e.EncodeAll([]byte("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"), nil)) > 0, err) }()`, knownPart: "true <nil>"},
		{name: "pgx", module: "github.com/jackc/pgx/v5", host: "v5.4.3", plugin: "v5.7.1", imports: "\"github.com/jackc/pgx/v5\"\n_ \"github.com/jackc/pgx/v5/stdlib\"", function: "pgx.ParseConfig", use: `func() string { c, err := pgx.ParseConfig("postgres://u@h/db"); return fmt.Sprint(c.Host, err) }()`, knownPart: "h<nil>"},
		{name: "viper", module: "github.com/spf13/viper", host: "v1.17.0", plugin: "v1.19.0", imports: `"github.com/spf13/viper"`, function: "viper.New", use: `func() string { v := viper.New(); v.Set("a", 7); return v.GetString("a") }()`, knownPart: "7"},
		{name: "minio", module: "github.com/minio/minio-go/v7", host: "v7.0.63", plugin: "v7.0.77", imports: `"github.com/minio/minio-go/v7"`, function: "minio.New", use: `func() string { c, err := minio.New("localhost:9000", &minio.Options{}); return fmt.Sprint(c.EndpointURL().Host, err) }()`, knownPart: "localhost:9000"},
		{name: "grpc", module: "google.golang.org/grpc", host: "v1.60.0", plugin: "v1.67.1", imports: `"google.golang.org/grpc"`, function: "grpc.NewServer", use: `fmt.Sprint(len(grpc.NewServer().GetServiceInfo()), grpc.Version)`, knownPart: "01.67.1"},
		{name: "badger", module: "github.com/dgraph-io/badger/v4", host: "v4.2.0", plugin: "v4.3.1", imports: `"github.com/dgraph-io/badger/v4"`, function: "badger.DefaultOptions", use: `func() string { db, err := badger.Open(badger.DefaultOptions("").WithInMemory(true).WithLogger(nil)); if err == nil { err = db.Close() }; return fmt.Sprint(err) }()`, knownPart: "<nil>"},
		{name: "x/net/trace", module: "golang.org/x/net", host: "v0.20.0", plugin: "v0.30.0", imports: `"golang.org/x/net/trace"`, function: "trace.New", use: `func() string { t := trace.New("a", "b"); t.Finish(); return "traced" }()`, knownPart: "traced"},
		{name: "protobuf", module: "google.golang.org/protobuf", host: "v1.31.0", plugin: "v1.35.1", imports: `"google.golang.org/protobuf/types/known/structpb"`, function: "structpb.NewStruct", use: `func() string { s, err := structpb.NewStruct(map[string]any{"a": "b"}); return fmt.Sprint(s.Fields["a"].GetStringValue(), err) }()`, knownPart: "b<nil>"},
		{name: "zap", module: "go.uber.org/zap", host: "v1.24.0", plugin: "v1.27.0", imports: `"go.uber.org/zap"`, function: "zap.NewNop", use: `func() string { zap.NewNop().Info("x"); return "logged" }()`, knownPart: "logged"},
		{name: "logrus", module: "github.com/sirupsen/logrus", host: "v1.8.1", plugin: "v1.9.3", imports: `"github.com/sirupsen/logrus"`, function: "logrus.New", use: `logrus.InfoLevel.String()`, knownPart: "info"},
		{name: "cobra", module: "github.com/spf13/cobra", host: "v1.7.0", plugin: "v1.8.1", imports: `"github.com/spf13/cobra"`, function: "cobra.NoArgs", use: `(&cobra.Command{Use: "x"}).Name()`, knownPart: "x"},
		{name: "go-sqlite3", module: "github.com/mattn/go-sqlite3", host: "v1.14.17", plugin: "v1.14.24", imports: `sqlite3 "github.com/mattn/go-sqlite3"`, function: "sqlite3.Version", use: `func() string { v, _, _ := sqlite3.Version(); return v }()`, knownPart: "3.46"},
		{name: "uuid", module: "github.com/google/uuid", host: "v1.3.0", plugin: "v1.6.0", imports: `"github.com/google/uuid"`, function: "uuid.Parse", use: `func() string { u, err := uuid.Parse("f47ac10b-58cc-0372-8567-0e02b2c3d479"); return fmt.Sprint(u.Version(), err) }()`, knownPart: "VERSION_0 <nil>"},
		{name: "chi", module: "github.com/go-chi/chi/v5", host: "v5.0.8", plugin: "v5.1.0", imports: `"github.com/go-chi/chi/v5"`, function: "chi.NewRouter", use: `fmt.Sprint(len(chi.NewRouter().Routes()))`, knownPart: "0"},
		{name: "echo", module: "github.com/labstack/echo/v4", host: "v4.11.0", plugin: "v4.12.0", imports: `"github.com/labstack/echo/v4"`, function: "echo.New", use: `echo.Version`, knownPart: "4.12.0"},
		{name: "go-redis", module: "github.com/redis/go-redis/v9", host: "v9.2.0", plugin: "v9.7.0", imports: `"github.com/redis/go-redis/v9"`, function: "redis.NewClient", use: `redis.NewClient(&redis.Options{Addr: "h:1"}).Options().Addr`, knownPart: "h:1"},
		{name: "gorm", module: "gorm.io/gorm", host: "v1.25.0", plugin: "v1.25.12", imports: `"gorm.io/gorm"`, function: "gorm.Open", use: `gorm.ErrRecordNotFound.Error()`, knownPart: "record not found"},
		{name: "nats", module: "github.com/nats-io/nats.go", host: "v1.30.0", plugin: "v1.37.0", imports: `"github.com/nats-io/nats.go"`, function: "nats.NewInbox", use: `nats.Version`, knownPart: "1.37.0"},
		{name: "lib/pq", module: "github.com/lib/pq", host: "v1.10.7", plugin: "v1.10.9", imports: `"github.com/lib/pq"`, function: "pq.QuoteIdentifier", use: `pq.QuoteIdentifier("a")`, knownPart: `"a"`},
		{name: "mysql", module: "github.com/go-sql-driver/mysql", host: "v1.7.0", plugin: "v1.8.1", imports: `"github.com/go-sql-driver/mysql"`, function: "mysql.ParseDSN", use: `func() string { c, err := mysql.ParseDSN("u@tcp(h:1)/db"); return fmt.Sprint(c.DBName, err) }()`, knownPart: "db<nil>"},
		{name: "OpenTelemetry", module: "go.opentelemetry.io/otel", host: "v1.20.0", plugin: "v1.31.0", imports: `"go.opentelemetry.io/otel"`, function: "otel.Version", use: `otel.Version()`, knownPart: "1.31.0"},
		{name: "testify", module: "github.com/stretchr/testify", host: "v1.8.0", plugin: "v1.9.0", imports: `"github.com/stretchr/testify/assert"`, function: "assert.ObjectsAreEqual", use: `fmt.Sprint(assert.ObjectsAreEqual(1, 1))`, knownPart: "true"},
		{name: "glog", module: "github.com/golang/glog", host: "v1.1.0", plugin: "v1.2.3", imports: `"github.com/golang/glog"`, function: "glog.Infof", use: `func() string { glog.Infof("x"); return "logged" }()`, knownPart: "logged"},
	}
}
