package builder

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHostGcflags(t *testing.T) {
	for _, c := range []struct {
		setting string
		want    string // as arguments, separated by |
		dropped string
	}{
		{"", "", ""},
		{"-N -l", "-gcflags=-N -l", ""},
		{"all=-N -l", "-gcflags=all=-N -l", ""},
		{"example.com/host/...=-l=4", "-gcflags=example.com/host/...=-l=4", ""},
		{"all='-N' \"--l\"", "-gcflags=all=-N -l", ""},
		{"all=-d checkptr=0 -spectre ret", "-gcflags=all=-d=checkptr=0 -spectre=ret", ""},
		{"all=-m=2 -S -c=8", "", ""},
		{"all=-N -cpuprofile=/etc/x -d=ssa/check/on", "-gcflags=all=-N", "-cpuprofile=/etc/x -d=ssa/check/on"},
		{"all=-trimpath /go -N", "-gcflags=all=-trimpath=/go -N", ""},
		{"-trimpath=/go", "", ""},
		{"./api=-l", "-gcflags=./api=-l", ""},
	} {
		list, dropped, err := hostGcflags(c.setting)
		if err != nil {
			t.Errorf("%q: %v", c.setting, err)
		}
		var args []string
		for _, pf := range list {
			arg, err := pf.argument()
			if err != nil {
				t.Errorf("%q: %v", c.setting, err)
			}
			args = append(args, arg)
		}
		if got := strings.Join(args, "|"); got != c.want || strings.Join(dropped, " ") != c.dropped {
			t.Errorf("%q gives %q, leaving out %q; want %q and %q", c.setting, got, dropped, c.want, c.dropped)
		}
	}
}

func TestMatchPattern(t *testing.T) {
	for _, c := range []struct {
		pattern, pkg string
		std, want    bool
	}{
		{"all", "fmt", true, true},
		{"std", "fmt", true, true},
		{"std", "example.com/x", false, false},
		{"example.com/x", "example.com/x", false, true},
		{"example.com/x", "example.com/x/y", false, false},
		{"example.com/x/...", "example.com/x", false, true},
		{"example.com/x/...", "example.com/x/y/z", false, true},
		{"example.com/x/...", "example.com/xy", false, false},
		{"example.com/x...", "example.com/xy", false, true},
		{"....com/x", "example.com/x", false, false},
		{"", "example.com/x", false, false},
	} {
		if got := matchPattern(c.pattern, c.pkg, c.std); got != c.want {
			t.Errorf("pattern %q and %s: %v, want %v", c.pattern, c.pkg, got, c.want)
		}
	}
}

func TestQuote(t *testing.T) {
	for _, words := range [][]string{
		nil, {"a"}, {"a b", "c"}, {"it's"}, {`say "x"`}, {"", "x"}, {"-trimpath=/a b=>c"},
	} {
		var quoted []string
		for _, word := range words {
			q, err := quoteWord(word)
			if err != nil {
				t.Errorf("%q: %v", word, err)
			}
			quoted = append(quoted, q)
		}
		got, err := splitQuoted(" " + strings.Join(quoted, "\t "))
		if err != nil || !slices.Equal(got, words) {
			t.Errorf("%q came back as %q, %v", words, got, err)
		}
	}
	if _, err := quoteWord(`'"`); err == nil {
		t.Error("both kinds of quotes were quoted")
	}
}

func TestUserFlags(t *testing.T) {
	for _, c := range []struct {
		goflags string
		args    []string
		want    []string // flags of go build
		left    string   // of GOFLAGS
		err     string
	}{
		{"", nil, nil, "", ""},
		{"", []string{"-ldflags", "-X a.b=c d", "-v", "--asmflags=-S"}, []string{"-ldflags=-X a.b=c d", "-v", "-asmflags=-S"}, "", ""},
		{"-modcacherw -p=2 '-ldflags=-s -w' -trimpath", nil, nil, "-modcacherw -p=2 '-ldflags=-s -w'", ""},
		{"-run=X -count=1", nil, nil, "", ""},
		{"", []string{"-gcflags=-N"}, []string{"-gcflags=-N"}, "", ""},
		{"", []string{"-gcflags=all=-N"}, nil, "", "-gcflags"},
		{"", []string{"-buildmode=exe"}, nil, "", "-buildmode"},
		{"", []string{"-o", "x"}, nil, "", "-o"},
		{"", []string{"-toolexec=x"}, nil, "", "-toolexec"},
		{"", []string{"-nonsense"}, nil, "", "-nonsense"},
		{"", []string{"-ldflags"}, nil, "", "needs a value"},
		{"", []string{"-ldflags=-pluginpath=x"}, nil, "", "pluginpath"},
		{"'-x", nil, nil, "", "unterminated"},
		{"'-ldflags=-s -pluginpath=x'", nil, nil, "", "pluginpath"},
		{"", []string{"-trimpath", "-race=false", "--trimpath=true"}, nil, "", ""}, // as the host has it
		{"", []string{"-race"}, nil, "", "contradicts host hostbin, which was built without it"},
		{"", []string{"-trimpath=false"}, nil, "", "which was built with -trimpath"},
		{"", []string{"-overlay=x"}, nil, "", "-overlay"},
		{"", []string{"-modfile", "x"}, nil, "", "-modfile"},
		{"", []string{"-C", ".."}, nil, "", "-C"},
		{"", []string{"-n"}, nil, "", "-n"},
		{"", []string{"-work"}, nil, "", "-work"},
		{"", []string{"-v", "./pkg"}, nil, "", "\"./pkg\" behind -- is no flag"},
	} {
		src := plainSource()
		src.Go.Flags = c.goflags
		p, err := newPlanner(plainHost(), src, Options{Flags: c.args})
		if err != nil {
			t.Fatal(err)
		}
		u, err := p.userFlags()
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("GOFLAGS %q and %q: error %v, want one with %q", c.goflags, c.args, err, c.err)
			}
			continue
		}
		if diff := cmp.Diff(c.want, u.flags); err != nil || diff != "" || u.goflags != c.left {
			t.Errorf("GOFLAGS %q and %q leave GOFLAGS %q, %v, flags (-want +got):\n%s", c.goflags, c.args, u.goflags, err, diff)
		}
	}
}

// The user's own experiments are undone, wherever they are set.
func TestExperiments(t *testing.T) {
	for _, c := range []struct{ host, own, want string }{
		{"go1.26.8", "", ""},
		{"go1.26.8 X:jsonv2", "", "GOEXPERIMENT=jsonv2"},
		{"go1.26.8 X:jsonv2,nodwarf5", "jsonv2,arenas", "GOEXPERIMENT=jsonv2,nodwarf5,noarenas"},
		{"go1.26.8", "nodwarf5", "GOEXPERIMENT=dwarf5"},
	} {
		h, src := plainHost(), plainSource()
		h.Binary.GoVersion, src.Go.Experiment = c.host, c.own
		plan, err := NewPlan(h, src, Options{})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, s := range plan.Env {
			if strings.HasPrefix(s, "GOEXPERIMENT=") {
				got = s
			}
		}
		if got != c.want {
			t.Errorf("host %s, user's %q: %q, want %q", c.host, c.own, got, c.want)
		}
	}
}

func TestJoinTrimpath(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"-o x -trimpath /w/b1=> -p p a.go", "-trimpath /w/b1=> -o x -p p a.go"},
		{"-o x -trimpath /w/b1=>;/d=>m -p p -N -trimpath=/d=>/e a.go", "-trimpath /d=>/e;/w/b1=>;/d=>m -o x -p p -N a.go"},
		{"-o x -trimpath /w/b1=>;/d=>m -p p -trimpath=/d -trimpath=plugtool-work=>/h/b2 a.go", "-trimpath /w/b1=>/h/b2;/d;/w/b1=>;/d=>m -o x -p p a.go"},
		{"-o x a.go", "-o x a.go"},
	} {
		if got := strings.Join(joinTrimpath(strings.Fields(c.in)), " "); got != c.want {
			t.Errorf("%q became %q, want %q", c.in, got, c.want)
		}
	}
}

func TestIdentity(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"compile version go1.26.8", "compile version go1.26.8 " + toolID},
		{"compile version devel go1.28-abc buildID=a/b/c/d", "compile version devel go1.28-abc buildID=a/b/c/d+" + toolID},
	} {
		if got := identity(c.in, toolID); got != c.want {
			t.Errorf("%q became %q, want %q", c.in, got, c.want)
		}
	}
}

func TestToolexecMain(t *testing.T) {
	dir := t.TempDir()
	tool := filepath.Join(dir, "compile")
	write(t, tool, "#!/bin/sh\n[ \"$1\" = -V=full ] && echo compile version go1.26.8 && exit\necho \"$@\"\nexit 7\n")
	for _, c := range []struct {
		args string
		code int
		out  string
	}{
		{"-V=full", 0, "compile version go1.26.8 " + toolID + "\n"},
		{"-trimpath a=>b -trimpath=c=>d x.go", 7, "-trimpath c=>d;a=>b x.go\n"},
	} {
		var out bytes.Buffer
		code := ToolexecMain(append([]string{tool}, strings.Fields(c.args)...), nil, &out, os.Stderr)
		if code != c.code || out.String() != c.out {
			t.Errorf("%s: exit code %d, output %q; want %d, %q", c.args, code, out.String(), c.code, c.out)
		}
	}
	var errs bytes.Buffer
	if code := ToolexecMain([]string{filepath.Join(dir, "none")}, nil, os.Stdout, &errs); code != 1 || errs.Len() == 0 {
		t.Errorf("a tool that is not there: exit code %d, %q", code, errs.String())
	}
	if code := ToolexecMain(nil, nil, os.Stdout, &errs); code != 2 {
		t.Errorf("no tool: exit code %d", code)
	}
}
