package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

const (
	configName  = "plugtool.yaml"
	configLimit = 64 << 10 // bytes; what people write is a few hundred
)

// A config is a project's plugtool.yaml: defaults for flags, a section per
// command. The zero value is that of a project without one.
type config struct {
	file string // "" where there is none

	Build    buildSection  `yaml:"build"`
	Verify   verifySection `yaml:"verify"`
	Test     testSection   `yaml:"test"`
	Sign     signSection   `yaml:"sign"`
	Host     hostSection   `yaml:"host"`
	Contract contractLines `yaml:"contract"`
}

type buildSection struct {
	Host    names  `yaml:"host"`
	HostKey names  `yaml:"host-key"`
	Package names  `yaml:"package"`
	Output  string `yaml:"output"`
	Key     names  `yaml:"key"`
	Isolate string `yaml:"isolate"`

	Target targetSection `yaml:",inline"`
}

type verifySection struct {
	Host        names `yaml:"host"`
	HostKey     names `yaml:"host-key"`
	Key         names `yaml:"key"`
	RequireHost bool  `yaml:"require-host"`

	Policy           string `yaml:"policy"`
	RequireSignature bool   `yaml:"require-signature"`
	Type             names  `yaml:"type"`

	CertificateIdentity         string `yaml:"certificate-identity"`
	CertificateIdentityRegexp   string `yaml:"certificate-identity-regexp"`
	CertificateOIDCIssuer       string `yaml:"certificate-oidc-issuer"`
	CertificateOIDCIssuerRegexp string `yaml:"certificate-oidc-issuer-regexp"`
	TrustedRoot                 string `yaml:"trusted-root"`

	FailOn string        `yaml:"fail-on"`
	Ignore []ignoreEntry `yaml:"ignore"`
	CI     string        `yaml:"ci"`

	Target targetSection `yaml:",inline"`
}

// targetSection says on which machine plugins are to load. Another machine's libraries
// stand for this one's, as another host does for the one that is meant: that is told,
// not refused.
type targetSection struct {
	Sysroot  string `yaml:"sysroot"`
	MaxGlibc string `yaml:"max-glibc"`
}

// testSection may give arguments for a host that the command line names, and a host to
// stand in for, never a program to run.
type testSection struct {
	Host names  `yaml:"host"`
	Run  string `yaml:"run"`
}

type signSection struct {
	Key names `yaml:"key"`
}

// hostSection is for the project of a host.
type hostSection struct {
	Contract contractLines `yaml:"contract"`
}

// names is one name or a list of them.
type names []string

// UnmarshalYAML reads a string or a list of strings.
func (n *names) UnmarshalYAML(decode func(any) error) error {
	var one string
	if decode(&one) == nil {
		*n = names{one}
		return nil
	}
	return decode((*[]string)(n))
}

// loosening holds the flags that make a check weaker, or allow what is not
// done unasked. They count only where the person who runs plugtool writes
// them: a plugtool.yaml comes with the project, perhaps a stranger's.
var loosening = []string{"each", "toolchain", "baseline", "insecure-ignore-tlog", "insecure-ignore-sct"}

// loadConfig reads the plugtool.yaml of the project that holds the folder; a
// project without one gives the zero config. What is wrong with it is an error
// of configuration that names the line.
func loadConfig(folder string) (config, error) {
	file, err := findConfig(folder)
	if err != nil || file == "" {
		return config{}, err
	}
	data, err := readRegular(file, configLimit)
	if err != nil {
		return config{}, usageError(err, "")
	}
	return parseConfig(file, data)
}

func parseConfig(file string, data []byte) (config, error) {
	c := config{file: file}
	if err := checkYAML(file, data); err != nil {
		return config{}, err
	}
	err := yaml.UnmarshalWithOptions(data, &c, yaml.Strict())
	if err != nil && !errors.Is(err, io.EOF) { // EOF: nothing but comments
		return config{}, configError(file, err)
	}
	var sections map[string]any
	if err := yaml.Unmarshal(data, &sections); err != nil && !errors.Is(err, io.EOF) {
		return config{}, configError(file, err)
	}
	for _, section := range slices.Sorted(maps.Keys(sections)) {
		fields, _ := sections[section].(map[string]any)
		for _, field := range slices.Sorted(maps.Keys(fields)) {
			if saysNothing(fields[field]) {
				return config{}, usagef("leave it out, or say what it is", "%s: %s.%s is empty", file, section, field)
			}
		}
	}
	return c, nil
}

// saysNothing tells a value that is not there, as that of `policy:` by itself: taken for a
// policy that nobody wants, it would demand nothing.
func saysNothing(value any) bool {
	if list, ok := value.([]any); ok {
		return slices.ContainsFunc(list, saysNothing)
	}
	return value == nil || value == ""
}

// findConfig looks in the folder and in those above it up to the root of the
// module that holds it, and no further: what lies above a project is not the
// project's. Outside a module only the folder itself counts.
func findConfig(folder string) (string, error) {
	start, err := filepath.Abs(folder)
	if err != nil {
		return "", fmt.Errorf("look for %s: %w", configName, err)
	}
	top := moduleRoot(start)
	if top == "" {
		top = start
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		file := filepath.Join(dir, configName)
		info, err := os.Stat(file)
		switch {
		case err == nil && !info.Mode().IsRegular():
			return "", usagef("", "%s is not a regular file", shortest(file))
		case err == nil:
			return shortest(file), nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", usageError(err, "")
		}
		if dir == top {
			return "", nil
		}
	}
}

// moduleRoot gives the folder of the go.mod that governs a folder, "" outside
// a module. The folder is absolute.
func moduleRoot(folder string) string {
	for dir := folder; ; {
		if info, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil && info.Mode().IsRegular() {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}

// shortest writes an absolute path below the current folder as people would.
func shortest(file string) string {
	wd, err := os.Getwd()
	if err != nil {
		return file
	}
	rel, err := filepath.Rel(wd, file)
	if err != nil || len(rel) > len(file) {
		return file
	}
	return rel
}

// configError says in one line where a plugtool.yaml is wrong.
func configError(file string, err error) error {
	var located yaml.Error
	if !errors.As(err, &located) || located.GetToken() == nil {
		return usagef("", "%s: %v", file, err)
	}
	at := located.GetToken().Position
	message, hint := located.GetMessage(), ""
	var mistyped *yaml.TypeError
	if errors.As(err, &mistyped) {
		message = "want " + wanted(mistyped.DstType.Kind())
	}
	if alias, ok := strings.CutPrefix(message, "could not find alias "); ok {
		alias = "*" + strings.Trim(alias, `"`)
		message = alias + " is read as an alias, which the file does not define"
		hint = fmt.Sprintf("write it in quotes: %q", alias)
	}
	field := strings.Trim(strings.TrimPrefix(message, "unknown field "), `"`)
	if slices.Contains(loosening, field) {
		message = fmt.Sprintf("%q may not be set here, because it loosens what is checked or allowed", field)
		hint = fmt.Sprintf("give --%s on the command line", field)
	}
	return usagef(hint, "%s:%d:%d: %s", file, at.Line, at.Column, message)
}

// wanted says in words of YAML what a value has to be.
func wanted(kind reflect.Kind) string {
	switch kind {
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "one text"
	case reflect.Slice:
		return "a list"
	}
	return "names with values below it"
}

// path resolves a path in plugtool.yaml, which is relative to its folder.
func (c config) path(name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(c.file), name)
}

// fromConfig gives a flag's value, or else the one in plugtool.yaml, whose
// origin it tells.
func (p *program) fromConfig(c config, what, flag, configured string) string {
	if flag != "" || configured == "" {
		return flag
	}
	file := c.path(configured)
	if p.named == nil {
		p.named = map[string]bool{}
	}
	p.named[file] = true
	p.noticef("%s %s comes from %s", what, file, c.file)
	return file
}

// allFromConfig is fromConfig for flags that can be repeated.
func (p *program) allFromConfig(c config, what string, flags []string, configured names) []string {
	if len(flags) > 0 {
		return flags
	}
	var files []string
	for _, name := range configured {
		files = append(files, p.fromConfig(c, what, "", name))
	}
	return files
}
