package builder

import (
	"bytes"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"
)

// maxMentions bounds how many files are looked through for an import.
const maxMentions = 3000

var errEnough = errors.New("enough was seen")

// mentions says whether the plugin's module may need a module: its go.mod requires it,
// or one of its files names it as an import does. In doubt it may.
func (s *Source) mentions(own *modfile.File, path string) bool {
	if required(own, path) != "" || s.Work != nil {
		return true
	}
	quoted := [][]byte{[]byte(`"` + path + `"`), []byte(`"` + path + `/`)}
	files, found := 0, false
	err := filepath.WalkDir(s.Dir, func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil
		case d.IsDir() && file != s.Dir && (d.Name() == "vendor" || d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".")):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(d.Name(), ".go"):
			return nil
		}
		files++
		content, err := readOptional(file)
		if found = files > maxMentions || bytes.Contains(content, quoted[0]) || bytes.Contains(content, quoted[1]); found {
			return errEnough
		}
		return err
	})
	return found || err != nil
}
