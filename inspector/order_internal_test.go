package inspector

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/plugtool/plugtool/inspector/goelf"
)

// sharedObject is any file that the dynamic linker maps: what makes it this or that
// plugin is put in by hand.
func sharedObject(t *testing.T) []byte {
	t.Helper()
	dir := t.TempDir()
	source, out := filepath.Join(dir, "x.c"), filepath.Join(dir, "x.so")
	if err := os.WriteFile(source, []byte("int x;"), 0o644); err != nil {
		t.Fatal(err)
	}
	if msg, err := exec.Command("gcc", "-shared", "-fPIC", "-nostdlib", "-o", out, source).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, msg)
	}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// invent makes a host and up to five plugins that share few packages, so that all
// sorts of conflicts occur.
func invent(t *testing.T, data []byte, r *rand.Rand) (*Host, []*Plugin) {
	t.Helper()
	target, _ := targetOf("linux/amd64", "")
	hash := func(n int) (h Hash) { binary.BigEndian.PutUint32(h[:], uint32(n)); return h }
	host := &Host{bin: Binary{File: "host", GoVersion: "go1.26.8", Platform: "linux/amd64", Loading: LoadingWorks}, target: target, known: make(map[string]foundHash)}
	host.known["runtime"] = foundHash{hash(1), true}
	host.known["in"] = foundHash{hash(1), true}
	var plugins []*Plugin
	for i := range 2 + r.IntN(4) {
		p := NewPlugin(fmt.Sprintf("p%d.so", i), data)
		p.Binary = &Binary{File: p.File, GoVersion: "go1.26.8"}
		p.mod = &goelf.Plugin{Path: fmt.Sprintf("path%d", i), Packages: []goelf.PackageHash{{Path: "runtime", Hash: hash(1)}}}
		add := func(pkg string, version int) {
			p.mod.Packages = append(p.mod.Packages, goelf.PackageHash{Path: pkg, Hash: hash(version)})
		}
		for _, pkg := range []string{"a", "b", "c"} {
			if r.IntN(3) == 0 {
				add(pkg, 1+r.IntN(8)/7)
			}
		}
		switch r.IntN(16) {
		case 0:
			add("in", 2) // never loads
		case 1:
			p.mod.Path = "path0"
		case 2:
			p.Binary.GoVersion = "go1.25.1" // ends the process
		case 3:
			if i > 0 {
				p = plugins[r.IntN(i)] // opened again
			}
		case 4:
			p.mod = nil // a C library
		}
		plugins = append(plugins, p)
	}
	return host, plugins
}

func permutations(n int, f func([]int) bool) {
	list := indexes(n)
	var rec func(k int) bool
	rec = func(k int) bool {
		if k == n {
			return f(list)
		}
		for i := k; i < n; i++ {
			list[k], list[i] = list[i], list[k]
			if !rec(k + 1) {
				return false
			}
			list[k], list[i] = list[i], list[k]
		}
		return true
	}
	rec(0)
}

// TestAnyOrderAgainstAllOrders compares the answer with all orders, each simulated.
func TestAnyOrderAgainstAllOrders(t *testing.T) {
	t.Parallel()
	data := sharedObject(t)
	r := rand.New(rand.NewPCG(1, 2))
	found, kept := 0, 0
	const cases = 3000
	for range cases {
		host, plugins := invent(t, data, r)
		order, err := Options{}.AnyOrder(host, plugins)
		if err != nil {
			t.Fatal(err)
		}
		exists := false
		permutations(len(plugins), func(p []int) bool {
			var list []*Plugin
			for _, i := range p {
				list = append(list, plugins[i])
			}
			v, err := Check(host, list)
			if err != nil {
				t.Fatal(err)
			}
			exists = allLoad(v)
			return !exists
		})
		if order.Found != exists {
			t.Fatalf("found an order: %t, there is one: %t: %+v", order.Found, exists, order.Verdict)
		}
		checkOrder(t, plugins, order)
		if order.Found {
			found++
		}
		if slices.Equal(order.Index, indexes(len(plugins))) {
			kept++
		}
	}
	t.Logf("%d cases, %d with an order, %d times the one given", cases, found, kept)
	if found < cases/10 || found > cases*9/10 {
		t.Errorf("%d of %d cases have an order: too one-sided to show anything", found, cases)
	}
}

// checkOrder: the verdict is about all plugins, loads where it says so, and says why
// not elsewhere.
func checkOrder(t *testing.T, plugins []*Plugin, o *Order) {
	t.Helper()
	if sorted := slices.Sorted(slices.Values(o.Index)); !slices.Equal(sorted, indexes(len(plugins))) {
		t.Fatalf("the index is %v", o.Index)
	}
	reasons := 0
	for n, pv := range o.Verdict.Plugins {
		if pv.File != plugins[o.Index[n]].File {
			t.Errorf("plugin %d is %s, want %s", n, pv.File, plugins[o.Index[n]].File)
		}
		for _, f := range pv.Findings {
			if f.ID == noOrder.ID {
				reasons++
			}
		}
	}
	if allLoad(o.Verdict) != o.Found || o.Found != (reasons == 0) {
		t.Errorf("found is %t with %d reasons why not: %+v", o.Found, reasons, o.Verdict)
	}
}

// TestAnyOrderOfMany: a hundred plugins are no matter.
func TestAnyOrderOfMany(t *testing.T) {
	t.Parallel()
	data := sharedObject(t)
	host, _ := invent(t, data, rand.New(rand.NewPCG(1, 1)))
	var plugins []*Plugin
	for i := range 100 {
		p := NewPlugin(fmt.Sprintf("p%d.so", i), data)
		p.Binary = &Binary{File: p.File, GoVersion: "go1.26.8"}
		p.mod = &goelf.Plugin{Path: fmt.Sprintf("path%d", i), Packages: []goelf.PackageHash{{Path: "runtime", Hash: host.known["runtime"].hash}}}
		plugins = append(plugins, p)
	}
	bad := &Plugin{File: "bad.so", Path: "/bad.so", Data: plugins[0].Data, data: data, image: plugins[0].image, Binary: plugins[0].Binary}
	bad.mod = &goelf.Plugin{Path: "bad", Packages: []goelf.PackageHash{{Path: "runtime"}}}
	o, err := Options{}.AnyOrder(host, append([]*Plugin{bad}, plugins...))
	if err != nil || o.Found || len(o.Verdict.Plugins[0].Findings) != 2 {
		t.Errorf("found %t, %v; want bad.so refused for two reasons: %+v", o.Found, err, o.Verdict.Plugins[0])
	}
}
