package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A recipe says how a host or plugin is built. Its name is PROGRAM+MODIFIER…@RELEASE,
// as in host+race+pie@1.25.12.
type recipe struct {
	name    string
	program program
	release string   // of Go, as in 1.25.12
	prepare []string // shell commands in the copy of the sources; equal ones share a copy
	env     []string
	flags   []string // of go build
	ldflags []string
	gcflags string
	patched bool   // by a copy of Go whose standard library differs
	verb    string // build, install or test
	target  string // what to build where it is not the program's package
	finish  []step // what is done to the file afterwards
}

// A program is a main package in src.
type program struct {
	folder, pkg string
	plugin      bool
	installed   string // the file's name where go install makes it; pkg then has a version
	shell       string // how to make it where Go does not; OUT is the file
}

// A step makes another file of one: a shell command that reads IN and writes OUT, and
// the name that the file is to have, "" for any.
type step struct{ name, shell, file string }

// modifier changes a recipe.
type modifier struct {
	prepare, env, flags, ldflags, gcflags string
	untrimmed, patched                    bool
	verb, target, shell, file             string
}

var specSyntax = regexp.MustCompile(`^([a-z0-9.]+)((?:\+[A-Za-z0-9._]+)*)(?:@([0-9.]+))?$`)

// parseRecipe reads a recipe's name; release stands where it names none.
func parseRecipe(spec, release string) (*recipe, error) {
	m := specSyntax.FindStringSubmatch(spec)
	if m == nil {
		return nil, fmt.Errorf("%q is no PROGRAM+MODIFIER…@RELEASE", spec)
	}
	p, ok := programs[m[1]]
	if !ok {
		return nil, fmt.Errorf("%s: no program %q", spec, m[1])
	}
	if m[3] != "" {
		release = m[3]
	}
	r := &recipe{name: m[1] + m[2] + "@" + release, program: p, release: release, verb: "build"}
	if p.installed != "" {
		r.verb = "install"
	}
	trim := true
	for _, name := range strings.Split(m[2], "+")[1:] {
		mod, ok := modifiers[name]
		if !ok {
			return nil, fmt.Errorf("%s: no modifier %q", spec, name)
		}
		trim = trim && !mod.untrimmed
		r.apply(name, mod)
	}
	if trim {
		r.flags = append(r.flags, "-trimpath")
	}
	return r, nil
}

func (r *recipe) apply(name string, mod modifier) {
	add := func(list *[]string, word string) {
		if word != "" {
			*list = append(*list, word)
		}
	}
	add(&r.prepare, mod.prepare)
	add(&r.env, mod.env)
	r.flags = append(r.flags, strings.Fields(mod.flags)...)
	add(&r.ldflags, mod.ldflags)
	if mod.gcflags != "" {
		r.gcflags = mod.gcflags
	}
	r.patched = r.patched || mod.patched
	if mod.verb != "" {
		r.verb = mod.verb
	}
	if mod.target != "" {
		r.target = mod.target
	}
	if mod.shell != "" {
		r.finish = append(r.finish, step{name, mod.shell, mod.file})
	}
}

// base is the recipe without its last step, whose file it then shares.
func (r *recipe) base() (*recipe, step) {
	last := r.finish[len(r.finish)-1]
	b := *r
	b.finish = r.finish[:len(r.finish)-1]
	b.name = strings.Replace(r.name, "+"+last.name, "", 1)
	return &b, last
}

// arguments gives the go command's arguments for building to a file.
func (r *recipe) arguments(out string) []string {
	target := r.program.pkg
	if r.target != "" {
		target = r.target
	}
	args := []string{r.verb}
	switch r.verb {
	case "test":
		args = append(args, "-c", "-o", out)
	case "install": // into GOBIN
	default:
		args = append(args, "-o", out)
	}
	if r.program.plugin && !slices.ContainsFunc(r.flags, func(f string) bool { return strings.HasPrefix(f, "-buildmode") }) {
		args = append(args, "-buildmode=plugin")
	}
	args = append(args, r.flags...)
	if len(r.ldflags) > 0 {
		args = append(args, "-ldflags="+strings.Join(r.ldflags, " "))
	}
	if r.gcflags != "" {
		args = append(args, "-gcflags="+r.gcflags)
	}
	return append(args, target)
}
