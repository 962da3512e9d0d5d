package main

import (
	"errors"
	"fmt"

	"github.com/plugtool/plugtool/builder"
)

// The exit codes, the same in every format.
const (
	exitOK        = 0
	exitFailure   = 1 // plugtool could not do its work
	exitUsage     = 2 // wrong usage or configuration
	exitRefused   = 3 // a plugin would not load, or a finding is an error
	exitUntrusted = 4 // a required signature is missing, invalid or by a stranger
)

// A failure is an error that knows its exit code and what to do about it.
type failure struct {
	code  int
	err   error // nil where the report has said everything
	hints []string
}

func (f *failure) Error() string {
	if f.err == nil {
		return fmt.Sprintf("exit code %d", f.code)
	}
	return f.err.Error()
}

func (f *failure) Unwrap() error { return f.err }

// usageError makes an error one of wrong usage; the hint may be empty.
func usageError(err error, hint string) error {
	f := &failure{code: exitUsage, err: err}
	if hint != "" {
		f.hints = []string{hint}
	}
	return f
}

func usagef(hint, format string, args ...any) error {
	return usageError(fmt.Errorf(format, args...), hint)
}

// told is a failure that the report has explained already; it is none where
// the code is 0.
func told(code int) error {
	if code == exitOK {
		return nil
	}
	return &failure{code: code}
}

// asFailure gives any error an exit code, and the hints that it brings along.
// What none of the rooms calls by a name of its own is a failure to do the
// work.
func asFailure(err error) *failure {
	var f *failure
	if errors.As(err, &f) {
		return f
	}
	f = &failure{code: exitFailure, err: err}
	var noFit *builder.NoFitError
	var differs *builder.NotReproducibleError
	var usage *builder.UsageError
	var sum *builder.SumError
	var goErr *builder.GoError
	switch {
	case errors.As(err, &noFit), errors.As(err, &differs), errors.As(err, &sum):
		f.code = exitRefused
	case errors.As(err, &usage), errors.As(err, &goErr) && goErr.Misconfigured():
		f.code = exitUsage
	}
	var hinted interface{ Hints() []string }
	if errors.As(err, &hinted) {
		f.hints = hinted.Hints()
	}
	return f
}
