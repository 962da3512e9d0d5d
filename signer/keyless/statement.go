package keyless

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/plugtool/plugtool/signer/bundle"
)

const (
	payloadType   = "application/vnd.in-toto+json"
	statementType = "https://in-toto.io/Statement/v1"

	// olderStatementType is what some tools still write. Subjects and
	// predicate type are the same.
	olderStatementType = "https://in-toto.io/Statement/v0.1"

	maxSubjects = 1024 // sigstore-go's
)

// checkEnvelope checks what an attestation says about the file.
func checkEnvelope(e *bundle.Envelope, sum [sha256.Size]byte) error {
	if e.PayloadType != payloadType {
		return invalid("has a payload of type %s, expected %s", shown(e.PayloadType), payloadType)
	}
	digests, err := subjects(e.Payload)
	if err != nil {
		return invalid("has a statement that %s", err)
	}
	if want := hex.EncodeToString(sum[:]); !slices.Contains(digests, want) {
		return invalid("is an attestation about %s, this file has SHA-256 %s", someOf(digests), want)
	}
	return nil
}

func someOf(digests []string) string {
	if len(digests) == 1 {
		return "a file with SHA-256 " + shown(digests[0])
	}
	return fmt.Sprintf("%d other files", len(digests))
}

// subjects reads the SHA-256 digests that an in-toto statement is about. It is
// strict in what more than one reader looks at: sigstore-go takes names in any
// case there, and the last of two fields.
func subjects(statement []byte) ([]string, error) {
	if !utf8.Valid(statement) {
		return nil, errors.New("is not valid UTF-8")
	}
	fields, err := members(statement, "_type", "subject", "predicateType", "predicate")
	if err != nil {
		return nil, err
	}
	var kind, predicate string
	if err := json.Unmarshal(fields["_type"], &kind); err != nil || kind != statementType && kind != olderStatementType {
		return nil, fmt.Errorf("has the type %s, expected %s", shown(kind), statementType)
	}
	if err := json.Unmarshal(fields["predicateType"], &predicate); err != nil || predicate == "" {
		return nil, errors.New("has no predicateType")
	}
	var list []json.RawMessage
	if err := json.Unmarshal(fields["subject"], &list); err != nil || len(list) == 0 {
		return nil, errors.New("has no subject")
	}
	if len(list) > maxSubjects {
		return nil, fmt.Errorf("has %d subjects, at most %d are read", len(list), maxSubjects)
	}
	var digests []string
	for i, s := range list {
		digest, err := subject(s)
		if err != nil {
			return nil, fmt.Errorf("has a subject (number %d) that %w", i+1, err)
		}
		digests = append(digests, digest)
	}
	return digests, nil
}

// subject gives the SHA-256 of one subject.
func subject(data json.RawMessage) (string, error) {
	fields, err := members(data, "name", "uri", "digest", "content", "downloadLocation", "mediaType", "annotations")
	if err != nil {
		return "", err
	}
	digests, err := members(fields["digest"])
	if err != nil {
		return "", fmt.Errorf("has a digest that %w", err)
	}
	var sum string
	if err := json.Unmarshal(digests["sha256"], &sum); err != nil || len(sum) != 2*sha256.Size || strings.Trim(sum, "0123456789abcdef") != "" {
		return "", errors.New("has no sha256 digest of 64 lower-case hexadecimal digits")
	}
	return sum, nil
}

// members reads an object whose names are exactly these, or any where none
// are given, each at most once, also when case is ignored.
func members(data []byte, allowed ...string) (map[string]json.RawMessage, error) {
	tokens := json.NewDecoder(bytes.NewReader(data))
	if first, err := tokens.Token(); err != nil || first != json.Delim('{') {
		return nil, errors.New("is not a JSON object")
	}
	all := map[string]json.RawMessage{}
	folded := map[string]bool{}
	for tokens.More() {
		token, err := tokens.Token()
		if err != nil {
			return nil, errors.New("is not JSON")
		}
		name, _ := token.(string) // the decoder lets nothing else stand here
		if len(allowed) > 0 && !slices.Contains(allowed, name) {
			return nil, fmt.Errorf("has unknown field %s", shown(name))
		}
		if fold := strings.ToLower(name); folded[fold] {
			return nil, fmt.Errorf("has field %s twice", shown(name))
		} else {
			folded[fold] = true
		}
		var value json.RawMessage
		if err := tokens.Decode(&value); err != nil {
			return nil, errors.New("is not JSON")
		}
		all[name] = value
	}
	if _, err := tokens.Token(); err != nil || len(bytes.TrimSpace(data[tokens.InputOffset():])) > 0 {
		return nil, errors.New("is not one JSON object")
	}
	return all, nil
}
