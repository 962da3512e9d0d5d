package builder

import (
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

var positionLine = lazily(`^(\s*)(\S.*?\.go)(:[0-9]+.*)$`)

// asWritten names the author's own files in what a compiler says of an isolated plugin:
// it is given them rewritten, or from where they lie while the module seems to lie elsewhere.
func (p *Plan) asWritten(output, dir string) string {
	if p.Isolated == nil {
		return output
	}
	where, written := inWork(p.where(), dir), p.written(dir)
	var b strings.Builder
	for line := range strings.Lines(output) {
		text := strings.TrimRight(line, "\r\n")
		m := positionLine().FindStringSubmatch(text)
		if m == nil || len(text) > longest {
			b.WriteString(line)
			continue
		}
		file := m[2]
		if !filepath.IsAbs(file) {
			file = filepath.Join(where, file)
		}
		if own, ok := written[file]; ok {
			file = own
		}
		if rel, err := filepath.Rel(p.Dir, file); err == nil && filepath.IsLocal(rel) {
			if filepath.Dir(rel) == "." {
				rel = "./" + rel // as the go command has it
			}
			line = m[1] + rel + m[3] + line[len(text):]
		}
		b.WriteString(line)
	}
	return b.String()
}

// written gives the author's file for each that is rewritten.
func (p *Plan) written(dir string) map[string]string {
	files := map[string]string{}
	for n, name := range slices.Sorted(maps.Keys(p.Isolated.Details.Own)) {
		files[filepath.Join(dir, filepath.FromSlash(ownFile(n, name)))] = filepath.Join(p.Dir, filepath.FromSlash(name))
	}
	return files
}

// ownFile names a rewritten file of the plugin's own module in the temporary folder.
func ownFile(n int, name string) string { return fmt.Sprintf("own/%d/%s", n, path.Base(name)) }

// noCopy says why a package has no private copy in an isolated plugin; "" where the
// plugin is not isolated.
func (p *Plan) noCopy(pkg string) string {
	if p.Isolated == nil || p.Isolated.Choice == nil {
		return ""
	}
	for _, d := range p.Isolated.Pinned {
		if slices.Contains(d.Packages, pkg) {
			return d.Why
		}
	}
	return ""
}
