package trial

import (
	"slices"
	"strings"
)

// dyingAside gives the stack of the goroutine that ended the process, where that was not
// the one which opens plugins. The runtime prints it first, and then all others
// (runtime/panic.go, dopanic_m); "" where the trace does not show it.
func dyingAside(trace string) string {
	if !strings.Contains("\n"+trace, "\npanic: ") && !strings.Contains(trace, "fatal error: ") {
		return ""
	}
	for block := range strings.SplitSeq(trace, "\n\n") {
		head, _, _ := strings.Cut(block, "\n")
		if !strings.HasPrefix(head, "goroutine ") || strings.HasPrefix(head, "goroutine 0 ") {
			continue
		}
		if !strings.Contains(head, "[running") || strings.Contains(block, "\nplugin.open(") {
			return ""
		}
		if openingStack(trace) == "" && !strings.Contains(block, "\ncreated by ") {
			return "" // the main goroutine, of which nothing shows what it was at
		}
		return block
	}
	return ""
}

// Attribute says whose goroutine ended the process, where the names of its functions tell:
// paths are the import paths that each plugin's own functions are named by; one that ends in
// a slash stands for all below it. The plugin that was being opened meanwhile is not blamed
// for another's.
func Attribute(list []Happened, paths [][]string) {
	at := slices.IndexFunc(list, func(h Happened) bool { return h.Aside != "" })
	if at < 0 {
		return
	}
	switch whose := owner(list[at].Aside, paths[:at+1]); {
	case whose < 0:
	case whose == at:
		list[at].Own = true
	default:
		ended, own := list[at], &list[whose]
		own.Outcome, own.Text, own.Stack, own.Aside, own.Own, own.Open = Crashes, ended.Text, ended.Stack, ended.Aside, true, true
		list[at] = Happened{File: ended.File, Outcome: Unknown, Run: ended.Run}
		if ended.Open {
			list[at].Outcome, list[at].Symbols, list[at].Elapsed = Loads, ended.Symbols, ended.Elapsed
		}
	}
}

// owner gives the plugin that the innermost function of any plugin's belongs to, -1 for
// none, and where several have that function. What a package that plugins share did is the
// doing of whose goroutine it is.
func owner(stack string, paths [][]string) int {
	for line := range strings.Lines(stack) {
		name := strings.TrimPrefix(line, "created by ")
		whose := -1
		for i, own := range paths {
			if !slices.ContainsFunc(own, func(path string) bool { return names(name, path) }) {
				continue
			}
			if whose >= 0 {
				return -1
			}
			whose = i
		}
		if whose >= 0 {
			return whose
		}
	}
	return -1
}

// names says whether a function's name is one of a package.
func names(function, path string) bool {
	// The linker writes a dot in a path's last element as %2e.
	dir, base := path[:strings.LastIndex(path, "/")+1], path[strings.LastIndex(path, "/")+1:]
	if base == "" {
		return dir != "" && strings.HasPrefix(function, dir)
	}
	return strings.HasPrefix(function, dir+strings.ReplaceAll(base, ".", "%2e")+".")
}
