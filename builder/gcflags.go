package builder

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// pkgFlags are compiler flags for the packages that match a pattern, as one
// -gcflags argument gives them. An empty pattern stands for the packages that
// were named on the command line.
type pkgFlags struct {
	pattern string
	flags   []string
}

// patternPattern admits package patterns and import paths, nothing that the go
// command could take for a flag.
var patternPattern = lazily(`^[\pL\p{Nd}_.~/][\pL\p{Nd}_.~/+-]*$`)

// knownGcflags are the compiler flags that change what is compiled and do
// nothing else. The compiler has others that write files (-cpuprofile,
// -linkobj, -asmhdr, -json) or read some (-importcfg, -embedcfg): a host
// must not be able to ask for those.
var knownGcflags = []func() *regexp.Regexp{
	lazily(`^-[NBC+]$`),
	lazily(`^-l(=[0-4])?$`),
	lazily(`^-wb(=(true|false|0|1))?$`),
	lazily(`^-dwarf(=(true|false|0|1))?$`),
	lazily(`^-dwarf(basentries|locationlists)(=(true|false|0|1))?$`),
	lazily(`^-spectre=(all|index|ret|index,ret|ret,index)$`),
	lazily(`^-d=(checkptr|loopvar|inlfuncswithclosures|wrapglobalmapinit|inlstaticinit|unsafestructs)(=-?[0-9]{1,3})?$`),
}

// knownGcflag says whether a flag of the compiler is one of those.
func knownGcflag(flag string) bool {
	return slices.ContainsFunc(knownGcflags, func(re func() *regexp.Regexp) bool { return re().MatchString(flag) })
}

// silentGcflags only make the compiler talk, or say how many workers it has: to
// leave them out changes no code. A -trimpath without a pattern is the main package's.
var silentGcflags = lazily(`^-(m(=[0-9]+)?|S|e|L|live|c=[0-9]+|trimpath=.*)$`)

// ownTrimpath is the compiler's own -trimpath, as Makefiles had it before go build did. It
// decides which paths packages record, see [run.workFolders].
var ownTrimpath = lazily(`^-trimpath=[\pL\p{Nd}_.~/@:+;=>-]+$`)

// hostGcflags reads the -gcflags setting of a host. What is not known to be
// harmless is left out and told: the verdict says whether it mattered.
func hostGcflags(setting string) (known []pkgFlags, dropped []string, err error) {
	setting = strings.TrimSpace(setting)
	if setting == "" {
		return nil, nil, nil
	}
	if strings.ContainsAny(setting, "\x00\n\r") {
		return nil, nil, fmt.Errorf("-gcflags=%q", setting)
	}
	var pf pkgFlags
	value := setting
	if !strings.HasPrefix(setting, "-") {
		pattern, rest, ok := strings.Cut(setting, "=")
		if pattern = strings.TrimSpace(pattern); !ok || !patternPattern().MatchString(pattern) {
			return nil, nil, fmt.Errorf("-gcflags=%q", setting)
		}
		pf.pattern, value = pattern, rest
	}
	words, err := splitQuoted(value)
	if err != nil {
		return nil, nil, fmt.Errorf("-gcflags=%q: %w", setting, err)
	}
	for i := 0; i < len(words); i++ {
		word := words[i]
		if strings.HasPrefix(word, "--") {
			word = word[1:]
		}
		if slices.Contains([]string{"-d", "-spectre", "-c", "-trimpath"}, word) && i+1 < len(words) {
			i++
			word += "=" + words[i]
		}
		switch {
		case knownGcflag(word):
			pf.flags = append(pf.flags, word)
		case pf.pattern != "" && ownTrimpath().MatchString(word):
			pf.flags = append(pf.flags, word)
		case !silentGcflags().MatchString(word):
			dropped = append(dropped, word)
		}
	}
	if len(pf.flags) == 0 {
		return nil, dropped, nil
	}
	return []pkgFlags{pf}, dropped, nil
}

// gcflagsFor gives the flags that one of the lists' entries has for a package:
// the last that matches wins, as in the go command.
func gcflagsFor(list []pkgFlags, pkg string, std bool) []string {
	var flags []string
	for _, pf := range list {
		if matchPattern(pf.pattern, pkg, std) {
			flags = pf.flags
		}
	}
	return flags
}

// matchPattern says whether a package pattern covers a package. Patterns of
// folders and the empty pattern cover none here: who knows what they cover
// turns them into import paths first.
func matchPattern(pattern, pkg string, std bool) bool {
	switch {
	case pattern == "all":
		return true
	case pattern == "std" || pattern == "cmd":
		return std && pattern == "std"
	case pattern == "" || strings.HasPrefix(pattern, "."):
		return false
	case !strings.Contains(pattern, "..."):
		return pattern == pkg
	}
	if base, ok := strings.CutSuffix(pattern, "/..."); ok && base == pkg {
		return true
	}
	expr := strings.ReplaceAll(regexp.QuoteMeta(pattern), `\.\.\.`, `.*`)
	return regexp.MustCompile(`^` + expr + `$`).MatchString(pkg)
}

// argument writes a -gcflags argument of the go command.
func (pf pkgFlags) argument() (string, error) {
	words := make([]string, len(pf.flags))
	for i, word := range pf.flags {
		quoted, err := quoteWord(word)
		if err != nil {
			return "", err
		}
		words[i] = quoted
	}
	flags := strings.Join(words, " ")
	if pf.pattern == "" {
		return "-gcflags=" + flags, nil
	}
	return "-gcflags=" + pf.pattern + "=" + flags, nil
}

// splitQuoted splits a string into words as the go command does for flags and
// GOFLAGS: at white space, where a word may stand in single or double quotes,
// without escapes.
func splitQuoted(s string) ([]string, error) {
	var words []string
	for {
		s = strings.TrimLeft(s, " \t\n\r")
		if s == "" {
			return words, nil
		}
		if s[0] == '"' || s[0] == '\'' {
			end := strings.IndexByte(s[1:], s[0])
			if end < 0 {
				return nil, fmt.Errorf("unterminated %c", s[0])
			}
			words = append(words, s[1:1+end])
			s = s[end+2:]
			continue
		}
		end := strings.IndexAny(s, " \t\n\r")
		if end < 0 {
			end = len(s)
		}
		words = append(words, s[:end])
		s = s[end:]
	}
}

// quoteWord writes a word so that splitQuoted reads it back.
func quoteWord(word string) (string, error) {
	switch {
	case word != "" && !strings.ContainsAny(word, " \t\n\r'\""):
		return word, nil
	case !strings.Contains(word, `'`):
		return `'` + word + `'`, nil
	case !strings.Contains(word, `"`):
		return `"` + word + `"`, nil
	}
	return "", fmt.Errorf("%q holds both kinds of quotes, which the go command cannot read", word)
}
