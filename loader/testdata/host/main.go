// Command host is the loader's test host. It carries out the steps that its
// arguments name, in one process, and prints a JSON object for each.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"plugin"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/plugtool/plugtool/loader"
	"github.com/plugtool/plugtool/loader/testdata/contract"
	_ "github.com/plugtool/plugtool/loader/testdata/marker" // shared with the plugins
)

// A line is what became of one step.
type line struct {
	Step   string
	Class  loader.Class   `json:",omitempty"`
	Error  string         `json:",omitempty"`
	Files  []string       `json:",omitempty"`
	Status string         `json:",omitempty"`
	Stages []string       `json:",omitempty"`
	Counts map[string]int `json:",omitempty"`
	Value  string         `json:",omitempty"`
}

type host struct {
	policy loader.Policy
	last   *loader.Plugin
	stages []string
	log    *slog.Logger
	at     map[string]string // what to do, by the stage that ended
}

func main() {
	h := host{at: map[string]string{}}
	rules := flag.String("policy", "", "policy file, in JSON")
	log := flag.String("log", "", "file to log events to")
	flag.Func("at", "STAGE=ACTION:ARGS", func(s string) error {
		stage, action, _ := strings.Cut(s, "=")
		h.at[stage] = action
		return nil
	})
	key := flag.String("key", "", "public key file")
	flag.BoolVar(&h.policy.AllowUnsigned, "allow-unsigned", false, "")
	flag.StringVar(&h.policy.Dir, "dir", "", "")
	flag.Int64Var(&h.policy.MaxSize, "max", 0, "")
	flag.Parse()
	if *key != "" {
		pem, err := os.ReadFile(*key)
		if err != nil {
			panic(err)
		}
		h.policy.Keys = []string{string(pem)}
	}
	h.usePolicy(*rules)
	h.useLog(*log)
	h.policy.Observe = h.observe
	out := json.NewEncoder(os.Stdout)
	for _, step := range flag.Args() {
		h.stages = nil
		l := h.do(step)
		l.Step, l.Stages = step, h.stages
		if err := out.Encode(l); err != nil {
			panic(err)
		}
	}
}

// usePolicy puts the rules of a file into the policy.
func (h *host) usePolicy(file string) {
	if file == "" {
		return
	}
	text, err := os.ReadFile(file)
	if err != nil {
		panic(err)
	}
	parsed, err := loader.ParsePolicy(text)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	h.policy.Rules = parsed.Rules
}

func (h *host) useLog(file string) {
	if file == "" {
		return
	}
	f, err := os.Create(file)
	if err != nil {
		panic(err)
	}
	h.log = slog.New(slog.NewJSONHandler(f, nil))
}

func (h *host) observe(e loader.Event) {
	text := string(e.Stage)
	if e.Err != nil {
		text += " failed"
	}
	h.stages = append(h.stages, text)
	if h.log != nil {
		h.log.Info("plugin", e.KeyValues()...)
	}
	if action := h.at[string(e.Stage)]; action != "" {
		delete(h.at, string(e.Stage))
		if err := act(action); err != nil {
			panic(err)
		}
	}
}

// act does what an attacker would, at a moment that is known.
func act(action string) error {
	verb, arg, _ := strings.Cut(action, ":")
	args := strings.Split(arg, ",")
	switch verb {
	case "rename":
		return os.Rename(args[0], args[1])
	case "overwrite": // in place
		data, err := os.ReadFile(args[0])
		if err != nil {
			return err
		}
		return os.WriteFile(args[1], data, 0o600)
	case "symlink":
		if err := os.Symlink(args[0], args[1]+".new"); err != nil {
			return err
		}
		return os.Rename(args[1]+".new", args[1])
	case "exchange": // two folders
		for _, pair := range [][2]string{{args[0], args[0] + ".old"}, {args[1], args[0]}, {args[0] + ".old", args[1]}} {
			if err := os.Rename(pair[0], pair[1]); err != nil {
				return err
			}
		}
		return nil
	case "remove":
		return os.Remove(args[0])
	case "fifo":
		if err := os.Remove(args[0]); err != nil {
			return err
		}
		return syscall.Mkfifo(args[0], 0o600)
	case "truncate":
		return os.Truncate(args[0], 4096)
	}
	panic("unknown action " + action)
}

func (h *host) do(step string) line {
	ctx := context.Background()
	verb, arg, _ := strings.Cut(step, "=")
	switch verb {
	case "open":
		p, err := loader.Open(ctx, arg, h.policy)
		return h.opened(p, err)
	case "cancelled":
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		p, err := loader.Open(ctx, arg, h.policy)
		return h.opened(p, err)
	case "goroutine": // as open, where the goroutine may not survive it
		var l line
		done := make(chan struct{})
		go func() {
			defer close(done)
			l = line{Error: "goroutine ended"}
			p, err := loader.Open(ctx, arg, h.policy)
			l = h.opened(p, err)
		}()
		<-done
		return l
	case "check":
		c, err := loader.Check(ctx, arg, h.policy)
		l := failed(err)
		l.Status, l.Value = string(c.Signature.Status), string(c.Verdict.Outcome)
		return l
	case "opendir":
		plugins, err := loader.OpenDir(ctx, arg, h.policy)
		l := failed(err)
		for _, p := range plugins {
			l.Files = append(l.Files, p.File)
		}
		return l
	case "together":
		return h.together(ctx, strings.Split(arg, ","))
	case "race":
		return h.race(ctx, strings.Split(arg, ","))
	case "lookup":
		return h.lookup(arg)
	case "rounds":
		return h.rounds(arg, func(path string) error { return h.open(ctx, path) })
	case "checks":
		return h.rounds(arg, func(path string) error {
			_, err := loader.Check(ctx, path, h.policy)
			return err
		})
	case "dirs":
		return h.rounds(arg, func(path string) error {
			plugins, err := loader.OpenDir(ctx, path, h.policy)
			for _, p := range plugins {
				h.last = p
			}
			if len(plugins) == 0 && err == nil {
				return &loader.Error{Class: loader.ClassIO, File: path, Err: errors.New("it has no plugins")}
			}
			return err
		})
	case "plain": // past the loader
		_, err := plugin.Open(arg)
		return failed(err)
	}
	panic("unknown step " + step)
}

func (h *host) opened(p *loader.Plugin, err error) line {
	l := failed(err)
	if p != nil {
		h.last, l.Files, l.Status = p, []string{p.File}, string(p.Signature.Status)
	}
	return l
}

func failed(err error) line {
	if err == nil {
		return line{}
	}
	l := line{Error: err.Error()}
	if e, ok := errors.AsType[*loader.Error](err); ok {
		l.Class = e.Class
	}
	return l
}

// together opens files from many goroutines at once.
func (h *host) together(ctx context.Context, files []string) line {
	h.policy.Observe = nil
	var wg sync.WaitGroup
	errs := make([]error, 4*len(files))
	for i := range errs {
		wg.Go(func() { _, errs[i] = loader.Open(ctx, files[i%len(files)], h.policy) })
	}
	wg.Wait()
	return failed(errors.Join(errs...))
}

func (h *host) open(ctx context.Context, path string) error {
	p, err := loader.Open(ctx, path, h.policy)
	if err == nil {
		h.last = p
	}
	return err
}

// rounds does something with a path many times, and counts how
// it ended.
func (h *host) rounds(arg string, do func(path string) error) line {
	number, path, _ := strings.Cut(arg, ":")
	n, err := strconv.Atoi(number)
	if err != nil {
		panic(err)
	}
	h.policy.Observe = nil
	l := line{Counts: map[string]int{}}
	for range n {
		err := do(path)
		switch {
		case err == nil && h.last != nil:
			variant, err := loader.Lookup[func() string](h.last, "Variant")
			if err != nil {
				return failed(err)
			}
			l.Counts["opened "+variant()]++
		case err == nil:
			l.Counts["passed"]++
		default:
			class := failed(err).Class
			l.Counts[string(class)]++
			if class != loader.ClassSignature && class != loader.ClassIO {
				l.Error = err.Error()
			}
		}
	}
	return l
}

// race opens a path again and again while links to two files take turns in
// its place. It counts how the opens ended.
func (h *host) race(ctx context.Context, args []string) line {
	path, good, bad := args[0], args[1], args[2]
	const rounds = 400
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range 200 * rounds {
			select {
			case <-stop:
				return
			default:
			}
			next := good
			if i%2 == 1 {
				next = bad
			}
			if os.Link(next, path+".new") != nil || os.Rename(path+".new", path) != nil {
				panic("cannot swap")
			}
			os.Remove(path + ".new") // rename leaves it where both are one file
		}
	})
	counts := make(map[string]int)
	for range rounds {
		p, err := loader.Open(ctx, path, h.policy)
		switch e, _ := errors.AsType[*loader.Error](err); {
		case err == nil:
			variant, err := loader.Lookup[func() string](p, "Variant")
			if err != nil {
				return failed(err)
			}
			counts["opened "+variant()]++
		case e != nil:
			counts[string(e.Class)]++
		}
	}
	close(stop)
	wg.Wait()
	text, err := json.Marshal(counts)
	if err != nil {
		panic(err)
	}
	return line{Value: string(text)}
}

type otherGreeter interface {
	Greet(name string) string
	Leave()
}

// lookup looks a symbol up in the last plugin, as a type that it knows by name.
func (h *host) lookup(arg string) line {
	name, as, _ := strings.Cut(arg, ":")
	switch as {
	case "func() Greeter":
		return greet(loader.Lookup[func() contract.Greeter](h.last, name))
	case "func(string) string":
		f, err := loader.Lookup[func(string) string](h.last, name)
		if err != nil {
			return failed(err)
		}
		return line{Value: f("you")}
	case "func() string":
		return show(loader.Lookup[func() string](h.last, name))
	case "*int":
		p, err := loader.Lookup[*int](h.last, name)
		if err != nil {
			return failed(err)
		}
		*p++
		return line{Value: fmt.Sprint(*p)}
	case "int":
		return show(loader.Lookup[int](h.last, name))
	case "string":
		return show(loader.Lookup[string](h.last, name))
	case "Version":
		return show(loader.Lookup[contract.Version](h.last, name))
	case "Greeter":
		g, err := loader.Lookup[contract.Greeter](h.last, name)
		if err != nil {
			return failed(err)
		}
		return line{Value: g.Greet("you")}
	case "otherGreeter":
		return show(loader.Lookup[otherGreeter](h.last, name))
	}
	panic("unknown type " + as)
}

func greet(f func() contract.Greeter, err error) line {
	if err != nil {
		return failed(err)
	}
	return line{Value: f().Greet("you")}
}

func show[T any](v T, err error) line {
	if err != nil {
		l := failed(err)
		if errors.Is(err, loader.ErrNoSymbol) {
			l.Value = "no symbol"
		}
		return l
	}
	return line{Value: fmt.Sprintf("%+v", v)}
}
