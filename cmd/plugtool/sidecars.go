package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/plugtool/plugtool/builder"
	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/signer/bundle"
	"github.com/plugtool/plugtool/signer/policy"
)

// A seal is a signed bundle about a plugin that is to be put beside it.
type seal struct {
	by   sealer
	id   string // of who signed; see sealer.who
	text []byte
	typ  string // URI of the predicate's type; "" for a signature over the file
}

// A sealed is a plugin with the seals that it is to get.
type sealed struct {
	plugin *inspector.Plugin
	seals  []seal
}

// customType is the short name of predicate types that have none of their own.
const customType = "custom"

// idLength is how much of a signer's id a file's name has.
const idLength = 16

// names gives the two names that the seal's file can have: the one that everybody looks
// at first, and one of the signer's own where that is taken.
func (s seal) names(plugin string) (first, own string) {
	if s.typ == "" {
		return bundle.Path(plugin), plugin + "." + s.id[:idLength] + bundle.Extension
	}
	short, id := policy.ShortType(s.typ), s.id
	if short == customType {
		// Of several types without a short name each needs a name.
		sum := sha256.Sum256([]byte(s.typ + "\n" + id))
		id = hex.EncodeToString(sum[:])
	}
	return bundle.AttestationPath(plugin, short), bundle.AttestationPath(plugin, short+"."+id[:idLength])
}

// place puts the seals beside the plugin and gives their files' names.
//
// What others signed about these very bytes stays: PLUGIN.sigstore.json is taken where
// it is free, is about other bytes, or is the same signer's, else a name of the signer's
// own. Everybody who does the same one after the other, or at once, leaves a signature each.
func (s sealed) place(ctx context.Context) ([]string, error) {
	var files []string
	err := builder.Locked(ctx, s.plugin.File, func(replace func(string, []byte, fs.FileMode) error) error {
		mode, err := s.unchanged()
		if err != nil {
			return err
		}
		digests := bundle.NewDigests(s.plugin.Data)
		for _, seal := range s.seals {
			first, own := seal.names(s.plugin.File)
			file := first
			taken, err := seal.taken(first, digests)
			if err != nil {
				return err
			}
			if taken {
				file = own
			}
			if err := replace(file, seal.text, mode); err != nil {
				return err
			}
			if !taken {
				if err := seal.removeOlder(own, digests); err != nil {
					return err
				}
			}
			files = append(files, file)
		}
		return nil
	})
	return files, err
}

// unchanged checks that the plugin is still what was signed, and gives the mode of
// its sidecars. Else the signature of a build that replaced it could be replaced in turn
// by one over what was there before.
func (s sealed) unchanged() (fs.FileMode, error) {
	now := inspector.ReadPlugin(s.plugin.File)
	if now.Err != nil {
		return 0, now.Err
	}
	if !bytes.Equal(now.Data, s.plugin.Data) {
		return 0, errors.New("it was replaced while it was signed; sign it again")
	}
	info, err := os.Stat(s.plugin.File)
	if err != nil {
		return 0, err
	}
	return info.Mode().Perm() & 0o666, nil
}

// taken tells whether a file holds what somebody else, or the same signer as another type
// of attestation, signed about the plugin.
func (s seal) taken(file string, plugin *bundle.Digests) (bool, error) {
	text, b, err := readSidecar(file)
	if err != nil || b == nil || b.About(plugin) != nil {
		return false, err
	}
	return !s.sameAs(text, b, plugin), nil
}

// removeOlder removes what the signer has under its own name, where the name that
// everybody looks at first has the new one.
func (s seal) removeOlder(own string, plugin *bundle.Digests) error {
	text, b, err := readSidecar(own)
	if err != nil || b == nil || b.About(plugin) == nil && !s.sameAs(text, b, plugin) {
		return err
	}
	if err := os.Remove(own); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// sameAs tells whether a bundle about the plugin is what the seal replaces.
func (s seal) sameAs(text []byte, b *bundle.Bundle, plugin *bundle.Digests) bool {
	return predicateOf(b) == s.typ && (b.Envelope != nil) == (s.typ != "") && s.by.who(text, b, plugin) == s.id
}

// predicateOf gives the URI of an attestation's type, "" for a signature and for what
// cannot be read.
func predicateOf(b *bundle.Bundle) string {
	if b.Envelope == nil {
		return ""
	}
	statement, err := bundle.ParseStatement(b.Envelope.Payload)
	if err != nil {
		return ""
	}
	return statement.PredicateType
}

// readSidecar reads a bundle, nil where there is none that can be read as one.
func readSidecar(file string) ([]byte, *bundle.Bundle, error) {
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENAMETOOLONG): // no file has such a name
		return nil, nil, nil
	case err != nil:
		return nil, nil, err
	case info.IsDir():
		return nil, nil, fmt.Errorf("%s is a folder", file)
	case !info.Mode().IsRegular() || info.Size() > bundle.MaxSize:
		return nil, nil, nil
	}
	text, err := readRegular(file, bundle.MaxSize)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	b, err := bundle.Parse(text)
	if err != nil {
		return nil, nil, nil
	}
	return text, b, nil
}
