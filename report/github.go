package report

import (
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/plugtool/plugtool/inspector"
)

// annotationsShown is how many annotations of one kind GitHub shows of a step;
// it drops the others without a word.
const annotationsShown = 10

// WriteGitHub writes the findings that count as workflow commands, which GitHub
// shows as annotations: at most ten of each severity, and how many more there
// are. They supplement a report, they are none.
func WriteGitHub(w io.Writer, r *Report) error {
	var b strings.Builder
	for _, s := range []inspector.Severity{inspector.Error, inspector.Warning, inspector.Note} {
		r.annotate(&b, s)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) annotate(b *strings.Builder, s inspector.Severity) {
	command := string(s)
	if s == inspector.Note {
		command = "notice" // GitHub's word
	}
	n := 0
	r.any(func(host *inspector.HostRef, p Plugin) bool {
		for _, f := range r.findings(host, p) {
			if f.Severity != s || f.Suppressed != nil {
				continue
			}
			if n++; n > annotationsShown {
				continue
			}
			place, at := r.where(p, f), ""
			if !path.IsAbs(place.File) { // else it is not in the repository, and GitHub has no place to show it
				at = "file=" + property(Printable(place.File))
			}
			if at != "" && place.Line > 0 {
				at += fmt.Sprintf(",line=%d", place.Line)
			}
			title := property(f.ID + " " + Printable(f.Title))
			fmt.Fprintf(b, "::%s %s::%s\n", command, strings.TrimPrefix(at+",title="+title, ","), commandData(prose(host, p, f)))
		}
		return false
	})
	if n > annotationsShown {
		fmt.Fprintf(b, "plugtool: and %s, of which GitHub shows no annotation\n", plural(n-annotationsShown, "more "+command, "more "+command+"s"))
	}
}

// commandData escapes the message of a workflow command, as actions/toolkit does
// (packages/core/src/command.ts).
func commandData(text string) string { return dataEscapes.Replace(text) }

// property escapes a property of a workflow command.
func property(text string) string { return propertyEscapes.Replace(text) }

var (
	dataEscapes     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	propertyEscapes = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)
