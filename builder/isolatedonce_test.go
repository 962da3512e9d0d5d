package builder_test

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/module"

	"github.com/plugtool/plugtool/builder"
)

// registers publishes a module whose package does something when it starts that a process
// has room for once.
func (b *bench) registers(path, imports, does string) {
	b.t.Helper()
	tree := filepath.Join(b.dir, "modules", filepath.FromSlash(path))
	b.write(filepath.Join(tree, "go.mod"), "module "+path+"\n\ngo 1.21\n")
	b.write(filepath.Join(tree, "once.go"), "package once\n\nimport (\n"+imports+")\n\n"+does)
	if err := publish(shared.proxy, module.Version{Path: path, Version: "v1.0.0"}, tree); err != nil {
		b.t.Fatal(err)
	}
}

// TestIsolatedBesideOthers has hosts with one module that registers something, and plugins
// with another one that registers the same: nothing of the host's tells by its name.
func TestIsolatedBesideOthers(t *testing.T) {
	const (
		sql   = "\t\"database/sql\"\n\t\"database/sql/driver\"\n"
		drive = "type none struct{}\n\nfunc (none) Open(string) (driver.Conn, error) { return nil, driver.ErrBadConn }\n\nfunc init() { sql.Register(\"sqlite\", none{}) }\n"
		zip   = "\t\"archive/zip\"\n"
		zips  = "func init() { zip.RegisterCompressor(99, nil) }\n"
	)
	for _, c := range []struct {
		name, imports, does string
		theirs, ours, rules string
		both                bool // the plugin has theirs, too, and shares it
	}{
		{"a driver that is known to be the host's", sql, drive, "github.com/glebarez/go-sqlite", "example.com/litedriver", "all", false},
		{"what both share does so", zip, zips, "example.com/theirzips", "example.com/ourzips", "all,!example.com/theirzips", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newIsolated(t, "v1.0.0", "v1.2.0")
			b.env = append(slices.Clone(b.env), "GONOSUMDB=*")
			b.registers(c.theirs, c.imports, c.does)
			b.registers(c.ours, c.imports, c.does)
			b.write(filepath.Join(b.host, "once.go"), "package main\n\nimport _ \""+c.theirs+"\"\n")
			own := "package main\n\nimport (\n\t\"database/sql\"\n\n\t_ \"" + c.ours + "\"\n"
			if c.both {
				own += "\t_ \"" + c.theirs + "\"\n"
			}
			// What its user names: so the driver's name cannot change.
			b.write(filepath.Join(b.plugin, "once.go"), own+")\n\nfunc Open(driver string) (*sql.DB, error) { return sql.Open(driver, \"\") }\n")
			b.sums(b.host)
			b.sums(b.plugin)
			b.buildApp("-trimpath")
			opts := b.options()
			opts.Isolate = c.rules
			_, err := b.build(opts)
			if noFit, ok := errors.AsType[*builder.NoFitError](err); !ok || !strings.Contains(noFit.Error(), "the host's "+c.theirs+" does so too") {
				t.Errorf("built next to what registers the same: %v", err)
			}
		})
	}
}
