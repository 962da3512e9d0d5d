package builder

import (
	"regexp"
	"slices"
	"strings"

	"github.com/plugtool/plugtool/inspector"
)

// Flags for the C compiler and linker count where Go code can see them. Constants and
// types that the preprocessor decides are compiled into the Go side of a package. And of
// CGO_LDFLAGS the number of words counts, whatever they say: cgo writes a line for
// each at the beginning of the file that it generates, and lines are part of a package's
// hash (cmd/cgo/out.go).

// defaultCgoFlags is what the go command takes for CGO_CFLAGS and CGO_LDFLAGS where they
// are not set (cmd/go/internal/work, buildFlags).
const defaultCgoFlags = "-O2 -g"

// visibleCflags are the flags of the C compiler that Go code may see the effect of, and
// that do nothing else: they define names and choose how types are laid out.
var visibleCflags = []func() *regexp.Regexp{
	lazily(`^-[DU][A-Za-z_][A-Za-z0-9_]{0,99}(=[A-Za-z0-9_.+-]{0,100})?$`),
	lazily(`^-std=(c|gnu|iso)[0-9a-z:]{1,12}$`),
	lazily(`^-f(no-)?(short-enums|signed-char|unsigned-char|short-wchar)$`),
}

// hostCflags gives those words of the host's CGO_CFLAGS and CGO_CPPFLAGS that a plugin
// takes over, and those that it might need and is not given: they name files.
func hostCflags(b *inspector.Binary) (words, dropped []string) {
	for _, key := range []string{"CGO_CPPFLAGS", "CGO_CFLAGS"} {
		all, err := splitQuoted(b.Setting(key))
		if err != nil {
			continue
		}
		for _, word := range all {
			visible := func(re func() *regexp.Regexp) bool { return re().MatchString(word) }
			switch {
			case slices.ContainsFunc(visibleCflags, visible):
				words = append(words, word)
			case strings.HasPrefix(word, "-I"), strings.HasPrefix(word, "-i"), strings.HasPrefix(word, "-D"):
				dropped = append(dropped, word)
			}
		}
	}
	return words, dropped
}

// hostLinkWords gives the number of words of the host's CGO_LDFLAGS; 0 where it is not
// recorded, as in a trimmed host, or cannot be read.
func hostLinkWords(b *inspector.Binary) int {
	words, err := splitQuoted(b.Setting("CGO_LDFLAGS"))
	if err != nil || len(words) > maxLinkWords {
		return 0
	}
	return len(words)
}

// maxLinkWords bounds what is believed of a host.
const maxLinkWords = 200

// cgoEnv gives the settings for the C compiler and linker over the user's own.
func (p *planner) cgoEnv() (env []string) {
	if words := p.settings.cflags; len(words) > 0 {
		own, err := splitQuoted(p.src.Go.CFlags)
		if err == nil {
			for _, word := range words {
				if !slices.Contains(own, word) {
					own = append(own, word)
				}
			}
			env = append(env, "CGO_CFLAGS="+strings.Join(quoteWords(own), " "))
		}
	}
	want := p.settings.linkWords
	if n := p.src.Learned.LinkWords; n > 0 {
		want = n
	}
	own, err := splitQuoted(p.src.Go.LDFlags)
	if want == 0 || err != nil || len(own) == want {
		return env
	}
	if len(own) > want && p.src.Go.LDFlags != defaultCgoFlags {
		p.warn("CGO_LDFLAGS has %d words, and the host's had %d: the number is part of what packages with C code are told apart by; give flags for the linker by -- '-ldflags=-extldflags=…' instead", len(own), want)
		return env
	}
	for len(own) < want {
		own = append(own, "-g") // one of the defaults, which changes nothing
	}
	return append(env, "CGO_LDFLAGS="+strings.Join(quoteWords(own[:want]), " "))
}

// quoteWords writes words so that splitQuoted reads them back, as far as that goes.
func quoteWords(words []string) []string {
	list := make([]string, 0, len(words))
	for _, word := range words {
		if quoted, err := quoteWord(word); err == nil {
			list = append(list, quoted)
		}
	}
	return list
}
