package inspector

import (
	"path"

	"github.com/plugtool/plugtool/inspector/goelf"
)

// cgoFile is the file with the Go side of a package's C code, which cgo writes
// (cmd/cgo/out.go).
const cgoFile = "_cgo_gotypes.go"

// CgoLines says in which line of the file that cgo wrote each of its functions begins.
// The file begins with a line for each word of CGO_LDFLAGS, so that these lines tell
// how many there were. A descriptor knows none.
func (h *Host) CgoLines() (map[string]int, error) { return cgoLines(h.funcs) }

// CgoLines does for a plugin what [Host.CgoLines] does for a host.
func (p *Plugin) CgoLines() (map[string]int, error) { return cgoLines(p.funcs) }

func cgoLines(each func(func(goelf.Func) bool) error) (map[string]int, error) {
	lines := map[string]int{}
	err := each(func(fn goelf.Func) bool {
		if fn.Line > 0 && path.Base(fn.File) == cgoFile {
			lines[fn.Name] = fn.Line
		}
		return true
	})
	return lines, err
}

// CgoFolders says in which folder the compiler had the files that cgo wrote for a package,
// by packages of which functions from there are left. Where the host was compiled with a
// -trimpath in -gcflags, it is one of the go command's work folder, which the go command
// hides elsewhere. A descriptor knows none.
func (h *Host) CgoFolders() (map[string]string, error) {
	folders := map[string]string{}
	err := h.funcs(func(fn goelf.Func) bool {
		if path.Base(fn.File) == cgoFile && fn.In == fn.Package {
			folders[fn.Package] = path.Dir(fn.File)
		}
		return true
	})
	return folders, err
}
