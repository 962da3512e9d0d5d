package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/trial"
)

// outputShown is how many lines are shown of what a process printed, unless verbose.
const outputShown = 40

// TestSchema names the document that plugtool test writes.
const TestSchema = "plugtool.test/v1"

// Tests are what `plugtool test` has to tell: what happened when hosts opened plugins,
// beside what was foretold.
type Tests struct {
	Results []TestResult // one for each host, in the order of the command line
}

// TestResult is what happened in one host.
type TestResult struct {
	Host    inspector.HostRef
	Program TestProgram
	Plugins []TestedPlugin // every plugin asked for, in order
}

// TestProgram is what opened the plugins.
type TestProgram struct {
	Kind TestKind
	Why  string // it was this one, in a few words

	// For a small host: how it compares with the host, by packages of the plugins.
	Same                    int
	Missing, Differs, Extra []string
}

// TestKind says what kind of program opened the plugins.
type TestKind string

const (
	TestHost  TestKind = "host"       // the host itself, which answers plugtool test
	TestRun   TestKind = "command"    // the host itself, by arguments that were given
	TestSmall TestKind = "small-host" // a program that was built to stand in for it
	TestNone  TestKind = "none"       // none: the host never opens plugins
)

// TestedPlugin is one plugin that was opened.
type TestedPlugin struct {
	trial.Happened
	Symbols    []TestedSymbol
	Verdict    inspector.PluginVerdict
	Difference *trial.Difference // nil where what happened is what was foretold
}

// TestedSymbol is one line of a contract.
type TestedSymbol struct {
	Name       string
	Wants      string // the line, as it was given
	Type       string // what the symbol is; "" where there is none
	Status     SymbolStatus
	Error      string // Lookup's, or the assertion's
	Foretold   SymbolStatus
	Difference *trial.Difference
}

// SymbolStatus says how a symbol keeps a contract.
type SymbolStatus string

const (
	SymbolFits    SymbolStatus = "fits"
	SymbolMissing SymbolStatus = "missing"
	SymbolDiffers SymbolStatus = "differs"
	SymbolUnknown SymbolStatus = "unknown" // it is there, and whether the type fits nobody could say
)

// Breaks says that a host that relies on the contract fails with the symbol.
func (s SymbolStatus) Breaks() bool { return s == SymbolMissing || s == SymbolDiffers }

// Failed says that a plugin did not load, does not keep its contract, or, where it was opened
// in a program that lacks part of the host, that the verdict is against it.
func (p TestedPlugin) Failed() bool {
	for _, s := range p.Symbols {
		if s.Status.Breaks() {
			return true
		}
	}
	return p.Outcome != trial.Loads && p.Outcome != trial.Unknown || p.Difference != nil && p.Difference.By == trial.ByStandIn
}

// differences gives all that came otherwise than foretold.
func (p TestedPlugin) differences() []trial.Difference {
	var list []trial.Difference
	if p.Difference != nil {
		list = append(list, *p.Difference)
	}
	for _, s := range p.Symbols {
		if s.Difference != nil {
			list = append(list, *s.Difference)
		}
	}
	return list
}

// Fails says whether any plugin failed.
func (t *Tests) Fails() bool {
	_, _, failed, _ := t.count()
	return failed > 0
}

// Wrong lists what a verdict foretold wrongly, as sentences that name host and plugin.
func (t *Tests) Wrong() []string {
	var list []string
	for _, r := range t.Results {
		for _, p := range r.Plugins {
			for _, d := range p.differences() {
				if d.By == trial.ByPlugtool {
					list = append(list, fmt.Sprintf("%s in %s: %s", p.File, r.Host.File, d.Text))
				}
			}
		}
	}
	return list
}

func (t *Tests) count() (total, passed, failed, unknown int) {
	for _, r := range t.Results {
		for _, p := range r.Plugins {
			total++
			switch {
			case p.Failed():
				failed++
			case p.Outcome == trial.Unknown:
				unknown++
			default:
				passed++
			}
		}
	}
	return total, passed, failed, unknown
}

// said is what became of a plugin, in a line.
func (p TestedPlugin) said() string {
	text := string(p.Outcome)
	if p.Text != "" {
		text += ": " + p.Text
	}
	if p.Outcome == trial.Unknown {
		text = "not opened: the process had ended"
	}
	return text
}

// agreement says how that stands to the verdict.
func (p TestedPlugin) agreement() string {
	switch {
	case p.Difference != nil:
		return p.Difference.Text
	case p.Verdict.Outcome == inspector.Unknown || p.Outcome == trial.Unknown:
		return ""
	}
	return "as the verdict says: " + string(p.Verdict.Outcome)
}

// output is what the process printed, marked line by line. Unless all is asked for, the
// stacks of goroutines that have nothing to do with the plugin are left out.
func (p TestedPlugin) output(all bool) []string {
	var lines []string
	add := func(name, text string) {
		for line := range strings.Lines(strings.TrimRight(text, "\n")) {
			lines = append(lines, name+" | "+Printable(withoutTabs(strings.TrimRight(line, "\r\n"))))
		}
	}
	if p.Run != nil {
		stderr := p.Run.Stderr
		if i := strings.Index(stderr, "\n\ngoroutine "); i >= 0 && !all && p.Stack != "" {
			stderr = stderr[:i]
		}
		add("stdout", p.Run.Stdout)
		add("stderr", stderr)
	}
	add("stack", p.Stack)
	if left := len(lines) - outputShown; left > 0 && !all {
		lines = append(lines[:outputShown:outputShown], fmt.Sprintf("[%s more: --verbose]", plural(left, "line", "lines")))
	}
	return lines
}

// ended says how the process ended, "" where it ended well.
func (p TestedPlugin) ended() string {
	switch {
	case p.Run == nil || p.Run.How == trial.Ended:
		return ""
	case p.Run.Killed:
		return "killed, since it took too long (" + p.Run.How + ")"
	}
	return p.Run.How
}

// WriteTestText writes tests as go test does: a line for each plugin, and what is to be
// known of those that failed.
func WriteTestText(w io.Writer, t *Tests, style Style) error {
	var b strings.Builder
	for _, r := range t.Results {
		r.text(&b, style)
	}
	total, passed, failed, unknown := t.count()
	parts := []string{fmt.Sprintf("%d passed", passed)}
	if failed > 0 {
		parts = append(parts, fmt.Sprintf("%d failed", failed))
	}
	if unknown > 0 {
		parts = append(parts, fmt.Sprintf("%d not opened", unknown))
	}
	switch {
	case failed > 0:
		fmt.Fprintf(&b, "%s %s: %s\n", style.paint(red, "FAIL"), plural(total, "plugin", "plugins"), strings.Join(parts, ", "))
	case !style.Quiet:
		fmt.Fprintf(&b, "%s %s: %s\n", style.paint(green, "PASS"), plural(total, "plugin", "plugins"), strings.Join(parts, ", "))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r TestResult) text(b *strings.Builder, style Style) {
	if !style.Quiet {
		fmt.Fprintf(b, "%s: %s\n", Defused(Printable(hostText(&r.Host))), Printable(r.Program.said()))
		for _, line := range r.Program.gaps(style.Verbose) {
			fmt.Fprintf(b, "    %s\n", Printable(line))
		}
	}
	for _, p := range r.Plugins {
		if style.Quiet && !p.Failed() && len(p.differences()) == 0 {
			continue
		}
		r.pluginText(b, p, style)
	}
}

func (r TestResult) pluginText(b *strings.Builder, p TestedPlugin, style Style) {
	word := style.paint(green, "PASS")
	switch {
	case p.Failed():
		word = style.paint(red, "FAIL")
	case p.Outcome == trial.Unknown:
		word = style.paint(yellow, "SKIP")
	}
	name := Printable(p.File)
	if style.Verbose {
		fmt.Fprintf(b, "=== RUN   %s\n", name)
		name += fmt.Sprintf(" (%s)", p.Elapsed.Round(10*time.Millisecond))
	}
	fmt.Fprintf(b, "--- %s: %s\n", word, name)
	line := func(format string, args ...any) { fmt.Fprintf(b, "    %s\n", Defused(fmt.Sprintf(format, args...))) }
	if p.Outcome != trial.Loads || style.Verbose {
		line("%s", Printable(p.said()))
		if ended := p.ended(); ended != "" {
			line("the process ended with %s", Printable(ended))
		}
	}
	if p.Difference == nil && p.agreement() != "" && (p.Failed() || style.Verbose) {
		line("%s", Printable(p.agreement()))
	}
	for _, s := range p.Symbols {
		if s.Status.Breaks() || style.Verbose {
			line("%s", Printable(s.said()))
		}
	}
	for _, d := range p.differences() {
		for _, text := range loud(d) {
			line("%s", style.paint(red, Printable(text)))
		}
	}
	if p.Failed() && p.Outcome != trial.Refused || style.Verbose {
		for _, text := range p.output(style.Verbose) {
			line("%s", text)
		}
		if style.Verbose && p.Run != nil {
			line("$ %s", Printable(commandText(p.Run.Command)))
		}
	}
}

func commandText(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = inspector.ShellQuote(w)
	}
	return strings.Join(quoted, " ")
}

// loud words a difference for people, and says what to do about it.
func loud(d trial.Difference) []string {
	switch d.By {
	case trial.ByPlugtool:
		return []string{"*** DIFFERENCE: " + d.Text, "*** plugtool's verdict is wrong here: please report it, with the host and the plugin: " + issuesURL}
	case trial.ByStandIn:
		return []string{"*** NOT THE HOST: " + d.Text}
	}
	return []string{d.Text}
}

const issuesURL = "https://github.com/plugtool/plugtool/issues"

func (s TestedSymbol) said() string {
	text := s.Wants + ": " + string(s.Status)
	if s.Type != "" {
		text += ", it is " + s.Type
	}
	if s.Error != "" {
		text += ": " + s.Error
	}
	return text
}

// said says what opened the plugins.
func (p TestProgram) said() string {
	text := map[TestKind]string{
		TestHost: "opened by the host itself", TestRun: "opened by the host itself", TestSmall: "opened by a small host in its place",
		TestNone: "nothing was opened",
	}[p.Kind]
	if p.Why != "" {
		text += ", " + p.Why
	}
	return text
}

// gaps says where a small host is not like the host.
func (p TestProgram) gaps(all bool) []string {
	if p.Kind != TestSmall {
		return nil
	}
	var lines []string
	add := func(list []string, format string) {
		if len(list) == 0 {
			return
		}
		names := someOf(list)
		if all {
			names = strings.Join(list, ", ")
		}
		lines = append(lines, fmt.Sprintf(format, plural(len(list), "package", "packages"), names))
	}
	add(p.Missing, "not covered: %s that the host has, whose source is not at hand (--host-src): %s")
	add(p.Differs, "not as in the host: %s: %s")
	add(p.Extra, "not in the host: %s: %s")
	switch {
	case len(lines) == 0 && p.Same == 0:
		lines = append(lines, "the host shares no packages with the plugins")
	case len(lines) == 0 || all:
		lines = append([]string{fmt.Sprintf("it has the very packages that the host shares with the plugins (%d)", p.Same)}, lines...)
		if len(lines) > 1 {
			lines[0] = fmt.Sprintf("it has %s as in the host", plural(p.Same, "package", "packages"))
		}
	}
	return lines
}
