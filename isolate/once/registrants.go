package once

// A registrant is a widely used package and the keys that it is known to register, so
// that a collision is seen where the host's source is not at hand.
type registrant struct {
	registry string
	keys     []string
	packages []string
}

// Registrants names packages of which it is known what they register. A host that has one
// does so whether or not the plugin has it too.
func Registrants() (packages []string) {
	for _, r := range registrants() {
		packages = append(packages, r.packages...)
	}
	return packages
}

func registrants() []registrant {
	const sql, mux, flags = "database/sql drivers", "net/http.DefaultServeMux", "flag.CommandLine"
	return []registrant{
		{sql, []string{"sqlite3"}, []string{"github.com/mattn/go-sqlite3", "github.com/ncruces/go-sqlite3/driver"}},
		{sql, []string{"sqlite"}, []string{"modernc.org/sqlite", "github.com/glebarez/go-sqlite"}},
		{sql, []string{"postgres"}, []string{"github.com/lib/pq"}},
		{sql, []string{"pgx"}, []string{"github.com/jackc/pgx/v4/stdlib", "github.com/jackc/pgx/v5/stdlib"}},
		{sql, []string{"mysql"}, []string{"github.com/go-sql-driver/mysql"}},
		{sql, []string{"mssql", "sqlserver"}, []string{"github.com/denisenkom/go-mssqldb", "github.com/microsoft/go-mssqldb"}},
		{sql, []string{"clickhouse"}, []string{"github.com/ClickHouse/clickhouse-go", "github.com/ClickHouse/clickhouse-go/v2"}},
		{mux, []string{"/debug/requests", "/debug/events"}, []string{"golang.org/x/net/trace"}},
		{mux, []string{"/debug/vars"}, []string{"expvar"}},
		{mux, []string{"/debug/pprof/", "/debug/pprof/cmdline", "/debug/pprof/profile", "/debug/pprof/symbol", "/debug/pprof/trace"}, []string{"net/http/pprof"}},
		{
			flags, []string{"logtostderr", "alsologtostderr", "stderrthreshold", "v", "vmodule", "log_dir", "log_backtrace_at"},
			[]string{"github.com/golang/glog"},
		},
		{flags, []string{"kubeconfig"}, []string{"sigs.k8s.io/controller-runtime/pkg/client/config"}},
	}
}
