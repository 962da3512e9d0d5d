package builder_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/plugtool/plugtool/builder"
)

var update = flag.Bool("update", false, "write what testdata/failures/*.txtar want")

var sincePattern = regexp.MustCompile(`go1\.[0-9]+ brought it|go1\.26\.8, the go command here, has it`)

const failuresDir = "../testdata/failures"

// A situation is a failure of the go command: a plugin's source, settings, what Go
// releases printed about it, and how that is explained.
type situation struct {
	name     string
	file     string
	archive  *txtar.Archive
	recorded bool // not to be had in this test: a full disk, a network that is not there, git
	env      []string
	flags    []string
	platform string
	sh       string // run in the plugin's folder first
	pins     []builder.Pin
}

func situations(t *testing.T) []*situation {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(failuresDir, "*.txtar"))
	if err != nil || len(files) < 80 {
		t.Fatalf("%d situations, %v", len(files), err)
	}
	var list []*situation
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s := &situation{name: strings.TrimSuffix(filepath.Base(file), ".txtar"), file: file, archive: a, platform: "linux/amd64"}
		for line := range strings.Lines(string(a.Comment)) {
			word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
			switch word {
			case "env":
				s.env = append(s.env, rest)
				if arch, ok := strings.CutPrefix(rest, "GOARCH="); ok {
					s.platform = "linux/" + arch
				}
			case "flags":
				s.flags = strings.Fields(rest)
			case "pin":
				f := strings.Fields(rest)
				s.pins = append(s.pins, builder.Pin{Module: f[0], Plugin: f[1], Host: f[2]})
			case "sh":
				s.sh = rest
			case "recorded":
				s.recorded = true
			case "git":
				s.recorded = !withGit
			case "#", "":
			default:
				t.Fatalf("%s: %q", file, line)
			}
		}
		list = append(list, s)
	}
	return list
}

func (s *situation) section(name string) string {
	for _, f := range s.archive.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

// unpack writes the plugin's source, with the folder's name for $DIR.
func (s *situation) unpack(t *testing.T, dir string) {
	t.Helper()
	for _, f := range s.archive.Files {
		if !strings.Contains(f.Name, "/") {
			continue
		}
		name := filepath.Join(dir, f.Name)
		mode := os.FileMode(0o666)
		if strings.HasPrefix(string(f.Data), "#!") {
			mode = 0o777
		}
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		content := strings.ReplaceAll(string(f.Data), "$DIR", filepath.Join(dir, "plugin"))
		if err := os.WriteFile(name, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
	}
}

// What several Go releases printed is explained with the same words, but for what
// they do not have themselves.
func TestRecordedFailures(t *testing.T) {
	for _, s := range situations(t) {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			s.unpack(t, dir)
			wants := map[string]string{}
			for _, f := range s.archive.Files {
				if !strings.HasPrefix(f.Name, "go1.") {
					continue
				}
				for _, release := range strings.Fields(f.Name) {
					fill := strings.NewReplacer("$DIR", dir, "$GOROOT", shared.goRoot, "$RELEASE", strings.TrimPrefix(release, "go"))
					flags := strings.Join(s.flags, " ")
					texts, todo := builder.Explain(filepath.Join(dir, "plugin"), shared.goRoot, s.platform, release, flags, filled(s.env, fill), s.pins, fill.Replace(string(f.Data)))
					empty := strings.NewReplacer(dir, "$DIR", shared.goRoot, "$GOROOT", release, "go$RELEASE", strings.TrimPrefix(release, "go"), "$RELEASE")
					// Which release brought a thing is known where GOROOT/api is, which downloaded releases lack.
					got := sincePattern.ReplaceAllString(empty.Replace(explanation(texts, todo)), "$$SINCE")
					wants[got] += " " + release
				}
			}
			s.compare(t, wants)
		})
	}
}

func filled(list []string, r *strings.Replacer) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = r.Replace(s)
	}
	return out
}

// explanation writes causes and hints as they stand in the archives.
func explanation(texts, todo []string) string {
	var b strings.Builder
	for _, s := range texts {
		b.WriteString(s + "\n")
	}
	for _, s := range todo {
		b.WriteString("hint: " + s + "\n")
	}
	if b.Len() == 0 {
		return "nothing\n"
	}
	return b.String()
}

// compare holds what was got against the sections want, and "want go1.21.13 …" where
// releases differ.
func (s *situation) compare(t *testing.T, got map[string]string) {
	t.Helper()
	if *update {
		s.rewrite(t, got)
		return
	}
	for text, releases := range got {
		for _, release := range strings.Fields(releases) {
			want := s.section("want")
			for _, f := range s.archive.Files {
				if strings.HasPrefix(f.Name, "want ") && strings.Contains(f.Name+" ", " "+release+" ") {
					want = string(f.Data)
				}
			}
			if text != want {
				t.Errorf("%s is explained by\n%swant\n%s", release, text, want)
			}
		}
	}
}

func (s *situation) rewrite(t *testing.T, got map[string]string) {
	t.Helper()
	out := &txtar.Archive{Comment: s.archive.Comment}
	most := ""
	for text, releases := range got {
		if len(releases) > len(got[most]) || len(releases) == len(got[most]) && releases > got[most] {
			most = text
		}
	}
	for _, f := range s.archive.Files {
		switch {
		case f.Name == "want":
			out.Files = append(out.Files, txtar.File{Name: "want", Data: []byte(most)})
			for text, releases := range got {
				if text != most {
					out.Files = append(out.Files, txtar.File{Name: "want" + releases, Data: []byte(text)})
				}
			}
		case !strings.HasPrefix(f.Name, "want "):
			out.Files = append(out.Files, f)
		}
	}
	if err := os.WriteFile(s.file, txtar.Format(out), 0o666); err != nil {
		t.Fatal(err)
	}
}

// Whatever the go command prints, the explanation neither fails nor takes long: lines
// in another order, cut off anywhere, without a plan.
func TestAnyOutputIsExplained(t *testing.T) {
	var all []string
	for _, s := range situations(t) {
		for _, f := range s.archive.Files {
			if strings.HasPrefix(f.Name, "go1.") {
				all = append(all, string(f.Data))
			}
		}
	}
	text := strings.Join(all, "")
	lines := strings.SplitAfter(text, "\n")
	slices.Reverse(lines)
	for _, output := range []string{text, strings.Join(lines, ""), strings.ReplaceAll(text, ": ", ":"), strings.ToUpper(text), strings.Repeat("x", 1<<20)} {
		builder.Explain(t.TempDir(), shared.goRoot, "linux/amd64", "go1.21.13", "", nil, nil, output)
		builder.ExplainAlone(output)
	}
	for i := 0; i < len(text); i += 997 {
		end := min(i+1500, len(text))
		builder.ExplainAlone(text[i:end])
		builder.Explain(t.TempDir(), "", "linux/arm64", "devel", "", nil, nil, text[i:end])
	}
}
