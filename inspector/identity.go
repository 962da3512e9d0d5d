package inspector

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"
	"sync"
)

// identitySchema names how an identity is computed. Another way is another name, so that
// identities made in two ways never compare equal.
const identitySchema = "plugtool.host-identity/v1"

// Identity names the host by all that plugin.Open's answer depends on in it, as
// sha256: and 64 hexadecimal digits: what was proved to load into a host loads into each
// with the same identity, on a machine with the same C libraries.
//
// It is the same for a binary, stripped or not, for its descriptor and in the running
// process, and where a host is built anew to the same packages: its main package,
// which no plugin imports, its settings, folders and version may differ. It tells
// hosts apart that differ in what plugins cannot see, such as a package that none of
// them imports. Of a binary it reads the whole symbol table.
//
// A host into which nothing loads has no identity: that is an error.
func (h *Host) Identity() (string, error) {
	if h.bin.Loading != LoadingWorks {
		return "", fmt.Errorf("host %s has no identity for proofs: no plugin loads into it (loading is %q)", h.bin.File, h.bin.Loading)
	}
	h.identity.once.Do(func() { h.identity.text, h.identity.err = h.makeIdentity() })
	return h.identity.text, h.identity.err
}

// madeIdentity is the result of Identity.
type madeIdentity struct {
	once sync.Once
	text string
	err  error
}

func (h *Host) makeIdentity() (string, error) {
	packages, err := h.Packages()
	if err != nil {
		return "", err
	}
	names, err := h.cSymbols()
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	b := &h.bin
	list(sum, identitySchema, b.GoVersion, b.Platform, b.Interpreter, fmt.Sprint(b.ModuledataSize))
	list(sum, fmt.Sprint(h.tls.Size), fmt.Sprint(h.tls.Align), fmt.Sprint(h.tls.First), fmt.Sprint(h.stackExec))
	list(sum, b.Needed...)
	list(sum, h.rpath...)
	list(sum, h.runpath...)
	list(sum, names.encoded())
	slices.SortFunc(packages, func(a, b Package) int { return cmp.Compare(a.Path, b.Path) })
	var lines []string
	for _, p := range packages {
		if p.Path != "main" {
			lines = append(lines, p.Path, p.Hash.String())
		}
	}
	list(sum, lines...)
	return "sha256:" + hex.EncodeToString(sum.Sum(nil)), nil
}

// list adds texts to a sum, so that no two lists add the same.
func list(to hash.Hash, texts ...string) {
	fmt.Fprintf(to, "%d\n", len(texts)) // a hash.Hash never returns an error
	for _, t := range texts {
		fmt.Fprintf(to, "%d:%s\n", len(t), t)
	}
}
