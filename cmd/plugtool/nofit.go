package main

import (
	"errors"

	"github.com/plugtool/plugtool/builder"
	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/signer/bundle"
)

// openBuildHost opens a host that is to be built for. Where the file is surely no
// program into which plugins could be loaded, the error is a [*builder.NoFitError].
func openBuildHost(file string, keys []*bundle.PublicKey, attested readHosts) (*inspector.Host, error) {
	h, err := attested.open(file, keys)
	var not *inspector.NotHostError
	if !errors.As(err, &not) {
		return h, err
	}
	return nil, &builder.NoFitError{Host: file, Reason: not.Reason,
		Fix: []string{builder.WhatHostsAre}}
}
