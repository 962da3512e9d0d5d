package report

import (
	"io"
	"strings"

	"github.com/plugtool/plugtool/inspector"
)

// codeQuality is an issue of GitLab's Code Quality report.
type codeQuality struct {
	Description string          `json:"description"`
	CheckName   string          `json:"check_name"`
	Fingerprint string          `json:"fingerprint"`
	Severity    string          `json:"severity"`
	Location    qualityLocation `json:"location"`
}

type qualityLocation struct {
	Path  string       `json:"path"`
	Lines qualityLines `json:"lines"`
}

type qualityLines struct {
	Begin int `json:"begin"`
}

// WriteGitLab writes the findings that count as a Code Quality report, which
// GitLab shows in merge requests where a job declares it as an artifact.
func WriteGitLab(w io.Writer, r *Report) error {
	issues := []codeQuality{}
	severity := map[inspector.Severity]string{inspector.Error: "critical", inspector.Warning: "minor", inspector.Note: "info"}
	r.any(func(host *inspector.HostRef, p Plugin) bool {
		for _, f := range r.findings(host, p) {
			if f.Suppressed != nil {
				continue
			}
			place := r.where(p, f)
			title, _, _ := strings.Cut(prose(host, p, f), "\n")
			issues = append(issues, codeQuality{
				Description: f.ID + ": " + title + " (" + Printable(p.File) + " in " + Printable(suiteName(host)) + ")",
				CheckName:   f.ID,
				Fingerprint: f.Fingerprint,
				Severity:    severity[f.Severity],
				Location:    qualityLocation{Path: place.File, Lines: qualityLines{Begin: max(place.Line, 1)}},
			})
		}
		return false
	})
	return WriteDocument(w, issues)
}
