package keyless

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/sigstore/sigstore-go/pkg/sign"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/plugtool/plugtool/signer/bundle"
)

// SignOptions say as whom and with whose help to sign.
type SignOptions struct {
	// Token is the identity token, as [Token] finds it. The identity in it
	// goes into a public log and stays there.
	Token string

	// SigningConfig says which services to ask, as the JSON of
	// application/vnd.dev.sigstore.signingconfig.v0.2+json.
	SigningConfig []byte

	// TrustedRoot checks the bundle before it is returned, as its users will;
	// nil where there is none at hand.
	TrustedRoot []byte

	// Check is what that check is lenient about.
	Check Options
}

// SignMessage signs a file's bytes and gives the bundle's JSON.
func SignMessage(ctx context.Context, data []byte, o SignOptions) (bundleJSON []byte, err error) {
	return newBundle(ctx, &sign.PlainData{Data: data}, sha256.Sum256(data), Message, o)
}

// SignStatement signs an in-toto statement, in a DSSE envelope, and gives the
// bundle's JSON.
func SignStatement(ctx context.Context, statement []byte, o SignOptions) (bundleJSON []byte, err error) {
	digests, err := subjects(statement)
	if err != nil {
		return nil, fmt.Errorf("statement %w", err)
	}
	var sum [sha256.Size]byte
	if _, err := hex.Decode(sum[:], []byte(digests[0])); err != nil {
		return nil, fmt.Errorf("statement's first subject: %w", err)
	}
	return newBundle(ctx, &sign.DSSEData{Data: statement, PayloadType: payloadType}, sum, Attestation, o)
}

func newBundle(ctx context.Context, content sign.Content, sum [sha256.Size]byte, kind Kind, o SignOptions) ([]byte, error) {
	if err := checkToken(o.Token, time.Now()); err != nil {
		return nil, fmt.Errorf("identity token %w", err)
	}
	// All that can be wrong here is found before the log has an entry: those
	// stay.
	s, err := readServices(o.SigningConfig, time.Now())
	if err != nil {
		return nil, fmt.Errorf("signing config %w", err)
	}
	var v *Verifier
	if o.TrustedRoot != nil {
		if v, err = NewVerifier(o.TrustedRoot, o.Check); err != nil {
			return nil, err
		}
	}
	key, err := sign.NewEphemeralKeypair(nil) // P-256 with SHA-256
	if err != nil {
		return nil, err
	}
	made, err := sign.Bundle(content, key, s.options(ctx, o.Token))
	if err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("signing keylessly: %w", context.Cause(ctx))
		}
		return nil, fmt.Errorf("signing keylessly with %s: %s", s, plain(err))
	}
	text, err := protojson.Marshal(made)
	if err != nil {
		return nil, err
	}
	var compact bytes.Buffer // protojson spaces at random
	if err := json.Compact(&compact, text); err != nil {
		return nil, err
	}
	if err := checkNew(compact.Bytes(), sum, kind, v); err != nil {
		return nil, err
	}
	return compact.Bytes(), nil
}

// checkNew checks a bundle that was just made as those will who get it.
func checkNew(bundleJSON []byte, sum [sha256.Size]byte, kind Kind, v *Verifier) error {
	if _, err := bundle.Parse(bundleJSON); err != nil {
		return fmt.Errorf("the services' answers make no bundle: %w", err)
	}
	if v == nil {
		return nil
	}
	claimed, err := Claimed(bundleJSON)
	if err != nil {
		return fmt.Errorf("the new signature does not verify: %w", err)
	}
	if _, err := v.Verify(bundleJSON, sum, kind, []Matcher{{Subject: claimed.Subject, Issuer: claimed.Issuer}}); err != nil {
		if e, ok := errors.AsType[*bundle.Error](err); ok {
			return fmt.Errorf("the new signature does not verify with the trusted root: its bundle %s; do signing config and trusted root belong together?", e.Reason)
		}
		return err
	}
	return nil
}
