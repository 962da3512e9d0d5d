// Package loader opens Go plugins that were checked first.
//
// [Open] reads a plugin's bytes once. Over exactly those bytes it verifies the
// signature and asks [inspector.Check] whether the running executable can load
// them, after the plugins that this process has opened already. Only then it
// writes the bytes to a private folder and has package plugin open that copy.
// Whoever renames, overwrites or links the original in the meantime changes
// nothing about what is loaded.
//
// What is not defended: a plugin's init functions run when it is opened, with
// all the rights of the process; C libraries that a plugin needs are found by
// the dynamic linker and are not signed; and plugins that the process opens
// with plugin.Open, past this package, are not known here. A C library that a
// plugin looks for beside itself ($ORIGIN) is not found, since the copy lies
// elsewhere.
//
// Linux is what can be loaded on; elsewhere the package compiles, and Open
// returns an error.
package loader

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"time"

	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/signer/bundle"
)

// DefaultMaxSize is the largest plugin in bytes that is read where a policy
// names no other limit.
const DefaultMaxSize = 256 << 20

// A Policy says what a plugin must fulfil before it is opened. The zero Policy
// refuses everything.
type Policy struct {
	// Keys are PEM public keys. A plugin must have a message signature by any
	// one of them, in a bundle beside it (NAME.so.sigstore.json).
	Keys []string

	// AllowUnsigned opens plugins without asking for a signature. It is for
	// development, and excludes Keys.
	AllowUnsigned bool

	// MaxSize is the largest plugin that is read, in bytes; 0 means
	// DefaultMaxSize.
	MaxSize int64

	// Dir is where the private folders for the copies are made; "" means
	// os.TempDir(). It must not be mounted noexec, and nobody but root and the
	// process's own user may be able to rename what is in it.
	Dir string

	// Observe, where set, is told of each step as it ends. It is called in the
	// goroutine that called Open and must not call this package.
	Observe func(Event)
}

// An Event is one step that ended, well or badly.
type Event struct {
	Stage   Stage
	File    string        // as given to Open
	SHA256  string        // of the plugin's bytes; "" where they were not read
	Size    int64         // of the plugin, in bytes
	Elapsed time.Duration // of this step alone
	Err     error         // why the plugin is refused; nil where the step went well
}

// A Stage is a step on the way to an open plugin.
type Stage string

const (
	StageRead      Stage = "read"
	StageSignature Stage = "signature"
	StageVerdict   Stage = "verdict"
	StageOpen      Stage = "open" // copy, dlopen and the plugin's init
)

// Checked is what was found out about a plugin's bytes.
type Checked struct {
	File      string                  // as it was asked for
	SHA256    string                  // of the bytes, in hexadecimal
	Signature bundle.Result           // who signed them, under the policy of the call
	Verdict   inspector.PluginVerdict // with warnings, if there are any
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
	if err := opened.wait(ctx, path); err != nil {
		return &Checked{File: path}, err
	}
	defer opened.done()
	j, err := opened.judge(ctx, rules, candidate{file: path})
	return &j.Checked, err
}

// rules is a policy whose keys were parsed.
type rules struct {
	Policy
	keys []*bundle.PublicKey
}

func newRules(file string, policy Policy) (*rules, error) {
	refuse := func(format string, args ...any) (*rules, error) {
		return nil, &Error{Class: ClassPolicy, File: file, Err: fmt.Errorf(format, args...)}
	}
	r := &rules{Policy: policy}
	if r.MaxSize == 0 {
		r.MaxSize = DefaultMaxSize
	}
	switch {
	case r.MaxSize < 0:
		return refuse("policy: largest size is %d bytes, want more than 0", r.MaxSize)
	case len(r.Keys) == 0 && !r.AllowUnsigned:
		return refuse("policy: it names no key, so no plugin can fulfil it; set Keys, or AllowUnsigned during development")
	case len(r.Keys) > 0 && r.AllowUnsigned:
		return refuse("policy: it names %d keys and allows unsigned plugins; set one of the two", len(r.Keys))
	}
	for i, pem := range r.Keys {
		key, err := bundle.ParsePublicKey([]byte(pem))
		if err != nil {
			return refuse("policy: key %d of %d: %w", i+1, len(r.Keys), err)
		}
		r.keys = append(r.keys, key)
	}
	return r, nil
}

func (r *rules) tell(stage Stage, j *judged, began time.Time, err error) {
	if r.Observe != nil {
		r.Observe(Event{Stage: stage, File: j.File, SHA256: j.SHA256, Size: int64(len(j.data)), Elapsed: time.Since(began), Err: err})
	}
}

// judged is a plugin's bytes and what was found out about them.
type judged struct {
	Checked
	real   string // the file's real path, to know it again
	data   []byte
	digest [sha256.Size]byte
	facts  *inspector.Plugin // nil where before is set
	before *attempt          // the same bytes, handed to package plugin earlier
}

// judge does everything that comes before opening. The result is never nil.
func (p *process) judge(ctx context.Context, r *rules, c candidate) (*judged, error) {
	j := &judged{Checked: Checked{File: c.file}}
	step := func(stage Stage, do func() error) error {
		began := time.Now()
		err := do()
		r.tell(stage, j, began, err)
		return err
	}
	if err := step(StageRead, func() error { return j.read(ctx, r, c) }); err != nil {
		return j, err
	}
	if err := step(StageSignature, func() error { return j.verify(r) }); err != nil {
		return j, err
	}
	return j, step(StageVerdict, func() error { return p.decide(j) })
}

func (j *judged) read(ctx context.Context, r *rules, c candidate) error {
	data, err := c.read(ctx, r.MaxSize)
	if err != nil {
		return &Error{Class: ClassIO, File: c.file, Err: err}
	}
	if j.real, err = filepath.EvalSymlinks(c.file); err != nil {
		j.real = c.file // gone since; its bytes are here all the same
	}
	if abs, err := filepath.Abs(j.real); err == nil {
		j.real = abs
	}
	j.data, j.digest = data, sha256.Sum256(data)
	j.SHA256 = hex.EncodeToString(j.digest[:])
	return nil
}

func (j *judged) verify(r *rules) error {
	j.Signature = bundle.Check(j.File, j.data, "", bundle.Trust{Keys: r.keys})
	if r.AllowUnsigned || j.Signature.Status == bundle.Verified {
		return nil
	}
	return &Error{Class: ClassSignature, File: j.File, Signature: &j.Signature}
}
