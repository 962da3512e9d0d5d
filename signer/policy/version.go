package policy

import (
	"cmp"
	"strings"
)

// A version is a semantic version with the v that Go modules have.
type version struct {
	core [3]string // major, minor, patch: digits
	pre  []string  // of a release that is still to come
}

// parseVersion reads a version such as v1.4.0 or v2.0.0-rc.1+incompatible.
func parseVersion(s string) (version, bool) {
	rest, ok := strings.CutPrefix(s, "v")
	if !ok || len(s) > 256 {
		return version{}, false
	}
	rest, build, hasBuild := strings.Cut(rest, "+")
	core, pre, hasPre := strings.Cut(rest, "-")
	numbers := strings.Split(core, ".")
	if len(numbers) != 3 || hasBuild && !identifiers(build) || hasPre && !identifiers(pre) {
		return version{}, false
	}
	var v version
	for i, n := range numbers {
		if !isNumber(n) {
			return version{}, false
		}
		v.core[i] = n
	}
	if hasPre {
		v.pre = strings.Split(pre, ".")
		for _, id := range v.pre {
			if digits(id) && !isNumber(id) {
				return version{}, false // a leading zero
			}
		}
	}
	return v, true
}

func identifiers(s string) bool {
	for id := range strings.SplitSeq(s, ".") {
		if id == "" || strings.Trim(id, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-") != "" {
			return false
		}
	}
	return true
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

func isNumber(s string) bool { return digits(s) && (s == "0" || s[0] != '0') }

// compare orders versions as semver.org has it: a release comes after what it was
// prepared by.
func (v version) compare(o version) int {
	for i := range v.core {
		if c := compareNumbers(v.core[i], o.core[i]); c != 0 {
			return c
		}
	}
	if len(v.pre) == 0 || len(o.pre) == 0 {
		return cmp.Compare(len(o.pre), len(v.pre))
	}
	for i := range min(len(v.pre), len(o.pre)) {
		a, b := v.pre[i], o.pre[i]
		var c int
		switch {
		case digits(a) && digits(b):
			c = compareNumbers(a, b)
		case digits(a):
			c = -1
		case digits(b):
			c = 1
		default:
			c = strings.Compare(a, b)
		}
		if c != 0 {
			return c
		}
	}
	return cmp.Compare(len(v.pre), len(o.pre))
}

// compareNumbers compares numbers of any size without leading zeros.
func compareNumbers(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}
