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

// TestIsolatedBesideOtherDriver has a host with one module that registers a driver, and a
// plugin with another one that registers the same. The plugin has no package of the host's.
func TestIsolatedBesideOtherDriver(t *testing.T) {
	t.Parallel()
	b := newIsolated(t, "v1.0.0", "v1.2.0")
	b.env = append(slices.Clone(b.env), "GONOSUMDB=*")
	driver := func(path string) {
		tree := filepath.Join(b.dir, "modules", filepath.FromSlash(path))
		b.write(filepath.Join(tree, "go.mod"), "module "+path+"\n\ngo 1.21\n")
		b.write(filepath.Join(tree, "driver.go"), `package sqlite

import (
	"database/sql"
	"database/sql/driver"
)

type none struct{}

func (none) Open(string) (driver.Conn, error) { return nil, driver.ErrBadConn }

func init() { sql.Register("sqlite", none{}) }
`)
		if err := publish(shared.proxy, module.Version{Path: path, Version: "v1.0.0"}, tree); err != nil {
			t.Fatal(err)
		}
	}
	const theirs, ours = "github.com/glebarez/go-sqlite", "example.com/litedriver"
	driver(theirs)
	driver(ours)
	b.write(filepath.Join(b.host, "driver.go"), "package main\n\nimport _ \""+theirs+"\"\n")
	b.write(filepath.Join(b.plugin, "driver.go"), `package main

import (
	"database/sql"

	_ "`+ours+`"
)

// Open opens what its user names.
func Open(driver string) (*sql.DB, error) { return sql.Open(driver, "") }
`)
	b.sums(b.host)
	b.sums(b.plugin)
	b.buildApp("-trimpath")
	opts := b.options()
	opts.Isolate = "all"
	_, err := b.build(opts)
	if noFit, ok := errors.AsType[*builder.NoFitError](err); !ok || !strings.Contains(noFit.Error(), "the host's "+theirs+" does so too") {
		t.Errorf("built next to another driver of that name: %v", err)
	}
}
