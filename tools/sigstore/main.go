// Command sigstore runs a command beside a Sigstore of its own: the real
// servers that issue certificates (fulcio), log them (tesseract) and
// signatures (rekor-tiles), and sign times (timestamp-authority), with an
// OpenID Connect provider for them to believe, all on loopback. It builds the
// servers from their modules, once on a machine, starts them on free ports,
// writes a trusted root and a signing config for them, runs the command, stops
// everything, and exits as the command did.
//
//	go -C tools run ./sigstore go test -tags interop ./signer/keyless
//
// The command runs in the module's folder and finds, in its environment:
//
//	SIGSTORE_TEST_TRUSTED_ROOT    file: trusted root
//	SIGSTORE_TEST_SIGNING_CONFIG  file: signing config
//	SIGSTORE_TEST_TOKEN           file: identity token, valid for an hour
//	SIGSTORE_TEST_IDENTITY        whose token that is
//	SIGSTORE_TEST_ISSUER          which issuer says so; grants client credentials too
//	SIGSTORE_TEST_CLIENT_ID       for that
//	SIGSTORE_TEST_CLIENT_SECRET
//	SIGSTORE_TEST_ACTIONS_URL     for ACTIONS_ID_TOKEN_REQUEST_URL
//	SIGSTORE_TEST_ACTIONS_TOKEN   for ACTIONS_ID_TOKEN_REQUEST_TOKEN
//	SIGSTORE_TEST_ACTIONS_IDENTITY, SIGSTORE_TEST_ACTIONS_ISSUER  who signs with that
//	SIGSTORE_TEST_COSIGN          the cosign program
//
// With no command it prints these and waits to be interrupted.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

func main() {
	dir := flag.String("dir", "..", "the `folder` that the command runs in")
	logs := flag.Bool("logs", false, "where the command fails, print the end of the servers' logs")
	install := flag.Bool("install", false, "build what is missing, and do no more")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *dir, *install, *logs, flag.Args())
	stop()
	if exit := new(exec.ExitError); errors.As(err, &exit) && exit.ExitCode() > 0 {
		os.Exit(exit.ExitCode())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "sigstore:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dir string, installOnly, logs bool, command []string) (err error) {
	programs, err := install(ctx)
	if err != nil || installOnly {
		return err
	}
	work, err := os.MkdirTemp("", "plugtool-sigstore-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	s := &instance{dir: work, programs: programs}
	defer s.stop()
	if err := s.start(ctx); err != nil {
		return err
	}
	env := s.env()
	if len(command) == 0 {
		for _, each := range env {
			fmt.Println(each)
		}
		<-ctx.Done()
		return nil
	}
	c := exec.CommandContext(ctx, command[0], command[1:]...)
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.WaitDelay = 10 * time.Second
	c.Dir, c.Stdin, c.Stdout, c.Stderr = dir, os.Stdin, os.Stdout, os.Stderr
	c.Env = append(os.Environ(), env...)
	err = c.Run()
	if err != nil && logs {
		s.showLogs()
	}
	return err
}

// A program is one of the servers, or what writes their root.
type program struct{ name, pkg, version string }

var all = []program{
	{"fulcio", "github.com/sigstore/fulcio", "v1.8.8"},
	{"rekor-server", "github.com/sigstore/rekor-tiles/v2/cmd/rekor-server/posix", "v2.3.0"},
	{"tesseract", "github.com/transparency-dev/tesseract/cmd/tesseract/posix", "v0.1.1"},
	{"timestamp-server", "github.com/sigstore/timestamp-authority/v2/cmd/timestamp-server", "v2.1.3"},
	{"cosign", "github.com/sigstore/cosign/v3/cmd/cosign", "v3.1.3"},
}

// install gives the programs' files, after building those that are not there.
// A cosign on PATH serves as well, as .ci/run has one.
func install(ctx context.Context) (map[string]string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	release, err := exec.CommandContext(ctx, "go", "env", "GOVERSION").Output()
	if err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	cache = filepath.Join(cache, "plugtool-ci", "sigstore")
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return nil, err
	}
	files := map[string]string{}
	for _, p := range all {
		if found, err := exec.LookPath(p.name); err == nil && p.name == "cosign" {
			files[p.name] = found
			continue
		}
		files[p.name] = filepath.Join(cache, p.name+"-"+p.version+"-"+string(release[:len(release)-1]))
		if _, err := os.Stat(files[p.name]); err == nil {
			continue
		}
		if err := build(ctx, p, files[p.name]); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// build builds a program from its module as go install does, which takes
// minutes, and moves it into place whole.
func build(ctx context.Context, p program, file string) error {
	fmt.Fprintf(os.Stderr, "sigstore: building %s@%s\n", p.pkg, p.version)
	dir, err := os.MkdirTemp(filepath.Dir(file), "building-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	c := exec.CommandContext(ctx, "go", "install", "-trimpath", p.pkg+"@"+p.version)
	c.Env = append(os.Environ(), "GOBIN="+dir, "GOFLAGS=-buildvcs=false", "CGO_ENABLED=0")
	c.Stderr = os.Stderr
	if err := c.Run(); err != nil {
		return fmt.Errorf("building %s@%s: %w", p.pkg, p.version, err)
	}
	built, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(built) != 1 {
		return fmt.Errorf("building %s: %d programs, expected one", p.pkg, len(built))
	}
	return os.Rename(built[0], file)
}

// env is what the command gets to know.
func (s *instance) env() []string {
	env := []string{
		"SIGSTORE_TEST_TRUSTED_ROOT=" + s.file("trusted_root.json"),
		"SIGSTORE_TEST_SIGNING_CONFIG=" + s.file("signing_config.json"),
		"SIGSTORE_TEST_TOKEN=" + s.file("token"),
		"SIGSTORE_TEST_IDENTITY=" + mail,
		"SIGSTORE_TEST_ISSUER=" + s.issuer.url,
		"SIGSTORE_TEST_CLIENT_ID=" + clientID,
		"SIGSTORE_TEST_CLIENT_SECRET=" + s.issuer.secret,
		"SIGSTORE_TEST_ACTIONS_URL=" + s.issuer.url + "/actions/token?api-version=2.0",
		"SIGSTORE_TEST_ACTIONS_TOKEN=" + s.issuer.secret,
		"SIGSTORE_TEST_ACTIONS_IDENTITY=https://github.com/" + workflow,
		"SIGSTORE_TEST_ACTIONS_ISSUER=" + s.issuer.url + "/actions",
		"SIGSTORE_TEST_COSIGN=" + s.programs["cosign"],
	}
	slices.Sort(env)
	return env
}
