// Package sqldep registers drivers as pgx does.
package sqldep

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"slices"
)

// Version is what the copy changes.
const Version = "v1"

type drv struct{}

func (drv) Open(string) (driver.Conn, error) { return nil, errors.New(Version) }

func init() {
	if !slices.Contains(sql.Drivers(), "sqldep") {
		sql.Register("sqldep", drv{})
	}
}

func init() {
	for _, name := range []string{"sqldep/v1", "sqldep/latest"} {
		sql.Register(name, drv{})
	}
}

// Check opens a connection, whose error is the driver's.
func Check() string {
	db, err := sql.Open("sqldep", "")
	if err != nil {
		return err.Error()
	}
	return db.Ping().Error()
}
