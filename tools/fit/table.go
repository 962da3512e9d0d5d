package main

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
)

var spaces = regexp.MustCompile(`\s+`)

func short(text string, most int) string {
	text = strings.TrimSpace(spaces.ReplaceAllString(text, " "))
	if len([]rune(text)) > most {
		text = string([]rune(text)[:most-1]) + "…"
	}
	return text
}

// byHandSays tells in a few words what became of the build by hand.
func (r *result) byHandSays() string {
	switch {
	case r.hand == "":
		return "does not build: " + r.handWhy
	case r.handLoads():
		return "loads"
	case strings.HasPrefix(r.hand, "loads: "):
		return "loads, and is wrong: " + r.hand
	}
	return r.hand
}

// plugtoolSays tells in a few words what became of plugtool's build.
func (r *result) plugtoolSays() string {
	switch {
	case r.err != nil:
		return "VARIANT FAILED: " + r.err.Error()
	case r.fits():
		return "loads"
	case r.refusesRightly():
		return "exit 3: " + r.built.reason
	case r.plugtool != "":
		return "WRONG: " + r.plugtool
	}
	return fmt.Sprintf("FAILED: exit %d: %s", r.built.code, r.built.reason)
}

func (r *result) line() string {
	if r.err != nil {
		return fmt.Sprintf("%s | VARIANT FAILED", r.title())
	}
	return fmt.Sprintf("%s | by hand %s | plugtool %s | %s | %.1f s", r.title(), short(r.byHandSays(), 70), short(r.plugtoolSays(), 100), r.built.layout, r.built.took.Seconds())
}

func (r *result) details() string {
	var b strings.Builder
	if r.err != nil {
		fmt.Fprintf(&b, "    %v\n", r.err)
		return b.String()
	}
	fmt.Fprintf(&b, "    the host says of plugtool's plugin %q, by hand %q %s\n", r.plugtool, r.hand, r.handWhy)
	if r.left != "" {
		fmt.Fprintf(&b, "    %s\n", r.left)
	}
	for line := range strings.Lines(r.built.said) {
		fmt.Fprintf(&b, "    | %s\n", strings.TrimRight(line, "\n"))
	}
	return b.String()
}

// tell prints the table and the totals, and says whether all is as it should be.
func tell(out io.Writer, results []*result, s settings, took time.Duration) bool {
	var bad, fit, refused, hand int
	for _, r := range results {
		switch {
		case r.bad():
			bad++
		case r.fits():
			fit++
		default:
			refused++
		}
		if r.handLoads() {
			hand++
		}
	}
	if s.markdown {
		writeMarkdown(out, results)
	} else {
		writeText(out, results)
	}
	fmt.Fprintf(out, "\n%d variants: plugtool's plugin loads in %d, plugtool says rightly that none can in %d, fails in %d; by hand the plugin loads in %d. In %s.\n",
		len(results), fit, refused, bad, hand, took.Round(time.Second))
	for _, r := range results {
		if r.bad() {
			fmt.Fprintf(out, "\n%s\n%s", r.line(), r.details())
		}
	}
	return bad == 0
}

func writeText(out io.Writer, results []*result) {
	group := ""
	for _, r := range results {
		if r.group != group {
			group = r.group
			fmt.Fprintf(out, "\n%s\n", group)
		}
		fmt.Fprintf(out, "  %-58s  %-44s  %-50s %-10s %5.1f s\n", short(r.name, 58), short(r.byHandSays(), 44), short(r.plugtoolSays(), 50), r.built.layout, r.built.took.Seconds())
	}
}

func writeMarkdown(out io.Writer, results []*result) {
	fmt.Fprint(out, "| Host | By hand | plugtool | Layout | Time |\n|---|---|---|---|---|\n")
	cell := func(text string, most int) string {
		return strings.NewReplacer("|", `\|`, "<", `\<`, "*", `\*`).Replace(short(text, most))
	}
	group := ""
	for _, r := range results {
		if r.group != group {
			group = r.group
			fmt.Fprintf(out, "| **%s** | | | | |\n", cell(group, 60))
		}
		fmt.Fprintf(out, "| %s | %s | %s | %s | %.1f s |\n", cell(r.name, 80), cell(r.byHandSays(), 90), cell(r.plugtoolSays(), 120), r.built.layout, r.built.took.Seconds())
	}
}
