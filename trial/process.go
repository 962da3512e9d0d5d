package trial

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// A Process says how to start a program.
type Process struct {
	Command []string // program and arguments, an emulator's before the program's own
	Dir     string
	Env     []string      // complete; see CleanEnv
	Timeout time.Duration // for opening one plugin; more than 0
}

// patience is how long a process that was asked to say what it is doing may take for
// that, and how long whoever holds its output may keep it open.
const patience = 2 * time.Second

// Open has a host that answers open plugins, in order in one process, and look
// symbols up in each. The result has an element for each plugin. The error is of
// starting the process, or the context's.
func (c Process) Open(ctx context.Context, plugins, symbols []string) ([]Happened, error) {
	names := named(plugins)
	p := &progress{symbols: symbols}
	for _, name := range names {
		p.files = append(p.files, string([]rune(name))) // as JSON has it
	}
	args := slices.Concat(c.Command, []string{Protocol, "3"})
	for _, s := range symbols {
		args = append(args, "-symbol="+s)
	}
	run := &Run{Command: append(args, names...), Plugins: plugins}
	if err := c.start(ctx, run, p); err != nil {
		return nil, err
	}
	run.Answered = p.ready
	list := p.list
	if len(list) < len(plugins) && p.ready {
		list = append(list, run.downIn(p.files[len(list)], p.open))
	} else if !p.done && len(list) > 0 {
		// It ended between the last plugin's opening and its own end.
		last := &list[len(list)-1]
		if last.Outcome == Loads {
			ended := run.downIn(last.File, false)
			ended.File, ended.Symbols, ended.Elapsed, ended.Open = last.File, last.Symbols, last.Elapsed, true
			*last = ended
		}
	}
	for len(list) < len(plugins) {
		list = append(list, Happened{Outcome: Unknown})
	}
	for i := range list {
		list[i].File, list[i].Run = plugins[i], run
	}
	return list, nil
}

// named gives files names that are no flags.
func named(files []string) []string {
	out := slices.Clone(files)
	for i, f := range out {
		if strings.HasPrefix(f, "-") {
			out[i] = "./" + f
		}
	}
	return out
}

// Start runs a program that opens one plugin by its own means: it loads where the program
// ends well. What it prints decides what is said of the rest.
func (c Process) Start(ctx context.Context, plugin string) (Happened, error) {
	run := &Run{Command: c.Command, Plugins: []string{plugin}}
	if err := c.start(ctx, run, &progress{}); err != nil {
		return Happened{}, err
	}
	h := Happened{File: plugin, Outcome: Loads, Elapsed: run.Elapsed, Run: run}
	if run.How != Ended {
		h = run.downIn(plugin, true)
		h.Elapsed, h.Run = run.Elapsed, run
		if text, ok := refusalIn(run.Stderr+"\n"+run.Stdout, plugin); ok && h.Outcome == Exits {
			h.Outcome, h.Text = Refused, text
		}
	}
	return h, nil
}

// refusalIn finds an error of plugin.Open's in what a program printed.
func refusalIn(printed, file string) (string, bool) {
	for line := range strings.Lines(printed) {
		i := strings.Index(line, `plugin.Open("`)
		if i < 0 {
			continue
		}
		text := strings.TrimSpace(line[i:])
		if rest := withoutPrefix(text, file); rest != text {
			return rest, true
		}
		if _, rest, ok := strings.Cut(text, `"): `); ok {
			return rest, true
		}
	}
	return "", false
}

// downIn says what became of the plugin with which the process ended. Opening says that
// it was being opened, and had not been.
func (r *Run) downIn(file string, opening bool) Happened {
	h := Happened{File: file, Outcome: Crashes, Text: lastWords(r.Stderr), Stack: openingStack(r.Stderr), InInit: inInit(r.Stderr), Elapsed: r.Elapsed}
	switch {
	case r.Killed:
		h.Outcome, h.Text = Hangs, "it was not open after "+r.Elapsed.Round(time.Second).String()
		if !opening {
			h.Text = "it was open, and the process did not end"
		}
	case strings.HasPrefix(r.How, "exit status ") && !strings.Contains(r.Stderr, "fatal error:") && !strings.Contains(r.Stderr, "\ngoroutine "):
		h.Outcome, h.Text = Exits, strings.TrimSuffix(r.How+": "+h.Text, ": ")
	}
	if h.Outcome == Crashes {
		if h.Aside = dyingAside(r.Stderr); h.Aside != "" {
			h.Stack, h.InInit = h.Aside, false
		}
	}
	return h
}

// start runs the process to its end, and has p note what it reports.
func (c Process) start(ctx context.Context, run *Run, p *progress) error {
	reader, writer, err := os.Pipe()
	if err != nil {
		return err
	}
	defer reader.Close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	cmd := exec.CommandContext(ctx, run.Command[0], run.Command[1:]...)
	cmd.Dir, cmd.Env = c.Dir, c.Env
	cmd.ExtraFiles = []*os.File{writer}
	var stdout, stderr output
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = patience
	isolate(cmd)
	cmd.Cancel = func() error {
		if context.Cause(ctx) == errTooLong {
			return lastQuestion(cmd)
		}
		killGroup(cmd)
		return nil
	}

	watch := &deadline{limit: c.Timeout, late: func() { cancel(errTooLong) }}
	var listening sync.WaitGroup
	listening.Go(func() {
		readEvents(reader, func(e event) {
			if p.note(e) {
				watch.again()
			}
		})
	})
	began := time.Now()
	// The kernel ties a child that dies with its parent to the thread that started it
	// (golang/go#27505).
	runtime.LockOSThread()
	err = withoutCores(cmd.Start)
	writer.Close()
	if err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("start %s: %w", run.Command[0], errors.Unwrap(err))
	}
	watch.again()
	err = cmd.Wait()
	runtime.UnlockOSThread()
	watch.stop()
	run.Elapsed = time.Since(began)
	killGroup(cmd) // whatever it left behind
	// Who left the group and kept the pipe is not waited for.
	_ = reader.SetReadDeadline(time.Now().Add(patience / 4))
	listening.Wait()
	run.Stdout, run.Stderr = stdout.String(), stderr.String()
	return run.ended(ctx, cmd, err)
}

var errTooLong = errors.New("it took too long")

// ended notes how a process ended. The error is one of this machine's, or the context's.
func (r *Run) ended(ctx context.Context, cmd *exec.Cmd, err error) error {
	if ctx.Err() != nil && context.Cause(ctx) != errTooLong {
		return context.Cause(ctx)
	}
	r.Killed = context.Cause(ctx) == errTooLong
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && !r.Killed && !errors.Is(err, exec.ErrWaitDelay) {
		return fmt.Errorf("run %s: %w", r.Command[0], err)
	}
	r.How = cmd.ProcessState.String()
	return nil
}

// A deadline calls late when nothing was heard for limit.
type deadline struct {
	limit time.Duration
	late  func()
	mu    sync.Mutex
	timer *time.Timer
}

func (d *deadline) again() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer == nil {
		d.timer = time.AfterFunc(d.limit, d.late)
		return
	}
	d.timer.Reset(d.limit)
}

func (d *deadline) stop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
	}
}
