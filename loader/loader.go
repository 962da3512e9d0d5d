// Package loader opens Go plugins that were checked first.
//
// [Open] reads a plugin's bytes once. Over exactly those bytes it verifies the
// signature, or whatever else a policy asks for, and asks [inspector.Check] whether
// the running executable can load them, after the plugins that this process has opened
// already. Only then it writes the bytes to a private folder and has package plugin
// open that copy. Whoever renames, overwrites or links the original in the meantime
// changes nothing about what is loaded.
//
// What is not defended: a plugin's init functions run when it is opened, with
// all the rights of the process, and can end it; C libraries that a plugin needs are
// found by the dynamic linker and are not signed. A C library that a plugin looks for
// beside itself ($ORIGIN) is not found, since the copy lies elsewhere.
//
// Linux is what can be loaded on; elsewhere the package compiles, and Open
// returns an error. docs/loader.md is the guide.
package loader

import (
	"context"

	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/signer/bundle"
)

// Checked is what was found out about a plugin's bytes.
type Checked struct {
	File      string                  // as it was asked for
	SHA256    string                  // of the bytes, in hexadecimal
	Signature bundle.Result           // who signed them, and the rule that decided, under the policy of the call
	Verdict   inspector.PluginVerdict // with warnings, if there are any
	Warnings  []string                // what of the policy still holds and will not for long
}

// Open checks the plugin at path against policy and the running executable,
// and opens it. An error is an [*Error]; nothing of the plugin has run unless
// its class is [ClassOpen] or [ClassInit].
//
// The same file with the same content opened again gives the plugin that is
// already open, provided that it fulfils the policy of this call too. Content
// whose init panicked is not tried again; the first error is returned.
//
// One plugin is opened at a time; ctx bounds the wait for that turn and the
// reading, and has no power over the plugin's init functions, which run in the
// calling goroutine. They must not call this package.
//
// A plugin that is replaced meanwhile by renaming, as `plugtool build` does it, is opened
// as it was before or as it is afterwards.
func Open(ctx context.Context, path string, policy Policy) (*Plugin, error) {
	rules, err := newRules(path, policy)
	if err != nil {
		return nil, err
	}
	return opened.open(ctx, rules, candidate{file: path})
}

// Check does what Open does, short of opening: the error is the one that Open
// would return before anything of the plugin ran. What was found out up to
// there is returned with it.
func Check(ctx context.Context, path string, policy Policy) (*Checked, error) {
	rules, err := newRules(path, policy)
	if err != nil {
		return &Checked{File: path}, err
	}
	j, err := opened.check(ctx, rules, candidate{file: path})
	return &j.Checked, err
}
