package builder

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/plugtool/plugtool/inspector"
)

const (
	copiesName = "copies.json" // in the temporary folder: which modules private copies are of
	copiesFlag = "-copies="    // of the wrapper: that file
	pathsFlag  = "-paths"      // of the wrapper: join the compiler's -trimpath flags
)

// A copiesRecord is what the wrapper puts into build information.
type copiesRecord struct {
	Modules   []inspector.Module // that hold private copies, and what they are copies of
	Isolation string             // the value of the setting inspector.IsolationSetting
}

// encodeCopies writes the file that the wrapper reads.
func encodeCopies(r copiesRecord) ([]byte, error) {
	data, err := json.MarshalIndent(r, "", "\t")
	return append(data, '\n'), err
}

// A copiesLinker has build information name the modules that private copies are of,
// with their versions and sums, where the go command knows folders only: in the form
// that a replaced module has, so that whoever reads build information understands it. It
// adds what is known of the isolation as a setting.
type copiesLinker struct {
	of        map[string]inspector.Module // by the private module's path
	isolation string                      // the setting's value
	id        string                      // names the above
}

func readCopies(file string) (*copiesLinker, error) {
	data, err := readRegular(file)
	if err != nil {
		return nil, err
	}
	var r copiesRecord
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	sum := sha256.Sum256(data)
	c := &copiesLinker{of: map[string]inspector.Module{}, isolation: r.Isolation, id: "plugtool-copies-2-" + hex.EncodeToString(sum[:8])}
	for _, m := range r.Modules {
		c.of[m.Path] = m
	}
	return c, nil
}

// modinfoLine begins the line of the linker's -importcfg that has build information.
const modinfoLine = "modinfo "

// The go command puts build information between two marks of this many bytes
// (cmd/go/internal/modload, ModInfoData).
const modinfoMark = 16

// args gives the linker's arguments with an -importcfg that names the modules, which is
// written beside the go command's own.
func (c *copiesLinker) args(args []string) ([]string, error) {
	out := append([]string{}, args...)
	for i, arg := range out {
		if arg != "-importcfg" || i+1 == len(out) {
			continue
		}
		content, err := os.ReadFile(out[i+1])
		if err != nil {
			return nil, err
		}
		var now bytes.Buffer
		for line := range strings.Lines(string(content)) {
			if quoted, ok := strings.CutPrefix(line, modinfoLine); ok {
				if line, err = c.modinfo(strings.TrimSpace(quoted)); err != nil {
					return nil, err
				}
			}
			now.WriteString(line)
		}
		file := filepath.Join(filepath.Dir(out[i+1]), "importcfg.plugtool")
		out[i+1] = file
		return out, os.WriteFile(file, now.Bytes(), 0o600)
	}
	return out, nil
}

// modinfo rewrites one line of build information.
func (c *copiesLinker) modinfo(quoted string) (string, error) {
	data, err := strconv.Unquote(quoted)
	if err != nil || len(data) < 2*modinfoMark {
		return "", fmt.Errorf("build information for the linker is not as expected: %.80s", quoted)
	}
	head, tail := data[:modinfoMark], data[len(data)-modinfoMark:]
	// A module that is replaced has two lines: dep, PATH, VERSION, and =>, PATH, VERSION, SUM.
	lines := strings.Split(data[modinfoMark:len(data)-modinfoMark], "\n")
	for i, line := range lines {
		f := strings.Split(line, "\t")
		if len(f) < 3 || f[0] != "dep" || i+1 == len(lines) || !strings.HasPrefix(lines[i+1], "=>\t") {
			continue
		}
		if of, ok := c.of[f[1]]; ok && of.Version == f[2] && of.Replace != nil {
			lines[i+1] = strings.Join([]string{"=>", of.Replace.Path, of.Replace.Version, of.Replace.Sum}, "\t")
		}
	}
	setting := debug.BuildInfo{Settings: []debug.BuildSetting{{Key: inspector.IsolationSetting, Value: c.isolation}}}
	return modinfoLine + strconv.Quote(head+strings.Join(lines, "\n")+setting.String()+tail) + "\n", nil
}

// A wrapped tool is one that the go command runs by way of plugtool.
type wrapped struct {
	paths  bool          // join the compiler's -trimpath flags
	copies *copiesLinker // nil for none
}

// readWrapped takes the wrapper's own flags off its arguments. Without any, the
// compiler's -trimpath flags are joined.
func readWrapped(args []string) (w wrapped, tool []string, err error) {
	w.paths = true
	for len(args) > 0 {
		file, isCopies := strings.CutPrefix(args[0], copiesFlag)
		switch {
		case args[0] == pathsFlag:
			w.paths = true
		case isCopies:
			w.paths = false
			if w.copies, err = readCopies(file); err != nil {
				return w, nil, err
			}
		default:
			return w, args, nil
		}
		args = args[1:]
	}
	return w, args, nil
}

// suffix is what the wrapper adds to a tool's identity, "" for one that it runs as it is.
func (w wrapped) suffix(tool string) string {
	switch {
	case tool == "compile" && w.paths:
		return toolID
	case tool == "link" && w.copies != nil:
		return w.copies.id
	}
	return ""
}

// args gives the arguments that a tool gets.
func (w wrapped) args(tool string, args []string) ([]string, error) {
	switch {
	case tool == "compile" && w.paths:
		return joinTrimpath(args), nil
	case tool == "link" && w.copies != nil:
		return w.copies.args(args)
	}
	return args, nil
}

func wrapperError(stderr io.Writer, format string, args ...any) {
	fmt.Fprintf(stderr, "plugtool: error: "+format+"\n", args...)
}
