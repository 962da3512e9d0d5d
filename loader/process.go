package loader

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"plugin"
	"runtime/debug"
	"time"

	"github.com/plugtool/plugtool/inspector"
)

// opened is what this package has opened in this process. Go plugins cannot be
// closed and package plugin keeps one table for the whole process, so the
// record of it is the process's too: two records could each allow what
// together cannot load.
var opened = &process{turn: make(chan struct{}, 1)}

type process struct {
	turn     chan struct{}   // holds a token while somebody uses the fields below
	host     *inspector.Host // the running executable; opened at first use, never closed
	attempts []*attempt      // what package plugin was handed and has mapped, in order
	looked   map[string]bool // files that the dynamic linker has loaded and that were looked at
	copies   int             // private folders made, so that no path is ever used twice
}

// An attempt is a plugin that package plugin was handed.
type attempt struct {
	path    string // as it was asked for, from the root
	real    string
	digest  [sha256.Size]byte
	facts   *inspector.Plugin
	verdict inspector.PluginVerdict
	handle  *plugin.Plugin
	err     *Error // why it is not open, although it is mapped
	foreign bool   // the process opened it past this package: there are facts only
}

// wait waits for the turn of the caller, who must call done afterwards.
func (p *process) wait(ctx context.Context, file string) error {
	err := ctx.Err()
	if err == nil {
		select {
		case p.turn <- struct{}{}:
			return nil
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	return &Error{Class: ClassIO, File: file, Err: fmt.Errorf("waiting for other plugins to be opened: %w", err)}
}

func (p *process) done() { <-p.turn }

func (p *process) runningHost() (*inspector.Host, error) {
	if p.host == nil {
		host, err := inspector.RunningHost()
		if err != nil {
			return nil, fmt.Errorf("reading the running executable: %w", err)
		}
		p.host = host
	}
	return p.host, nil
}

// decide asks whether the running executable can load j after everything that
// it has loaded already.
func (p *process) decide(ctx context.Context, r *rules, j *judged) error {
	for _, a := range p.attempts {
		if !a.foreign && a.digest == j.digest && (a.err != nil || a.real == j.real || a.path == j.path) {
			j.before, j.Verdict = a, a.verdict
			if a.err != nil {
				return a.err
			}
			return nil
		}
	}
	host, err := p.runningHost()
	if err != nil {
		return &Error{Class: ClassIO, File: j.File, Err: err}
	}
	p.noteForeign(ctx, r, host)
	list, facts := p.facts(), j.readFacts()
	// The copy that will be opened lies in a new folder, where nothing is beside it.
	facts.Path = filepath.Join(r.copiesDir(), "plugtool-copy", filepath.Base(j.File))
	verdict, err := inspector.Check(host, append(list, facts))
	if err != nil {
		return &Error{Class: ClassIO, File: j.File, Err: fmt.Errorf("reading the running executable: %w", err)}
	}
	j.Verdict = verdict.Plugins[len(list)]
	if j.Verdict.Outcome != inspector.Loads {
		return &Error{Class: ClassVerdict, File: j.File, Verdict: &j.Verdict}
	}
	return nil
}

// check judges a candidate. The result is never nil.
func (p *process) check(ctx context.Context, r *rules, c candidate) (j *judged, err error) {
	began := time.Now()
	j = &judged{Checked: Checked{File: c.file}}
	defer func() { r.tell(StageEnd, j, began, err) }()
	if err := p.wait(ctx, c.file); err != nil {
		return j, err
	}
	defer p.done()
	return p.judge(ctx, r, c)
}

// open judges a candidate and opens what passed.
func (p *process) open(ctx context.Context, r *rules, c candidate) (opened *Plugin, err error) {
	began, j := time.Now(), &judged{Checked: Checked{File: c.file}}
	defer func() { r.tell(StageEnd, j, began, err) }()
	if err := p.wait(ctx, c.file); err != nil {
		return nil, err
	}
	defer p.done()
	if j, err = p.judge(ctx, r, c); err != nil {
		return nil, err
	}
	// What follows may not return: a plugin's init can end this goroutine.
	err = &Error{Class: ClassInit, File: c.file, Err: errors.New("its init ended the goroutine that opened it (runtime.Goexit)")}
	opened, err = p.openJudged(ctx, r, j)
	return opened, err
}

// openJudged opens what passed.
func (p *process) openJudged(ctx context.Context, r *rules, j *judged) (*Plugin, error) {
	a := j.before
	if a == nil {
		err := ctx.Err()
		if err != nil {
			return nil, &Error{Class: ClassIO, File: j.File, Err: err}
		}
		began := time.Now()
		a, err = p.load(r, j)
		r.tell(StageOpen, j, began, err)
		if err != nil {
			return nil, err
		}
	}
	symbols, _ := a.facts.Symbols() // they word errors and lists only; opening is done
	return &Plugin{Checked: j.Checked, Symbols: symbols, handle: a.handle}, nil
}

// load writes j's bytes to a private folder and opens them there. The folder
// goes as soon as package plugin is through with it: the mapping outlives it.
func (p *process) load(r *rules, j *judged) (*attempt, error) {
	p.copies++
	dir, err := makePrivateDir(r.copiesDir(), p.copies)
	if err != nil {
		return nil, &Error{Class: ClassIO, File: j.File, Err: err}
	}
	defer dir.remove()
	file, err := dir.write(filepath.Base(j.File), j.data)
	if err != nil {
		return nil, &Error{Class: ClassIO, File: j.File, Err: err}
	}

	// The record is made first, with an error that holds should the plugin's
	// init end this goroutine (runtime.Goexit) without a panic.
	a := &attempt{path: j.path, real: j.real, digest: j.digest, facts: j.facts, verdict: j.Verdict}
	a.facts.Path = file // what package plugin knows it by; the original may change
	a.err = &Error{Class: ClassInit, File: j.File, Err: fmt.Errorf("its init did not return when it was opened before; restart the process")}
	p.attempts = append(p.attempts, a)

	handle, openErr := pluginOpen(j.File, file)
	if openErr != nil && openErr.Class == ClassOpen && !dir.mapped() {
		// It never entered the process, so it stands in nobody's way.
		p.attempts = p.attempts[:len(p.attempts)-1]
		return nil, openErr
	}
	a.handle, a.err = handle, openErr
	a.facts = inspector.NewPlugin(j.File, keep(file, j.data))
	a.facts.Path = file
	if openErr != nil {
		return nil, openErr
	}
	return a, nil
}

// pluginOpen opens the copy of original; a panic in the plugin's init, which
// reaches the caller of plugin.Open, becomes an error.
func pluginOpen(original, file string) (handle *plugin.Plugin, failed *Error) {
	defer func() {
		if v := recover(); v != nil {
			failed = &Error{
				Class: ClassInit, File: original, Panic: v, Stack: string(debug.Stack()),
				Err: fmt.Errorf("its init panicked: %v; it cannot be opened again in this process", v),
			}
		}
	}()
	handle, err := plugin.Open(file)
	if err != nil {
		return nil, &Error{Class: ClassOpen, File: original, Err: explainOpen(err, file)}
	}
	return handle, nil
}
