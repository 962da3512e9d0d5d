package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/plugtool/plugtool/report"
)

const (
	formatText = "text"
	formatJSON = "json"
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
// is text unless one says otherwise, and FORMAT=FILE.
func parseFormats(values []string) (outputs, error) {
	var o outputs
	for _, value := range values {
		format, file, toFile := strings.Cut(value, "=")
		switch {
		case format != formatText && format != formatJSON:
			return outputs{}, usagef("", "--format %s: this release writes %s and %s", value, formatText, formatJSON)
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
