package report

import (
	"io"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/chavacava/garif"

	"github.com/plugtool/plugtool/docs"
	"github.com/plugtool/plugtool/inspector"
)

const (
	sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	projectURL  = "https://github.com/plugtool/plugtool"

	// sourceRoot stands for the root of the repository, wherever it lies: it has
	// no address of its own, so that a report says nothing of the machine.
	sourceRoot = "%SRCROOT%"
)

// garif leaves out a list that is empty; readers take results that are left out
// for a run that failed.
type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	*garif.Run
	Results []*garif.Result `json:"results"`
}

// WriteSARIF writes a report as SARIF 2.1.0, one run for all hosts and plugins,
// one result per finding, sorted by place and rule. The version is plugtool's.
func WriteSARIF(w io.Writer, r *Report, version string) error {
	rules := map[string]*garif.ReportingDescriptor{}
	results := []*garif.Result{}
	r.any(func(host *inspector.HostRef, p Plugin) bool {
		for _, f := range r.findings(host, p) {
			rules[f.ID] = sarifRule(f.Finding)
			results = append(results, r.sarifResult(host, p, f))
		}
		return false
	})
	slices.SortStableFunc(results, func(a, b *garif.Result) int { return strings.Compare(sarifKey(a), sarifKey(b)) })
	driver := garif.NewToolComponent("plugtool")
	driver.InformationUri, driver.Version = projectURL, version
	for _, kind := range Kinds() {
		if rule := rules[kind.ID]; rule != nil {
			driver.Rules = append(driver.Rules, rule)
		}
	}
	run := garif.NewRun(garif.NewTool(driver))
	run.OriginalUriBaseIds = map[string]*garif.ArtifactLocation{
		sourceRoot: {Description: garif.NewMessageFromText("the root of the source tree")},
	}
	return WriteDocument(w, sarifLog{Schema: sarifSchema, Version: "2.1.0", Runs: []sarifRun{{run, results}}})
}

// sarifKey sorts results: by file, rule and fingerprint.
func sarifKey(r *garif.Result) string {
	at := r.Locations[0].PhysicalLocation
	return strings.Join([]string{at.ArtifactLocation.Uri, r.RuleId, r.PartialFingerprints[fingerprintName]}, "\x00")
}

// fingerprintName is the name of the fingerprint's scheme in SARIF.
const fingerprintName = "plugtool/v1"

func sarifRule(f inspector.Finding) *garif.ReportingDescriptor {
	rule := garif.NewRule(f.ID)
	rule.Name = f.Slug
	rule.HelpUri = inspector.DocsURL + f.ID + ".md"
	page, _ := docs.Findings.ReadFile("findings/" + f.ID + ".md") // a test holds that it is there
	title, _, _ := strings.Cut(string(page), "\n")
	_, title, _ = strings.Cut(title, ": ")
	rule.ShortDescription = garif.NewMultiformatMessageString(title)
	rule.Help = garif.NewMultiformatMessageString(string(page))
	rule.Help.Markdown = string(page)
	return rule
}

func (r *Report) sarifResult(host *inspector.HostRef, p Plugin, f Finding) *garif.Result {
	result := garif.NewResult(garif.NewMessageFromText(prose(host, p, f)))
	result.RuleId = f.ID
	result.Level = garif.ResultLevel(f.Severity) // SARIF's words are ours
	result.Locations = []*garif.Location{sarifLocation(r.where(p, f))}
	result.PartialFingerprints = map[string]string{fingerprintName: f.Fingerprint}
	if r.Policy.Known != nil {
		result.BaselineState = "new"
	}
	if f.Suppressed == nil {
		return result
	}
	suppression := &garif.Suppression{Kind: "external", Status: "accepted", Justification: "known: it is in the baseline"}
	if f.Suppressed.By == ByIgnore {
		suppression.Justification = "until " + f.Suppressed.Until + ": " + f.Suppressed.Reason
	} else {
		result.BaselineState = "unchanged"
	}
	result.Suppressions = []*garif.Suppression{suppression}
	return result
}

func sarifLocation(at Location) *garif.Location {
	file := garif.NewArtifactLocation()
	switch {
	case path.IsAbs(at.File):
		file.Uri = (&url.URL{Scheme: "file", Path: at.File}).String()
	default:
		file.Uri, file.UriBaseId = (&url.URL{Path: at.File}).String(), sourceRoot
	}
	location := garif.NewLocation()
	location.PhysicalLocation = garif.NewPhysicalLocation()
	location.PhysicalLocation.ArtifactLocation = file
	location.PhysicalLocation.Region = garif.NewRegion()
	location.PhysicalLocation.Region.StartLine = max(at.Line, 1) // GitHub refuses results without a line
	return location
}

// prose tells a finding in lines of plain text: what, of which plugin, the
// values of both sides, and what mends it.
func prose(host *inspector.HostRef, p Plugin, f Finding) string {
	lines := []string{Printable(f.Title)}
	add := func(name, value string) {
		if value != "" {
			lines = append(lines, name+Printable(value))
		}
	}
	if host != nil {
		add("", p.File+" in "+hostText(host)+": "+string(p.Outcome))
	} else {
		add("", p.File)
	}
	add("", p.Refusal)
	add("host: ", f.Host)
	add("plugin: ", f.Plugin)
	add("packages: ", someOf(packagesOf(f.Finding)))
	add("", f.Detail)
	for _, fix := range f.Fix {
		add("fix: ", fix)
	}
	return strings.Join(lines, "\n")
}

// someOf names the first few of many.
func someOf(names []string) string {
	const most = 8
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most], ", ") + " and " + plural(len(names)-most, "other", "others")
}
