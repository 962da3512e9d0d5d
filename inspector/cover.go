package inspector

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plugtool/plugtool/inspector/goelf"
)

// CoveredPackages lists the packages that were compiled with coverage counters, by
// path. Build information says that a host was built with -cover, and never which
// packages -coverpkg named, but each of those has symbols PKG.goCover_ID_M and the like
// (cmd/cover). The main package is called main.
func (h *Host) CoveredPackages() ([]string, error) {
	if h.image == nil {
		return h.covered, nil
	}
	var list []string
	err := guard(func() (err error) { list, err = coveredIn(h.image, &h.bin); return err })
	if err != nil {
		return nil, fmt.Errorf("read host %s: %w", h.bin.File, err)
	}
	return list, nil
}

func coveredIn(im *goelf.Image, b *Binary) ([]string, error) {
	// Go records -cover since 1.23 only; older files are looked through in any case.
	if minor := minorOf(b.GoVersion); b.Setting("-cover") != "true" && (minor == 0 || minor >= 23) {
		return nil, nil
	}
	var list []string
	for s, err := range im.Symbols() {
		if err != nil {
			return nil, err
		}
		if pkg, _, ok := strings.Cut(s.Name, ".goCover_"); ok && s.Defined {
			list = append(list, goelf.Unescape(pkg))
		}
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

// coveredPackages is Host.CoveredPackages; what cannot be read is left out, since it
// only explains.
func (p *Plugin) coveredPackages() []string {
	if p.mod == nil {
		return nil
	}
	list, _ := coveredIn(p.image, p.Binary)
	return list
}
