// Command host is the loader's test host. It carries out the steps that its
// arguments name, in one process, and prints a JSON object for each.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/plugtool/plugtool/loader"
	"github.com/plugtool/plugtool/loader/testdata/contract"
	_ "github.com/plugtool/plugtool/loader/testdata/marker" // shared with the plugins
)

// A line is what became of one step.
type line struct {
	Step   string
	Class  loader.Class `json:",omitempty"`
	Error  string       `json:",omitempty"`
	Files  []string     `json:",omitempty"`
	Status string       `json:",omitempty"`
	Stages []string     `json:",omitempty"`
	Value  string       `json:",omitempty"`
}

type host struct {
	policy loader.Policy
	last   *loader.Plugin
	stages []string
}

func main() {
	var h host
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
	h.policy.Observe = func(e loader.Event) {
		text := string(e.Stage)
		if e.Err != nil {
			text += " failed"
		}
		h.stages = append(h.stages, text)
	}
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
