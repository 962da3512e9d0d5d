// Command isolated builds hosts with widely used modules at one version, and plugins with
// the same modules at another by plugtool build --isolate=all. It loads each into its host
// and calls code of the module in both: every plugin has to load with its own version
// working, or to be refused before it is loaded, for the true reason. It prints the table
// and ends with 1 where that is not so.
//
//	go -C tools run ./isolated             # the whole: some hours on two busy processors
//	go -C tools run ./isolated -run grpc   # the modules whose name matches
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

func main() {
	match := flag.String("run", "", "run only modules whose name the `expression` matches")
	plugtool := flag.String("plugtool", "", "the plugtool `binary` to try; by default it is built")
	rules := flag.String("isolate", "all", "the `rules` for plugtool build")
	flag.Parse()
	ok, err := run(*match, *plugtool, *rules)
	if err != nil {
		fmt.Fprintln(os.Stderr, "isolated:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

// A world is the folder in which everything is built.
type world struct{ dir, plugtool, rules string }

func run(match, plugtool, rules string) (bool, error) {
	expr, err := regexp.Compile(match)
	if err != nil {
		return false, err
	}
	dir, err := os.MkdirTemp("", "plugtool-isolated-")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	w := &world{dir, plugtool, rules}
	if plugtool == "" {
		w.plugtool = filepath.Join(dir, "plugtool")
		if out, err := w.run("..", "go", "build", "-o", w.plugtool, "./cmd/plugtool"); err != nil {
			return false, fmt.Errorf("build plugtool: %w\n%s", err, out)
		}
	}
	ok := true
	for i, s := range subjects() {
		if !expr.MatchString(s.name) {
			continue
		}
		start := time.Now()
		said, err := w.try(filepath.Join(dir, fmt.Sprint(i)), s)
		if err != nil {
			ok = false
			said = "WRONG: " + err.Error()
		}
		fmt.Printf("| %s | %s | %s | %s |\n", s.name, s.host, s.plugin, said)
		fmt.Fprintf(os.Stderr, "%s took %s\n", s.name, time.Since(start).Round(time.Second))
	}
	return ok, nil
}

const use = `package %s

import (
	"fmt"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"

	%s
)

var _ = fmt.Sprint

// Version says in which file a function of the module stands, from the module on.
func Version() string {
	f := runtime.FuncForPC(reflect.ValueOf(%s).Pointer())
	file, _ := f.FileLine(f.Entry())
	return filepath.ToSlash(file[strings.Index(file, %q):])
}

// Use uses it.
func Use() string { return fmt.Sprint(%s) }
`

const hostMain = `package main

import (
	"fmt"
	"os"
	"plugin"
)

func main() {
	fmt.Println("host:", Version(), Use())
	p, err := plugin.Open(os.Args[1])
	if err != nil {
		fmt.Println("refused:", err)
		return
	}
	for _, name := range []string{"Version", "Use"} {
		s, err := p.Lookup(name)
		if err != nil {
			fmt.Println("refused:", err)
			return
		}
		fmt.Println("plugin:", s.(func() string)())
	}
}
`

// try builds host and plugin, and gives what became of it in a few words.
func (w *world) try(dir string, s subject) (string, error) {
	source := fmt.Sprintf(use, "main", s.imports, s.function, s.module+"@", s.use)
	for _, m := range []struct{ name, version, main string }{{"host", s.host, hostMain}, {"plugin", s.plugin, ""}} {
		at := filepath.Join(dir, m.name)
		files := map[string]string{"go.mod": fmt.Sprintf("module sweep.example/%s\n\ngo 1.24\n\nrequire %s %s\n", m.name, s.module, m.version), "use.go": source}
		if m.main != "" {
			files["main.go"] = m.main
		}
		if err := os.MkdirAll(at, 0o777); err != nil {
			return "", err
		}
		for name, content := range files {
			if err := os.WriteFile(filepath.Join(at, name), []byte(content), 0o666); err != nil {
				return "", err
			}
		}
		if out, err := w.run(at, "go", "get", "."); err != nil {
			return "", fmt.Errorf("go get for the %s: %w\n%s", m.name, err, out)
		}
	}
	host, plugin := filepath.Join(dir, "hostbin"), filepath.Join(dir, "plugin.so")
	if out, err := w.run(filepath.Join(dir, "host"), "go", "build", "-trimpath", "-o", host, "."); err != nil {
		return "", fmt.Errorf("build the host: %w\n%s", err, out)
	}
	out, err := w.run(filepath.Join(dir, "plugin"), w.plugtool, "build", "--host", host, "--isolate="+w.rules, "-o", plugin)
	if err != nil {
		if s.refused != "" && strings.Contains(out, s.refused) {
			return "refused before loading: " + s.refused, nil
		}
		return "", fmt.Errorf("plugtool build: %w\n%s", err, out)
	}
	if s.refused != "" {
		return "", fmt.Errorf("it was built, and should be refused: %s", s.refused)
	}
	return w.load(host, plugin, s)
}

// load has the host open the plugin, and holds what both say against what they have to.
func (w *world) load(host, plugin string, s subject) (string, error) {
	out, err := w.run(filepath.Dir(host), host, plugin)
	if err != nil {
		return "", fmt.Errorf("the host ended with %w\n%s", err, out)
	}
	for _, want := range []string{"host: " + s.module + "@" + s.host + "/", "plugin: " + s.module + "@" + s.plugin + "/", "plugin: " + s.knownPart} {
		if !strings.Contains(out, want) {
			return "", fmt.Errorf("the host says\n%s\nwant %q in it", out, want)
		}
	}
	return "loads, both versions work", nil
}

// run runs a program, at most for half an hour, and gives all that it printed.
func (w *world) run(dir, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err
}
