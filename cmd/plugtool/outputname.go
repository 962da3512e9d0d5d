package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/plugtool/plugtool/builder"
	"github.com/plugtool/plugtool/inspector"
)

// outputFields are what a template of -o may name, with what each stands for.
var outputFields = []string{"Name", "Package", "Host", "HostVersion", "GoVersion", "OS", "Arch"}

// An outputName is -o with the fields of outputFields in double braces. It is no
// text/template: that can loop, and a plugtool.yaml may be a stranger's.
type outputName struct {
	parts []string // text and the names of fields in turn, text first
}

// isTemplate says whether an output is one.
func isTemplate(output string) bool { return strings.Contains(output, "{{") }

// isFolderName says whether an output is named as a folder.
func isFolderName(output string) bool {
	return output != "" && os.IsPathSeparator(output[len(output)-1])
}

// parseOutputName reads a template.
func parseOutputName(template string) (outputName, error) {
	var n outputName
	for rest := template; ; {
		text, after, found := strings.Cut(rest, "{{")
		n.parts = append(n.parts, text)
		if !found {
			return n, nil
		}
		field, after, closed := strings.Cut(after, "}}")
		field, dotted := strings.CutPrefix(strings.TrimSpace(field), ".")
		if !closed || !dotted || !slices.Contains(outputFields, field) {
			what := "{{" + strings.TrimPrefix(rest[len(text):], "{{")
			if closed {
				what = what[:strings.Index(what, "}}")+2]
			}
			return n, usagef("the fields are {{."+strings.Join(outputFields, "}} {{.")+"}}", "-o %s: %s is no field of a name", template, what)
		}
		n.parts, rest = append(n.parts, field), after
	}
}

// file fills a template in.
func (n outputName) file(values map[string]string) string {
	var b strings.Builder
	for i, part := range n.parts {
		if i%2 == 1 {
			part = fileElement(values[part])
		}
		b.WriteString(part)
	}
	return b.String()
}

// mostRunes of a value are kept: file systems have names of 255 bytes.
const mostRunes = 80

// fileElement makes of any text, a hostile host's too, a part of a file's name: it
// holds no separator, is not empty, and is neither of the names . and .. nor could
// become one together with what stands beside it.
func fileElement(value string) string {
	keep := func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._+@=~,-", r) {
			return '_'
		}
		return r
	}
	runes := []rune(strings.Map(keep, value))
	value = string(runes[:min(len(runes), mostRunes)])
	if strings.Trim(value, ".") == "" || strings.HasPrefix(value, "-") {
		value = "_" + strings.Trim(value, ".-")
	}
	return value
}

// outputValues are what a template is filled in with for one target.
func outputValues(t builder.Target, label string) map[string]string {
	b := t.Host.Binary()
	goos, arch, _ := strings.Cut(b.Platform, "/")
	return map[string]string{
		"Name": t.Name, "Package": t.Path, "Host": label, "HostVersion": hostVersion(b),
		"GoVersion": b.GoVersion, "OS": goos, "Arch": arch,
	}
}

// hostVersion is that of the host's main module.
func hostVersion(b *inspector.Binary) string {
	if b.Main.Version == "" || b.Main.Version == "(devel)" {
		return "devel"
	}
	return b.Main.Version
}

// hostLabels names hosts by their files' names, and where these are equal by as many
// of the folders above as tell them apart.
func hostLabels(files []string) []string {
	labels := make([]string, len(files))
	for i, file := range files {
		for depth := 1; ; depth++ {
			label, whole := lastElements(file, depth)
			labels[i] = label
			if whole || !slices.ContainsFunc(files, func(other string) bool {
				same, _ := lastElements(other, depth)
				return other != file && same == label
			}) {
				break
			}
		}
	}
	return labels
}

// lastElements gives the last elements of a host's path, without the extension of a
// descriptor; whole says that there are no more of them.
func lastElements(file string, n int) (label string, whole bool) {
	abs, err := filepath.Abs(file)
	if err != nil {
		abs = file
	}
	elements := strings.FieldsFunc(strings.TrimSuffix(abs, ".json"), func(r rune) bool { return r == filepath.Separator })
	if n >= len(elements) {
		return strings.Join(elements, "_"), true
	}
	return strings.Join(elements[len(elements)-n:], "_"), false
}

// outputTemplate gives the template of the outputs of many builds: -o where it is one,
// a name of each plugin's own in -o where that is a folder, else in the current one.
func (o buildOptions) outputTemplate() (outputName, error) {
	name := "{{.Name}}.so"
	if len(o.hosts) > 1 {
		name = "{{.Name}}_{{.Host}}.so"
	}
	given := o.output
	switch info, err := os.Stat(o.Output); {
	case isTemplate(given) && !isFolderName(given):
		return parseOutputName(given)
	case given == "", isFolderName(given), err == nil && info.IsDir():
		return parseOutputName(filepath.Join(given, name))
	}
	return outputName{}, usagef("as in -o 'dist/"+name+"', or -o dist/", "-o %s is one file, and more than one plugin may be built", given)
}

// nameOutputs gives every target its output, and refuses those that would be written
// to one file, or over one that the run reads.
func (o buildOptions) nameOutputs(targets []builder.Target, labels map[*inspector.Host]string) error {
	template, err := o.outputTemplate()
	if err != nil {
		return err
	}
	base := o.outputDir
	if o.output == "" {
		base = o.Dir
	}
	taken := map[string]int{}
	for i := range targets {
		t := &targets[i]
		values := outputValues(*t, labels[t.Host])
		t.Output = filepath.Clean(within(base, template.file(values)))
		if t.Documents, err = o.namedDocuments(t.Host.Binary().File, values); err != nil {
			return err
		}
		if err := mayWrite("-o "+shortest(t.Output), t.Output, slices.Concat(o.hosts, o.keys)...); err != nil {
			return err
		}
		first, twice := taken[t.Output]
		if twice {
			return usagef(distinguishing(targets[first], *t), "%s for %s and %s for %s would both be written to %s", targets[first].Package, targets[first].Host.Binary().File,
				t.Package, t.Host.Binary().File, shortest(t.Output))
		}
		taken[t.Output] = i
	}
	return nil
}

// distinguishing says how two targets get files of their own.
func distinguishing(a, b builder.Target) string {
	name := "{{.Name}}"
	if a.Name == b.Name && a.Path != b.Path {
		name = "{{.Package}}"
	}
	if a.Host != b.Host {
		name += "_{{.Host}}"
	}
	return "-o 'dist/" + name + ".so' tells them apart"
}
