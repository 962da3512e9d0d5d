package builder

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/plugtool/plugtool/inspector"
)

// offerOutput gives the go command the output that is there already: it links
// nothing where that is up to date. What is going to be signed is always linked
// anew, since an output is no proof of where it came from. The result is nil where
// nothing was offered.
func (r *run) offerOutput(file string) (offered fs.FileInfo, err error) {
	if r.opts.signs() {
		return nil, nil
	}
	in, err := os.Open(r.opts.Output)
	if err != nil {
		return nil, nil // what cannot be read is of no use to the go command
	}
	defer in.Close()
	var magic [4]byte
	fi, err := in.Stat()
	if err != nil || !fi.Mode().IsRegular() {
		return nil, nil
	}
	if _, err := in.ReadAt(magic[:], 0); err != nil || string(magic[:]) != "\x7fELF" {
		return nil, nil // the go command refuses to overwrite what is no object
	}
	if !linkRegular(r.opts.Output, file) {
		if err := copyTo(file, in, fi.Mode().Perm()); err != nil {
			return nil, err
		}
	}
	return os.Lstat(file)
}

// signs says whether something is going to be signed.
func (o Options) signs() bool { return len(o.Seals) > 0 }

// linkRegular makes file a second name of the output, if that is possible. The go
// command never writes into such a file: it renames another over the name, or removes
// the name first (cmd/go/internal/work, moveOrCopyFile). Through a symbolic link it
// would write, so none is made.
func linkRegular(output, file string) bool {
	if os.Link(output, file) != nil {
		return false
	}
	fi, err := os.Lstat(file)
	if err == nil && fi.Mode().IsRegular() {
		return true
	}
	_ = os.Remove(file)
	return false
}

func copyTo(file string, in io.Reader, perm fs.FileMode) error {
	out, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, perm|0o200)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// untouched says whether the go command left the offered output as it was, but for
// its time of change, which it brings up to date.
func (a *attempt) untouched() bool {
	if a.offered == nil {
		return false
	}
	now, err := os.Lstat(a.file)
	return err == nil && os.SameFile(a.offered, now) && a.offered.Size() == now.Size()
}

// verdictAlone says that nothing rests on the bytes of what was built but the verdict: it
// is the output that was there already, by another name, and it is neither signed nor
// described nor compared.
func (r *run) verdictAlone(a *attempt) bool {
	if r.opts.signs() || len(r.opts.Documents) > 0 || r.opts.CheckReproducible || r.opts.program != nil || !a.untouched() {
		return false
	}
	there, err := os.Lstat(r.opts.Output)
	return err == nil && os.SameFile(a.offered, there)
}

// judgeMapped judges an output that is up to date without reading all of it, and says
// whether that was enough: what is wrong with a plugin is told of one that was read.
func (r *run) judgeMapped(a *attempt) (done bool, err error) {
	a.plugin = inspector.MapPlugin(a.file)
	if err := a.plugin.Err; err != nil {
		return false, a.plugin.Close()
	}
	a.plugin.File, a.plugin.Path = r.opts.Output, r.opts.Output
	err = r.checkAndJudge(a)
	if closed := a.plugin.Close(); closed != nil {
		return false, closed
	}
	return err == nil && a.verdict.Worst() == inspector.Loads && a.broken() == "", nil
}

// unchanged says whether the output is what this build would put there.
func (r *run) unchanged(a *attempt) bool {
	other := a.output != r.opts.Output // it was built, and offered, for another output
	if other && r.opts.signs() || !other && !a.untouched() {
		return false
	}
	there, err := os.Stat(r.opts.Output)
	if err != nil || !there.Mode().IsRegular() {
		return false
	}
	if built, err := os.Stat(a.file); err == nil && os.SameFile(built, there) {
		return true
	}
	if a.data == nil { // another build has replaced the output since
		return false
	}
	data, err := readOptional(r.opts.Output)
	return err == nil && bytes.Equal(data, a.data)
}

// touch gives an output that is up to date the time of this build, as go build does,
// for those who compare times. It may be another's file, which is no harm.
func touch(output string) {
	now := time.Now()
	_ = os.Chtimes(output, now, now)
}
