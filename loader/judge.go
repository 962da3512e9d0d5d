package loader

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/signer/bundle"
)

// judged is a plugin's bytes and what was found out about them.
type judged struct {
	Checked
	path    string // as it was asked for, from the root
	real    string // the file's real path, to know it again
	data    []byte
	digests *bundle.Digests
	digest  [sha256.Size]byte
	facts   *inspector.Plugin // nil until something asks for them
	before  *attempt          // the same bytes, handed to package plugin earlier
	info    fs.FileInfo       // of the file that was read
}

// judge does everything that comes before opening. The result is never nil.
func (p *process) judge(ctx context.Context, r *rules, c candidate) (*judged, error) {
	j, err := p.admit(ctx, r, c)
	// A legitimate build may have replaced the plugin after its bytes were read and
	// before its signature was: then the file is another one now.
	const tries = 10
	for try := 1; try < tries && isRefusal(err) && j.replaced(c); try++ {
		j, err = p.admit(ctx, r, c)
	}
	if err != nil {
		return j, err
	}
	return j, r.step(StageVerdict, j, func() error { return p.decide(ctx, r, j) })
}

func isRefusal(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Class == ClassSignature
}

// admit reads a candidate and asks what the policy says of it.
func (p *process) admit(ctx context.Context, r *rules, c candidate) (*judged, error) {
	j := &judged{Checked: Checked{File: c.file}}
	if err := r.step(StageRead, j, func() error { return j.read(ctx, r, c) }); err != nil {
		return j, err
	}
	return j, r.step(StageSignature, j, func() error { return p.verify(r, j, c) })
}

func (r *rules) step(stage Stage, j *judged, do func() error) error {
	began := time.Now()
	err := do()
	r.tell(stage, j, began, err)
	return err
}

func (j *judged) read(ctx context.Context, r *rules, c candidate) error {
	data, info, err := c.read(ctx, r.MaxSize)
	if err != nil {
		return &Error{Class: ClassIO, File: c.file, Err: err}
	}
	if j.path, err = filepath.Abs(c.file); err != nil {
		j.path = c.file
	}
	if j.real, err = filepath.EvalSymlinks(j.path); err != nil {
		j.real = j.path // gone since; its bytes are here all the same
	}
	j.data, j.info, j.digests = data, info, bundle.NewDigests(data)
	j.digest = j.digests.SHA256()
	j.SHA256 = hex.EncodeToString(j.digest[:])
	return nil
}

// replaced says whether the candidate's name leads to another file than was read.
func (j *judged) replaced(c candidate) bool {
	now, err := c.stat()
	return err == nil && (!os.SameFile(j.info, now) || j.info.Size() != now.Size() || !j.info.ModTime().Equal(now.ModTime()))
}

// readFacts gives what is in the plugin's bytes.
func (j *judged) readFacts() *inspector.Plugin {
	if j.facts == nil {
		j.facts = inspector.NewPlugin(j.File, j.data)
	}
	return j.facts
}

// build gives the plugin's main package and its module's version, as it was built.
func (j *judged) build() (mainPackage, version string) {
	if b := j.readFacts().Binary; b != nil {
		return b.Path, b.Main.Version
	}
	return "", ""
}
