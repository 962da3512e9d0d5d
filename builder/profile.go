package builder

import (
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// findProfile finds the PGO profile that the host was built with: the one given,
// or the likeliest of those that may be it. Which it was, the hashes say in the end.
func (s *Source) findProfile(f *hostFacts, opts Options) error {
	s.Profile, s.OtherProfiles = "", nil
	if opts.PGO != "" {
		s.Profile = within(opts.Dir, opts.PGO)
		fi, err := os.Stat(s.Profile)
		if err == nil && !fi.Mode().IsRegular() {
			err = fmt.Errorf("not a regular file (%s)", fi.Mode().Type())
		}
		if err != nil {
			return &UsageError{Reason: fmt.Sprintf("profile %s: %v", opts.PGO, err)}
		}
		return nil
	}
	if list := s.profiles(f); len(list) > 0 {
		s.Profile, s.OtherProfiles = list[0], list[1:]
	}
	return nil
}

// profiles lists the files that may be the host's profile, the likeliest first: what
// has its name beside the host's main package or at the top of its module, where the
// source is at hand, and the file of the recorded name. Equal ones are listed once.
func (s *Source) profiles(f *hostFacts) []string {
	recorded := f.Binary.Setting("-pgo")
	if recorded == "" {
		return nil
	}
	var candidates []string
	main := f.Binary.Main.Path
	sub, ok := strings.CutPrefix(f.Binary.Path, main)
	if dir := s.moduleFolder(f, main); ok && main != "" && dir != "" {
		for _, folder := range []string{filepath.FromSlash(path.Clean("/" + sub)), "/"} {
			file := filepath.Join(dir, folder, path.Base(recorded))
			if there := s.Overlay[file]; there != "" {
				file = there
			}
			candidates = append(candidates, file)
		}
	}
	if filepath.IsAbs(recorded) && checkFolder(recorded) == nil {
		candidates = append(candidates, filepath.Clean(recorded))
	}
	var list []string
	seen := map[string]bool{}
	for _, file := range candidates {
		if slices.Contains(list, file) || !isProfile(file) {
			continue
		}
		if sum := contentSum(file); !seen[sum] {
			seen[sum] = true
			list = append(list, file)
		}
	}
	return list
}

func contentSum(file string) string {
	f, err := os.Open(file)
	if err != nil {
		return file
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, io.LimitReader(f, maxProfile)); err != nil {
		return file
	}
	return string(h.Sum(nil))
}

// nextProfile takes another profile that may be the host's, after a plugin was refused
// for packages of the standard library: one that was found before, or that the build
// brought into the module cache. It says whether there is one.
func (t *tries) nextProfile(a *attempt) bool {
	if t.facts.Binary.Setting("-pgo") == "" || t.opts.PGO != "" {
		return false
	}
	if standard, _ := t.differing(a.verdict); len(standard) == 0 {
		return false
	}
	t.wrong = append(t.wrong, t.src.Profile)
	for _, file := range append(t.src.OtherProfiles, t.src.profiles(t.facts)...) {
		if !slices.Contains(t.wrong, file) {
			t.src.Profile = file
			t.progress("the host was not built with the profile %s; trying %s", orNone(t.wrong[len(t.wrong)-1]), file)
			return true
		}
	}
	return false
}

func orNone(file string) string {
	if file == "" {
		return "that is not there"
	}
	return file
}

// otherProfile explains packages of the standard library that differ by the
// profile that the host was built with: "" if it had none.
func (t *tries) otherProfile(standard []string) (why string, fix []string) {
	recorded := t.facts.Binary.Setting("-pgo")
	if recorded == "" || len(standard) == 0 {
		return "", nil
	}
	fix = []string{"give the profile that the host was built with: --pgo FILE"}
	tried := slices.DeleteFunc(append(slices.Clone(t.wrong), t.src.Profile), func(file string) bool { return file == "" })
	slices.Sort(tried)
	tried = slices.Compact(tried)
	switch len(tried) {
	case 0:
		return fmt.Sprintf("the host was built with the profile %s, which is not at hand", recorded), fix
	case 1:
		why = fmt.Sprintf("the profile %s is not the one that the host was built with", tried[0])
	default:
		why = fmt.Sprintf("none of the profiles %s is the one that the host was built with", strings.Join(tried, ", "))
	}
	return fmt.Sprintf("%s (%s): %s differs", why, recorded, standard[0]), fix
}

// isProfile says whether a file looks like a profile. The name may be a hostile host's
// word, and a regular file of /proc may wait for ever or give what nobody asked for.
func isProfile(file string) bool {
	fi, err := os.Lstat(file)
	if err != nil || !fi.Mode().IsRegular() || fi.Size() == 0 || fi.Size() > maxProfile {
		return false
	}
	f, err := os.Open(file)
	if err != nil {
		return false
	}
	defer f.Close()
	unpacked, err := gzip.NewReader(f)
	if err != nil {
		return false
	}
	// The go command would take all of it into memory.
	size, err := io.Copy(io.Discard, io.LimitReader(unpacked, maxUnpacked+1))
	return err == nil && size <= maxUnpacked
}

// Bounds in bytes on a profile that nobody gave by --pgo, packed and unpacked. Those of
// large programs have some megabytes.
const (
	maxProfile  = 128 << 20
	maxUnpacked = 512 << 20
)
