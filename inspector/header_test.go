package inspector_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/inspector/goelf"
)

// A fault is a change of a shared library's ELF header.
type fault struct {
	name   string
	change func(h *header)
}

// header writes to the fields of an ELF header by their names.
type header struct {
	data  []byte
	order binary.ByteOrder
	is64  bool
}

// at gives what a field's offset is in the two classes.
func (h *header) at(off32, off64 int) []byte {
	if h.is64 {
		return h.data[off64:]
	}
	return h.data[off32:]
}

func (h *header) flags() []byte { return h.at(36, 48) }

func setByte(at int, v byte) func(*header) { return func(h *header) { h.data[at] = v } }

func setHalf(at int, v uint16) func(*header) {
	return func(h *header) { h.order.PutUint16(h.data[at:], v) }
}

// headerFaults are changes of every field that the dynamic linker looks at.
func headerFaults() []fault {
	list := []fault{
		{"magic", setByte(1, 'X')},
		{"class", func(h *header) { h.data[4] = 3 - h.data[4] }}, {"class 0", setByte(4, 0)},
		{"encoding", func(h *header) { h.data[5] = 3 - h.data[5] }}, {"encoding 0", setByte(5, 0)},
		{"ident version", setByte(6, 0)},
		{"pad 9", setByte(9, 1)}, {"pad 15", setByte(15, 255)},
		{"version", func(h *header) { h.order.PutUint32(h.data[20:], 2) }},
		{"machine 0", setHalf(18, 0)}, {"machine swapped", func(h *header) { h.data[18], h.data[19] = h.data[19], h.data[18] }},
		{"type none", setHalf(16, 0)}, {"type rel", setHalf(16, 1)}, {"type core", setHalf(16, 4)}, {"type exec", setHalf(16, 2)}, {"type os", setHalf(16, 0xfe00)},
		{"phentsize", func(h *header) { h.order.PutUint16(h.at(42, 54), 40) }},
		{"phnum", func(h *header) { h.order.PutUint16(h.at(44, 56), 0xffff) }}, {"phnum 0", func(h *header) { h.order.PutUint16(h.at(44, 56), 0) }},
		{"phoff", func(h *header) { h.order.PutUint32(h.at(28, 32), 0x7fffff00) }},
		{"flags 0", func(h *header) { clear(h.flags()[:4]) }},
		{"short", func(h *header) { h.data = h.data[:50] }}, {"headers only", func(h *header) { h.data = h.data[:100] }},
	}
	for _, v := range []byte{1, 2, 3, 6, 9, 64, 97, 255} {
		list = append(list, fault{fmt.Sprintf("osabi %d", v), setByte(7, v)})
	}
	for _, v := range []byte{1, 2, 3, 4, 5, 9} {
		list = append(list, fault{fmt.Sprintf("abi version %d", v), setByte(8, v)})
	}
	for _, m := range []uint16{2, 3, 8, 20, 21, 22, 40, 43, 62, 183, 243, 258} {
		list = append(list, fault{fmt.Sprintf("machine %d", m), setHalf(18, m)})
	}
	for bit := range 32 {
		list = append(list, fault{fmt.Sprintf("flag %#x", 1<<bit), func(h *header) {
			h.order.PutUint32(h.flags(), h.order.Uint32(h.flags())^1<<bit)
		}})
	}
	return list
}

// TestHeaderFaults opens libraries with each change of the header, and with each two
// of them, for real, and compares what the dynamic linker says with CheckLoad.
func TestHeaderFaults(t *testing.T) {
	t.Parallel()
	checkHeaders(t, "gcc", nil)
}

// openC opens the files that its input names, and prints for each "ok" or the error.
const openC = `
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
int main(void) {
	static char name[4096];
	while (fgets(name, sizeof name, stdin)) {
		name[strcspn(name, "\n")] = 0;
		void *h = dlopen(name, RTLD_NOW | RTLD_GLOBAL);
		puts(h ? "ok" : dlerror());
		fflush(stdout);
		if (h) dlclose(h);
	}
	return 0;
}`

// checkHeaders does so with a cross compiler and what runs its programs.
func checkHeaders(t *testing.T, gcc string, run []string) {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, data, 0o644); err != nil {
			t.Fatal(err)
		}
		return file
	}
	program, lib := filepath.Join(dir, "open"), filepath.Join(dir, "lib.so")
	for _, args := range [][]string{
		{"-o", program, write("open.c", []byte(openC)), "-ldl"},
		{"-shared", "-fPIC", "-nostdlib", "-s", "-o", lib, write("lib.c", []byte("int one(void) { return 1; }"))},
	} {
		if msg, err := exec.Command(gcc, args...).CombinedOutput(); err != nil {
			t.Fatalf("%s %v: %v\n%s", gcc, args, err, msg)
		}
	}
	good, err := os.ReadFile(lib)
	if err != nil {
		t.Fatal(err)
	}
	im, err := goelf.NewBytes(good)
	if err != nil {
		t.Fatal(err)
	}
	faults := headerFaults()
	var names, files, want []string
	for i := range faults {
		for j := i; j < len(faults); j++ {
			if strings.HasPrefix(faults[i].name, "flag ") && i != j {
				continue
			}
			h := &header{bytes.Clone(good), im.Order, im.Is64}
			faults[j].change(h)
			if i != j && len(h.data) >= 64 {
				faults[i].change(h)
			}
			f := goelf.CheckLoad(h.data, im.Target())
			if f != nil && f.Crash {
				continue // TestVerdictIsWhatHappens has these
			}
			text := "ok"
			file := write(fmt.Sprintf("%d.so", len(files)), h.data)
			if f != nil {
				text = file + ": " + f.Text
			}
			names, files, want = append(names, faults[i].name+" and "+faults[j].name), append(files, file), append(want, text)
		}
	}
	got := openAll(t, append(slices.Clone(run), program), files)
	for i := range files {
		if got[i] != want[i] {
			t.Errorf("%s:\n CheckLoad %q\n really    %q", names[i], want[i], got[i])
		}
	}
}

// openAll gives what became of each file. A process that died goes on behind the file.
func openAll(t *testing.T, run, files []string) []string {
	t.Helper()
	var got []string
	for len(got) < len(files) {
		cmd := exec.CommandContext(t.Context(), run[0], run[1:]...)
		cmd.Stdin = strings.NewReader(strings.Join(files[len(got):], "\n") + "\n")
		out, err := cmd.Output()
		for s := bufio.NewScanner(bytes.NewReader(out)); s.Scan(); {
			got = append(got, s.Text())
		}
		if err != nil {
			got = append(got, "the process died: "+err.Error())
		}
	}
	return got
}
