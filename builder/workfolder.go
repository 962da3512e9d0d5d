package builder

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/plugtool/plugtool/inspector"
)

// workFolder matches the folder that the go command makes for a package below its own
// (cmd/go/internal/work NewObjdir).
var workFolder = lazily(`^(.*/go-build[0-9]+)/b[0-9]{3,}$`)

// workFolders finds out in which folders a host's compiler had the files that cgo
// generates, by the packages that a plugin was refused for.
//
// They only matter where -gcflags have a -trimpath, which takes the place of the go
// command's own (go.dev/issue/51955): such a host has the go command's work folder, whose
// name is random, in runtime/cgo, and no go build makes that package again. Package
// plugin, which the host has, is in the same folder, and its functions tell it. The rest of
// a package's folder is a number, of which the right one gives the host's hash.
func (r *run) workFolders(ctx context.Context, src Source, a *attempt) map[string]string {
	p, err := newPlanner(r.facts.Host, src, r.opts)
	if err != nil {
		return nil
	}
	standard, others := r.differing(a.verdict)
	wanted := slices.DeleteFunc(slices.Concat(standard, others), func(pkg string) bool {
		flags := gcflagsFor(p.hostFlags(a.plan.Layout.HostFlags), pkg, r.facts.standard(pkg))
		return !slices.ContainsFunc(flags, ownTrimpath().MatchString)
	})
	if len(wanted) == 0 {
		return nil
	}
	known, err := r.host.CgoFolders()
	if err != nil {
		return nil
	}
	hashes, err := r.hashes(wanted)
	if err != nil {
		return nil
	}
	found := map[string]string{}
	for _, root := range workRoots(known) {
		r.progress("refused: %s; the host records a folder of the go command that built it, %s; looking for which, which may take minutes", a.refusal(), root)
		for _, digits := range []string{"000", "0000"} {
			r.findWorkFolders(ctx, src, a.plan.Layout, root, digits, hashes, found)
		}
	}
	if len(found) == 0 {
		return nil
	}
	return found
}

// workRoots gives the go command's own folders of those for packages.
func workRoots(folders map[string]string) (roots []string) {
	for _, pkg := range slices.Sorted(maps.Keys(folders)) {
		m := workFolder().FindStringSubmatch(folders[pkg])
		if m == nil || checkRecorded(m[1]) != nil || slices.Contains(roots, m[1]) {
			continue
		}
		const most = 4 // the go command has one, and its cache has those of others
		if roots = append(roots, m[1]); len(roots) == most {
			break
		}
	}
	return roots
}

// hashes gives the host's of some packages.
func (r *run) hashes(packages []string) (map[string]inspector.Hash, error) {
	list, err := r.host.Packages()
	if err != nil {
		return nil, err
	}
	hashes := map[string]inspector.Hash{}
	for _, p := range list {
		if slices.Contains(packages, p.Path) {
			hashes[p.Path] = p.Hash
		}
	}
	return hashes, nil
}

// maxHashed bounds how many bytes are hashed in search of one folder.
const maxHashed = 4 << 30

// findWorkFolders compiles the packages that are not found yet, as if their folder had a
// number of so many digits, and puts each number there is in its place.
func (r *run) findWorkFolders(ctx context.Context, src Source, l Layout, root, digits string, hashes map[string]inspector.Hash, found map[string]string) {
	guess := root + "/b" + digits
	src.Learned.Work = map[string]string{}
	for pkg := range hashes {
		if found[pkg] == "" {
			src.Learned.Work[pkg] = guess
		}
	}
	if len(src.Learned.Work) == 0 {
		return
	}
	plan, err := r.planFor(src, l)
	if err != nil {
		return
	}
	dir, err := r.write(plan)
	if err != nil {
		return
	}
	list, err := r.listExported(ctx, &attempt{built: built{dir: dir}, plan: plan, src: src})
	if err != nil {
		return
	}
	for _, pkg := range list {
		if src.Learned.Work[pkg.ImportPath] == "" {
			continue
		}
		data, err := readRegular(pkg.Export)
		if err != nil {
			continue
		}
		if n, ok := numberOf(exportData(data), guess, len(digits), hashes[pkg.ImportPath]); ok {
			found[pkg.ImportPath] = path.Join(root, n)
		}
	}
}

// exportData gives what a compiled package's hash is made of: the data between the two
// marks of its archive's first member, without what says which format it has and, at the
// end, the hash itself (cmd/compile/internal/noder WriteExports, internal/pkgbits DumpTo).
// It is nil for anything else than such an archive.
func exportData(archive []byte) []byte {
	const begin, end = "\n$$B\nu", "\n$$\n"
	files := members(archive)
	if len(files) == 0 {
		return nil
	}
	first := files[0].data
	from := bytes.Index(first, []byte(begin))
	if from < 0 {
		return nil
	}
	data := first[from+len(begin):]
	to := bytes.LastIndex(data, []byte(end)) // the data itself may hold those bytes, too
	if to < len(inspector.Hash{}) {
		return nil
	}
	return data[:to-len(inspector.Hash{})]
}

// numberOf finds the number of a folder, in so many digits, with which export data that
// has another one gets a hash.
func numberOf(data []byte, guess string, digits int, want inspector.Hash) (name string, ok bool) {
	if !bytes.Contains(data, []byte(guess)) {
		return "", false
	}
	first, last := 0, 999
	if digits > 3 {
		first, last = 1000, 9999
	}
	for n, hashed := first, int64(0); n <= last && hashed < maxHashed; n, hashed = n+1, hashed+int64(len(data)) {
		name = fmt.Sprintf("b%03d", n)
		to := guess[:strings.LastIndexByte(guess, '/')+1] + name
		sum := sha256.Sum256(bytes.ReplaceAll(data, []byte(guess), []byte(to)))
		if inspector.Hash(sum[:len(want)]) == want {
			return name, true
		}
	}
	return "", false
}
