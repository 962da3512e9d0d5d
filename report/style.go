package report

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/plugtool/plugtool/inspector"
)

// Style says how much a text report shows, and whether in colour.
type Style struct {
	Color   bool // only for a terminal whose user has not set NO_COLOR
	Verbose bool // every package and every fact
	Quiet   bool // nothing about plugins of which all that was asked holds
}

// Escape sequences of SGR; the reset closes any of them.
const (
	bold   = "\x1b[1m"
	dim    = "\x1b[2m"
	red    = "\x1b[1;31m"
	green  = "\x1b[1;32m"
	yellow = "\x1b[1;33m"
	reset  = "\x1b[0m"
)

func (s Style) paint(color, text string) string {
	if !s.Color || text == "" {
		return text
	}
	return color + text + reset
}

func (s Style) outcome(o inspector.Outcome) string {
	switch o {
	case inspector.Loads:
		return s.paint(green, string(o))
	case inspector.Refused, inspector.Crashes:
		return s.paint(red, string(o))
	}
	return s.paint(yellow, string(o))
}

func (s Style) severity(v inspector.Severity) string {
	switch v {
	case inspector.Error:
		return s.paint(red, string(v))
	case inspector.Warning:
		return s.paint(yellow, string(v))
	}
	return s.paint(bold, string(v))
}

// Printable makes text from a hostile file harmless on a terminal: what is not
// printable (escape sequences, line breaks, direction marks) is written as Go
// would escape it.
func Printable(text string) string {
	clean := func(r rune) bool { return r != utf8.RuneError && (r == ' ' || unicode.IsGraphic(r)) }
	if strings.IndexFunc(text, func(r rune) bool { return !clean(r) }) < 0 {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if clean(r) {
			b.WriteRune(r)
			continue
		}
		b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
	}
	return b.String()
}

// Defused makes a line of a log mean nothing to GitHub's runner, which takes
// lines that begin with two colons, and what follows ##[, for commands; a
// hostile name may look like one.
func Defused(line string) string {
	if text := strings.TrimLeft(line, " "); strings.HasPrefix(text, "::") {
		line = line[:len(line)-len(text)] + `\x3a` + text[1:]
	}
	return strings.ReplaceAll(line, "##[", `#\x23[`)
}

// wrap breaks text into lines of at most width characters, at spaces. A word
// that is longer stands alone; line breaks in the text are kept.
func wrap(text string, width int) []string {
	var lines []string
	for paragraph := range strings.SplitSeq(text, "\n") {
		line := ""
		for word := range strings.FieldsSeq(paragraph) {
			switch {
			case line == "":
				line = word
			case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width:
				lines = append(lines, line)
				line = word
			default:
				line += " " + word
			}
		}
		lines = append(lines, line)
	}
	return lines
}
