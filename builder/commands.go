package builder

import (
	"fmt"
	"path"
	"strings"

	"github.com/plugtool/plugtool/inspector"
)

// Commands gives the plan as commands for a POSIX shell: run one after the
// other in one shell, they build what Run builds. They do not check it.
func (p *Plan) Commands() []string {
	var list []string
	if p.temporary() {
		list = append(list, `work=$(mktemp -d)`)
	}
	list = append(list, p.scaffold.commands()...)
	for _, f := range p.files {
		if dir := path.Dir(f.name); dir != "." {
			list = append(list, `mkdir -p "$work"/`+inspector.ShellQuote(dir))
		}
		list = append(list, heredoc(f))
	}
	words := []string{"cd", shellWord(p.where()), "&&"}
	if env := p.Env; len(env) > 0 {
		words = append(words, "env")
		for _, s := range env {
			words = append(words, shellWord(s))
		}
	}
	words = append(words, inspector.ShellQuote(p.Toolchain.Command))
	for _, arg := range p.buildArgs(p.Output) {
		words = append(words, shellWord(arg))
	}
	build := strings.Join(words, " ")
	if p.temporary() {
		return append(list, "("+build+"); built=$?", `rm -r "$work"`, `(exit $built)`)
	}
	return append(list, "("+build+")")
}

// temporary says whether the build needs files in a temporary folder.
func (p *Plan) temporary() bool { return len(p.files) > 0 }

// buildArgs gives the arguments of the go command that builds the plugin.
func (p *Plan) buildArgs(output string) []string {
	args := append([]string{"build"}, p.Flags...)
	return append(args, "-o", output, p.Package)
}

// inWork puts the temporary folder's path where a plan names it.
func inWork(s, work string) string { return strings.ReplaceAll(s, workMark, work) }

func allInWork(list []string, work string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = inWork(s, work)
	}
	return out
}

// heredoc writes a shell command that writes a temporary file.
func heredoc(f tempFile) string {
	end := "END"
	for strings.Contains(string(f.content), end) {
		end += "_"
	}
	content := string(f.content)
	if content != "" && !strings.HasSuffix(content, "\n") {
		content += "\n"
	}
	if !strings.Contains(content, workMark) {
		return fmt.Sprintf("cat >\"$work\"/%s <<'%s'\n%s%s", f.name, end, content, end)
	}
	content = strings.NewReplacer(`\`, `\\`, "`", "\\`", `$`, `\$`).Replace(content)
	return fmt.Sprintf("cat >\"$work\"/%s <<%s\n%s%s", f.name, end, inWork(content, "$work"), end)
}

// shellWord quotes a word that may name the temporary folder.
func shellWord(s string) string {
	before, after, found := strings.Cut(s, workMark)
	if !found {
		return inspector.ShellQuote(s)
	}
	if before != "" {
		before = inspector.ShellQuote(before)
	}
	if after != "" {
		after = shellWord(after)
	}
	return before + `"$work"` + after
}
