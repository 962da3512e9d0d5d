package once

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// version changes with what Analyze finds in the same source.
const version = "plugtool.once/1"

// mostCached is how large a cached result may be, in bytes.
const mostCached = 64 << 20

// cacheKey is the same for the same packages: the content of all files outside of the
// standard library counts, and for that the Go release.
func cacheKey(packages []Package, opts Options) (string, error) {
	if opts.Cache == "" || opts.Go == "" {
		return "", nil
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n%s\n", version, opts.Go, opts.GOARCH)
	sorted := slices.Clone(packages)
	slices.SortFunc(sorted, func(a, b Package) int {
		if a.ImportPath < b.ImportPath {
			return -1
		}
		return 1
	})
	for _, p := range sorted {
		text, err := json.Marshal(p) // folders count: findings name files
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%d\n%s", len(text), text)
		if p.Standard {
			continue
		}
		for _, name := range slices.Concat(p.GoFiles, p.CgoFiles) {
			if !filepath.IsAbs(name) {
				name = filepath.Join(p.Dir, name)
			}
			if err := hashFile(h, name); err != nil {
				return "", fmt.Errorf("cannot read package %s: %w", p.ImportPath, err)
			}
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func hashFile(w io.Writer, name string) (err error) {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || info.Size() > mostFile {
		return fmt.Errorf("%s is no regular file of at most %d bytes", name, mostFile)
	}
	fmt.Fprintf(w, "%d\n", info.Size())
	_, err = io.CopyN(w, bufio.NewReader(f), info.Size())
	return err
}

// cached gives the result of an earlier run; nil where there is none that can be read.
func cached(dir, key string) *Facts {
	if key == "" {
		return nil
	}
	f, err := os.Open(filepath.Join(dir, key+".json"))
	if err != nil {
		return nil
	}
	defer func() { _ = f.Close() }() // only read
	facts := new(Facts)
	if json.NewDecoder(io.LimitReader(f, mostCached)).Decode(facts) != nil || facts.Findings == nil {
		return nil
	}
	return facts
}

// store keeps a result. It is put in place whole, so that whoever reads it meanwhile does
// not read a part.
func store(dir, key string, facts *Facts) (err error) {
	if key == "" {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".once-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if err := errors.Join(json.NewEncoder(f).Encode(facts), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), filepath.Join(dir, key+".json"))
}
