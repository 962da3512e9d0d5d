package builder

import (
	"strings"
	"testing"

	"github.com/plugtool/plugtool/inspector"
)

func pendingFor(file, dep string) *pending {
	h := plainHost()
	h.Binary.File = file
	h.Binary.Deps = []inspector.Module{{Path: "example.com/dep", Version: dep, Sum: someSum}}
	f, err := h.index()
	if err != nil {
		panic(err)
	}
	return &pending{run: &run{facts: f}, src: plainSource()}
}

// Hosts that have a module of the plugin's at different versions leave no go.mod that
// fits both.
func TestAgreement(t *testing.T) {
	j := &job{Batch: NewBatch(BatchOptions{Options: Options{Write: true}})}
	j.todo = []*pending{pendingFor("a", "v1.1.0"), nil, pendingFor("b", "v1.1.0")}
	if err := j.checkAgreement(); err != nil {
		t.Error(err)
	}
	j.todo = append(j.todo, pendingFor("c", "v1.2.0"))
	err := j.checkAgreement()
	if err == nil || !strings.HasSuffix(err.Error(), "to all hosts' versions: b has example.com/dep v1.1.0, c has v1.2.0") {
		t.Errorf("error %v", err)
	}
	j.opts.Write = false
	if err := j.checkAgreement(); err != nil {
		t.Error(err)
	}
}

// Packages of one module need different requirements and checksums: all of them are written.
func TestJoinChanges(t *testing.T) {
	mod := func(requires string) []byte { return []byte("module example.com/p\n\ngo 1.24\n" + requires) }
	c := change{File{Name: "/p/go.mod"}, mod("\nrequire example.com/a v1.0.0\n")}
	if err := c.join(change{c.File, mod("\nrequire example.com/b v1.2.0 // indirect\n\nexclude example.com/a v1.1.0\n")}, "b"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"example.com/a v1.0.0", "example.com/b v1.2.0 // indirect", "exclude example.com/a v1.1.0"} {
		if !strings.Contains(string(c.to), want) {
			t.Errorf("no %q in\n%s", want, c.to)
		}
	}
	err := c.join(change{c.File, mod("\nrequire example.com/b v1.3.0\n")}, "c")
	if err == nil || !strings.Contains(err.Error(), "another build has example.com/b v1.2.0, that for c has v1.3.0") {
		t.Errorf("error %v", err)
	}
	sum := change{File{Name: "/p/go.sum"}, []byte("a v1 h1:x\n")}
	if err := sum.join(change{sum.File, []byte("a v1 h1:x\nb v1 h1:y\n")}, "c"); err != nil || string(sum.to) != "a v1 h1:x\nb v1 h1:y\n" {
		t.Errorf("%q, %v", sum.to, err)
	}
}
