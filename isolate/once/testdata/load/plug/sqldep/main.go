package main

import (
	"database/sql"

	"example.com/load/dep/sqldep"
)

// Run is what the host calls. It opens by name as well.
func Run() string {
	db, err := sql.Open("sqldep/v1", "")
	if err != nil {
		return err.Error()
	}
	if other := db.Ping().Error(); other != sqldep.Check() {
		return "its own drivers are " + other + " and " + sqldep.Check()
	}
	return sqldep.Check()
}

func main() {}
