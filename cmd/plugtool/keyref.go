package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/plugtool/plugtool/signer"
	"github.com/plugtool/plugtool/signer/bundle"
	"github.com/plugtool/plugtool/signer/kms"
)

const keyLimit = 64 << 10 // bytes of a PEM key file

// envScheme begins the reference to a key in a variable of the environment, as with
// cosign.
const envScheme = "env://"

const kmsHint = "docs/keys.md says how to build plugtool with the providers of key management services"

// isReference tells a reference to a key that is in no file: env://NAME, awskms://….
func isReference(key string) bool {
	scheme, _, found := strings.Cut(key, "://")
	return found && scheme != "" && strings.Trim(scheme, "abcdefghijklmnopqrstuvwxyz0123456789+-.") == ""
}

// isKMS tells a reference to a key in a key management service.
func isKMS(key string) bool { return isReference(key) && !strings.HasPrefix(key, envScheme) }

// keyText reads the PEM of a key in a file or in a variable of the environment.
func (p *program) keyText(key string) ([]byte, error) {
	name, isEnv := strings.CutPrefix(key, envScheme)
	if !isEnv {
		return p.readNamed(key, keyLimit)
	}
	text, ok := p.env.lookup(name)
	switch {
	case name == "":
		return nil, fmt.Errorf("%s names no variable, expected env://NAME", key)
	case !ok:
		return nil, fmt.Errorf("%s: the variable %s is not set", key, name)
	case len(text) > keyLimit:
		return nil, fmt.Errorf("%s has more than %d bytes", key, keyLimit)
	}
	return []byte(text), nil
}

// loadSigner reads a private key, asking for its password where it has one.
func (p *program) loadSigner(ctx context.Context, key string, noInput bool) (*signer.Signer, error) {
	if isKMS(key) {
		return kmsSigner(ctx, key)
	}
	pem, err := p.keyText(key)
	if err != nil {
		return nil, missingKey(fmt.Errorf("private key: %w", err), key)
	}
	var password []byte
	if signer.NeedsPassword(pem) {
		if password, err = p.password(ctx, key, false, noInput); err != nil {
			return nil, err
		}
	}
	s, err := signer.LoadSigner(pem, password)
	if err != nil {
		err = fmt.Errorf("private key %s: %w", key, err)
		if name := p.passwordVariable(); name != "" && errors.Is(err, signer.ErrPassword) {
			return nil, &failure{code: exitFailure, err: err, hints: []string{"the password is that in " + name}}
		}
		return nil, err
	}
	return s, nil
}

func kmsSigner(ctx context.Context, key string) (*signer.Signer, error) {
	remote, err := kms.Key(ctx, key)
	switch {
	case errors.Is(err, kms.ErrNotLinked):
		return nil, usageError(err, kmsHint)
	case errors.Is(err, kms.ErrNoScheme):
		return nil, usageError(fmt.Errorf("key %w", err), "a key in a file is named by its path")
	}
	if err != nil {
		return nil, err
	}
	s, err := signer.NewSigner(remote)
	if err != nil {
		return nil, fmt.Errorf("private key %s: %w", key, err)
	}
	return s, nil
}

// readPublicKeys reads the keys that signatures are checked with. A key management
// service is asked for its key.
func (p *program) readPublicKeys(ctx context.Context, keys []string) ([]*bundle.PublicKey, error) {
	var list []*bundle.PublicKey
	var errs []error
	for _, key := range keys {
		k, err := p.readPublicKey(ctx, key)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		list = append(list, k)
	}
	return list, errors.Join(errs...)
}

func (p *program) readPublicKey(ctx context.Context, key string) (*bundle.PublicKey, error) {
	if isKMS(key) {
		s, err := kmsSigner(ctx, key)
		if err != nil {
			return nil, err
		}
		return s.PublicKey(), nil
	}
	pem, err := p.keyText(key)
	if err != nil {
		return nil, missingKey(fmt.Errorf("public key: %w", err), key)
	}
	k, err := bundle.ParsePublicKey(pem)
	if err != nil {
		return nil, fmt.Errorf("public key %s: %w", key, err)
	}
	return k, nil
}

// keysFromConfig gives the values of a key's flag, or else what plugtool.yaml says. That
// may be a stranger's word, so it may not make plugtool ask a service with the user's
// rights.
func (p *program) keysFromConfig(c config, what string, flags []string, configured names) ([]string, error) {
	if len(flags) > 0 {
		return flags, nil
	}
	var keys []string
	for _, key := range configured {
		switch {
		case isKMS(key):
			return nil, usagef("give --"+what+" "+key+" on the command line",
				"%s: the key %s is in a key management service, which only the command line may name", c.file, key)
		case isReference(key):
			p.noticef("%s %s comes from %s", what, key, c.file)
		default:
			key = p.fromConfig(c, what, "", key)
		}
		keys = append(keys, key)
	}
	return keys, nil
}
