package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/plugtool/plugtool/report"
)

const (
	formatText     = "text"
	formatJSON     = "json"
	formatSARIF    = "sarif"
	formatJUnit    = "junit"
	formatMarkdown = "markdown"
	formatGitHub   = "github"
	formatGitLab   = "gitlab"
)

// Every command that tells a result writes the first two, build some more, verify all of them.
var (
	plainFormats  = []string{formatText, formatJSON}
	buildFormats  = []string{formatText, formatJSON, formatJUnit, formatMarkdown}
	verifyFormats = []string{formatText, formatJSON, formatSARIF, formatJUnit, formatMarkdown, formatGitHub, formatGitLab}
)

// A writer tells a result in one format.
type writer func(w io.Writer, style report.Style) error

// outputs says where a result goes: one format on standard output, and any
// number of formats in files.
type outputs struct {
	stdout string
	files  []fileOutput
}

type fileOutput struct{ format, file string }

// parseFormats reads the values of --format: FORMAT for standard output, which
// is text unless one says otherwise, and FORMAT=FILE. known are the formats that
// the command writes.
func parseFormats(values, known []string) (outputs, error) {
	var o outputs
	for _, value := range values {
		format, file, toFile := strings.Cut(value, "=")
		switch {
		case !slices.Contains(known, format):
			return outputs{}, usagef("", "--format %s: want one of %s", value, strings.Join(known, ", "))
		case toFile && file == "":
			return outputs{}, usagef("", "--format %s names no file", value)
		case toFile && slices.ContainsFunc(o.files, func(f fileOutput) bool { return f.file == file }):
			return outputs{}, usagef("", "--format names the file %s twice", file)
		case toFile:
			o.files = append(o.files, fileOutput{format, file})
		case o.stdout != "":
			return outputs{}, usagef(fmt.Sprintf("--format %s=FILE writes one of them to a file", format),
				"--format %s and --format %s both go to standard output", o.stdout, format)
		default:
			o.stdout = format
		}
	}
	if o.stdout == "" {
		o.stdout = formatText
	}
	return o, nil
}

// tell writes a result to all outputs, the files first: what reads standard
// output to its end finds them there.
func (p *program) tell(o outputs, style report.Style, writers map[string]writer) error {
	for _, f := range o.files {
		plain := style
		plain.Color, plain.Quiet = false, false
		err := writeFile(f.file, 0o666, func(w io.Writer) error { return writers[f.format](w, plain) })
		if err != nil {
			return fmt.Errorf("write the %s report: %w", f.format, err)
		}
	}
	return writers[o.stdout](p.out, style)
}

// writes says whether a format is among the outputs.
func (o outputs) writes(format string) bool {
	return o.stdout == format || slices.ContainsFunc(o.files, func(f fileOutput) bool { return f.format == format })
}

// verifyWriters are the writers of a verification's report.
func verifyWriters(r *report.Report) map[string]writer {
	plain := func(write func(io.Writer, *report.Report) error) writer {
		return func(w io.Writer, _ report.Style) error { return write(w, r) }
	}
	return map[string]writer{
		formatText:     func(w io.Writer, s report.Style) error { return report.WriteText(w, r, s) },
		formatSARIF:    func(w io.Writer, _ report.Style) error { return report.WriteSARIF(w, r, version()) },
		formatJSON:     plain(report.WriteJSON),
		formatJUnit:    plain(report.WriteJUnit),
		formatMarkdown: plain(report.WriteMarkdown),
		formatGitHub:   plain(report.WriteGitHub),
		formatGitLab:   plain(report.WriteGitLab),
	}
}
