//go:build sweep

package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestRaces runs build_race with fifty builds that race for one output.
func TestRaces(t *testing.T) {
	params := scriptParams(t, "")
	params.Files = []string{"testdata/script/build_race.txtar"}
	setup := params.Setup
	params.Setup = func(e *testscript.Env) error {
		err := setup(e)
		e.Setenv("RACES", "17")
		return err
	}
	testscript.Run(t, params)
}
