package builder

import (
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
)

// toolID is what the wrapper adds to a tool's own identity, so that nothing that
// was compiled through it is ever taken from the build cache for a build
// without it. It changes whenever the wrapper does something else.
const toolID = "plugtool-rewrite-2"

// ToolexecMain is the wrapper that the go command runs around its tools
// (go build -toolexec) where packages with generated files have their paths
// rewritten. It runs the tool that args name and gives its exit code.
//
// The compiler heeds only the last -trimpath that it is given, so the one from
// -gcflags replaces the go command's own, which strips the random folder of
// generated files off their paths. The wrapper puts the two together.
func ToolexecMain(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	w, args, err := readWrapped(args)
	if err != nil {
		wrapperError(stderr, "%v", err)
		return 1
	}
	if len(args) == 0 {
		wrapperError(stderr, "the wrapper around the compiler is started by the go command only")
		return 2
	}
	tool, args := args[0], args[1:]
	name := strings.TrimSuffix(filepath.Base(tool), ".exe")
	suffix := w.suffix(name)
	identify := len(args) == 1 && args[0] == "-V=full" && suffix != ""
	if !identify {
		if args, err = w.args(name, args); err != nil {
			wrapperError(stderr, "%v", err)
			return 1
		}
	}
	cmd := exec.Command(tool, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, stdout, stderr
	var id strings.Builder
	if identify {
		cmd.Stdout = &id
	}
	if err := cmd.Run(); err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() > 0 {
			return exit.ExitCode()
		}
		wrapperError(stderr, "run %s: %v", tool, err)
		return 1
	}
	if identify {
		if _, err := fmt.Fprintln(stdout, identity(strings.TrimSpace(id.String()), suffix)); err != nil {
			return 1
		}
	}
	return 0
}

// identity adds the wrapper's to a tool's own identity. Of a development
// version the go command takes the build id's last part alone, and of a release
// the whole line.
func identity(line, suffix string) string {
	if strings.Contains(line, " buildID=") {
		return line + "+" + suffix
	}
	return line + " " + suffix
}

// workMarkFolder begins a -trimpath flag that says what has to become of the go
// command's work folder, whose name nobody knows beforehand: as a rewrite it does nothing.
const workMarkFolder = "plugtool-work=>"

// joinTrimpath puts all -trimpath flags of a compiler's command line together,
// the last one's rewrites first.
func joinTrimpath(args []string) []string {
	var rest, rewrites []string
	work := ""
	for i := 0; i < len(args); i++ {
		value, joined := strings.CutPrefix(args[i], "-trimpath=")
		switch {
		case joined:
		case args[i] == "-trimpath" && i+1 < len(args):
			i++
			value = args[i]
		default:
			rest = append(rest, args[i])
			continue
		}
		if to, ok := strings.CutPrefix(value, workMarkFolder); ok {
			work = to
			continue
		}
		rewrites = append([]string{value}, rewrites...)
	}
	if work != "" && len(rewrites) > 0 {
		// The go command's own is the last: WORK/bNNN=>, and others behind that.
		from, _, _ := strings.Cut(rewrites[len(rewrites)-1], ";")
		rewrites = append([]string{strings.TrimSuffix(from, "=>") + "=>" + work}, rewrites...)
	}
	if len(rewrites) == 0 {
		return rest
	}
	return append([]string{"-trimpath", strings.Join(rewrites, ";")}, rest...)
}
