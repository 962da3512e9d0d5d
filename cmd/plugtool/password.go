package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/term"
)

const passwordHint = "set PLUGTOOL_PASSWORD or COSIGN_PASSWORD; set but empty is the empty password"

// password gives the password of a private key: from the environment, or else
// asked for on the terminal, twice where it is a new one.
func (p *program) password(ctx context.Context, keyFile string, isNew, noInput bool) ([]byte, error) {
	if name := p.passwordVariable(); name != "" {
		return []byte(p.env.get(name)), nil
	}
	if noInput {
		return nil, usagef(passwordHint, "the password of %s is not set, and --no-input forbids to ask", keyFile)
	}
	if !isTerminal(p.stdin) {
		return nil, usagef(passwordHint, "the password of %s is not set, and there is no terminal to ask on", keyFile)
	}
	terminal := p.stdin.(*os.File)
	if !isNew {
		return p.ask(ctx, terminal, fmt.Sprintf("password of %s", keyFile))
	}
	first, err := p.ask(ctx, terminal, fmt.Sprintf("new password of %s (empty for none)", keyFile))
	if err != nil {
		return nil, err
	}
	second, err := p.ask(ctx, terminal, "the same again")
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(first, second) {
		return nil, errors.New("the two passwords differ")
	}
	return first, nil
}

// passwordVariable names the variable of the environment that has the password, "" where
// none has.
func (p *program) passwordVariable() string {
	for _, name := range []string{"PLUGTOOL_PASSWORD", "COSIGN_PASSWORD"} {
		if _, ok := p.env.lookup(name); ok {
			return name
		}
	}
	return ""
}

// ask reads a line without echo. A cancelled context ends it with the terminal
// as it was before.
func (p *program) ask(ctx context.Context, terminal *os.File, prompt string) ([]byte, error) {
	fd := int(terminal.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return nil, fmt.Errorf("ask for the password: %w", err)
	}
	fmt.Fprintf(p.err, "plugtool: %s: ", prompt)
	defer fmt.Fprintln(p.err)
	type answer struct {
		line []byte
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		line, err := term.ReadPassword(fd)
		answers <- answer{line, err}
	}()
	select {
	case a := <-answers:
		if a.err != nil {
			return nil, fmt.Errorf("read the password: %w", a.err)
		}
		return a.line, nil
	case <-ctx.Done():
		return nil, errors.Join(ctx.Err(), term.Restore(fd, before))
	}
}
