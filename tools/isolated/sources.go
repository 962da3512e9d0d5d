package main

import (
	"fmt"
	"slices"
	"strings"
)

// useSource is what host and plugin have in common: the record's expressions.
const useSource = `package main

import (
	"fmt"
	"io"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"

	%s
)

var _, _, _ = reflect.TypeOf, io.Discard, at

// side is which of the two this is.
const side = %q

// Use says what the record's expressions give.
func Use() string {
	var b strings.Builder
	fmt.Fprintln(&b, %s)
	return strings.TrimSpace(b.String())
}

// at says where a function, or the first method of a value, was compiled from: a file in
// a module at a version.
func at(x any) string {
	f := reflect.ValueOf(x)
	if t := f.Type(); t.Kind() != reflect.Func {
		if t.Kind() == reflect.Pointer && t.Elem().NumMethod() > 0 {
			t = t.Elem() // whose methods no wrapper stands for
		}
		f = t.Method(0).Func
	}
	pc := runtime.FuncForPC(f.Pointer())
	file, _ := pc.FileLine(pc.Entry())
	file = filepath.ToSlash(file)
	if _, below, ok := strings.Cut(file, "/internal/isolated/"); ok {
		// as a copy of gopkg.in/x.v3 has it, whose own path does not end in the major version
		return strings.Replace(below, "+incompatible/", "/", 1)
	}
	return file
}
`

// aloneSource is the main function of a program by itself. A plugin has it as well, where
// nothing calls it.
const aloneSource = `package main

import "fmt"

func main() { fmt.Println(Use()) }
`

// openSource is the main function of a host: it says what it says before and after, and the
// plugin does twice.
const openSource = `package main

import (
	"fmt"
	"os"
	"plugin"
)

func main() {
	fmt.Printf("host\t%s\n", Use())
	p, err := plugin.Open(os.Args[1])
	if err != nil {
		fmt.Printf("error\t%v\n", err)
		os.Exit(1)
	}
	use, err := p.Lookup("Use")
	if err != nil {
		fmt.Printf("error\t%v\n", err)
		os.Exit(1)
	}
	fmt.Printf("plugin\t%s\n", use.(func() string)())
	fmt.Printf("host again\t%s\n", Use())
	fmt.Printf("plugin again\t%s\n", use.(func() string)())
	fmt.Printf("after\t%s\n", after())
}
`

const noAfterSource = `package main

func after() string { return "" }
`

// afterSource is what only the host says, and only when the plugin is loaded.
const afterSource = `package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	%s
)

var _ = page

func after() string {
	var b strings.Builder
	fmt.Fprintln(&b, %s)
	return strings.TrimSpace(b.String())
}

// page says which of some words http.DefaultServeMux serves at a path.
func page(path string, words ...string) []string {
	r, w := httptest.NewRequest("GET", path, nil), httptest.NewRecorder()
	r.RemoteAddr = "127.0.0.1:1" // pages for debugging are for this machine alone
	http.DefaultServeMux.ServeHTTP(w, r)
	found := []string{fmt.Sprint(w.Code)}
	for _, word := range words {
		if strings.Contains(w.Body.String(), word) {
			found = append(found, word)
		}
	}
	return found
}
`

// files gives the source of one of the record's programs.
func (r *record) files(side int, alone bool) map[string]string {
	exprs := r.exprs
	if side == 1 {
		exprs = slices.Concat(exprs, r.own)
	}
	files := map[string]string{
		"go.mod": "module sweep.example/" + sides[side] + "\n\ngo 1.26.0\n",
		"use.go": fmt.Sprintf(useSource, imports(r.imports), sides[side], strings.Join(exprs, ",\n\t\t")),
	}
	switch {
	case alone || side == 1:
		files["main.go"] = aloneSource
	case len(r.after.exprs) > 0:
		files["main.go"] = openSource
		files["after.go"] = fmt.Sprintf(afterSource, imports(r.after.imports), strings.Join(r.after.exprs, ",\n\t\t"))
	default:
		files["main.go"] = openSource
		files["after.go"] = noAfterSource
	}
	return files
}

// imports makes import declarations of paths that may have a name before them.
func imports(list []string) string {
	var lines []string
	for _, imp := range list {
		name, path, named := strings.Cut(imp, " ")
		if !named {
			name, path = "", imp
		}
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %q", name, path)))
	}
	return strings.Join(lines, "\n\t")
}
