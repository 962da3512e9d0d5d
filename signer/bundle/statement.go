package bundle

import (
	"bytes"
	"crypto"
	"encoding/hex"
	"encoding/json"
	"strconv"
)

const (
	// PayloadType is that of the DSSE envelopes that hold in-toto statements, the
	// only ones that are read.
	PayloadType = "application/vnd.in-toto+json"

	// StatementType is the _type of in-toto's Statement v1.
	StatementType = "https://in-toto.io/Statement/v1"
)

// olderStatementType is Statement v0.1, whose fields that are read here are the
// same; cosign wrote it until version 3.
const olderStatementType = "https://in-toto.io/Statement/v0.1"

// Limits on statements.
const (
	maxSubjects = 1024
	maxDigests  = 16 // of one subject
	maxDepth    = 64 // of a predicate
)

// A Statement is an in-toto statement: that a predicate holds of its subjects.
type Statement struct {
	Subjects      []Subject
	PredicateType string
	Predicate     json.RawMessage // an object in which no name comes twice; see [Statement.Field]
}

// A Subject is a file that a statement is about.
type Subject struct {
	Name   string            // of the signer's choice; files are told by digest
	Digest map[string]string // algorithm, as in sha256, to lower-case hex
}

// PAE gives what a DSSE envelope's signature is made over, which binds the payload
// to its type (DSSE v1.0, protocol.md).
func PAE(payloadType string, payload []byte) []byte {
	var b bytes.Buffer
	for i, part := range [][]byte{[]byte("DSSEv1"), []byte(payloadType), payload} {
		if i > 0 {
			b.WriteByte(' ')
			b.WriteString(strconv.Itoa(len(part)))
			b.WriteByte(' ')
		}
		b.Write(part)
	}
	return b.Bytes()
}

// ParseStatement reads an in-toto statement as strictly as [Parse] reads a bundle.
func ParseStatement(data []byte) (*Statement, error) {
	r, err := newReader(data)
	if err != nil {
		return nil, err
	}
	s := new(Statement)
	var statementType bool
	err = r.object(
		field{"_type", func() error { statementType = true; return r.oneOf(StatementType, olderStatementType) }},
		field{"subject", func() error { return r.subjects(s) }},
		field{"predicateType", func() (err error) { s.PredicateType, err = r.text(); return err }},
		field{"predicate", func() (err error) { s.Predicate, err = r.raw(data); return err }},
	)
	switch {
	case err != nil:
		return nil, err
	case !statementType:
		return nil, r.errorf("has no _type, expected %q", StatementType)
	case len(s.Subjects) == 0:
		return nil, r.errorf("has no subject")
	case s.PredicateType == "":
		return nil, r.errorf("has no predicateType")
	}
	return s, nil
}

// Field gives the text in a predicate at path, names from the outside in, and whether
// there is one. Names count in their exact case, unlike json.Unmarshal's.
func (s *Statement) Field(path ...string) (string, bool) {
	var value any
	if json.Unmarshal(s.Predicate, &value) != nil {
		return "", false
	}
	for _, name := range path {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	text, ok := value.(string)
	return text, ok
}

func (r *reader) oneOf(want ...string) error {
	s, err := r.text()
	if err != nil {
		return err
	}
	for _, w := range want {
		if s == w {
			return nil
		}
	}
	return r.errorf("is %s, expected %q", quote(s), want[0])
}

func (r *reader) subjects(s *Statement) error {
	_, err := r.array(maxSubjects, func() error {
		subject := Subject{Digest: map[string]string{}}
		err := r.object(
			field{"name", func() (err error) { subject.Name, err = r.text(); return err }},
			field{"digest", func() error { return r.digestSet(subject.Digest) }},
			field{"uri", r.skipText},
			field{"content", r.skipText},
			field{"downloadLocation", r.skipText},
			field{"mediaType", r.skipText},
			field{"annotations", func() error { return r.anything(maxDepth) }},
		)
		if err == nil && len(subject.Digest) == 0 {
			err = r.errorf("has no digest")
		}
		s.Subjects = append(s.Subjects, subject)
		return err
	})
	return err
}

// digestSet reads an object of digests. Those of the SHA-2 family must look like it:
// the same digest in upper case is another text to readers that compare texts.
func (r *reader) digestSet(into map[string]string) error {
	return r.names(maxDigests, func(name string) error {
		value, err := r.text()
		if err != nil {
			return err
		}
		if h := digestAlgorithms[name]; h != 0 {
			raw, err := hex.DecodeString(value)
			if err != nil || len(raw) != h.Size() || hex.EncodeToString(raw) != value {
				return r.errorf("is %s, expected %d lower-case hexadecimal digits", quote(value), 2*h.Size())
			}
		}
		into[name] = value
		return nil
	})
}

// digestAlgorithms are those of in-toto's digest sets that are compared with files.
var digestAlgorithms = map[string]crypto.Hash{"sha256": crypto.SHA256, "sha384": crypto.SHA384, "sha512": crypto.SHA512}

// about checks that the file is among the subjects: by its SHA-256, which every
// signer writes, and by no other digest contradicted.
func (s *Statement) about(file *Digests) error {
	want := hex.EncodeToString(file.Sum(crypto.SHA256))
	for _, subject := range s.Subjects {
		if subject.Digest["sha256"] != want {
			continue
		}
		for name, value := range subject.Digest {
			h := digestAlgorithms[name]
			if h == 0 || file.Sum(h) == nil {
				continue
			}
			if value != hex.EncodeToString(file.Sum(h)) {
				return failure(Invalid, "is about a file with %s %s, which this file, with the same sha256, does not have", name, value)
			}
		}
		return nil
	}
	switch first := s.Subjects[0].Digest["sha256"]; {
	case first == "":
		return failure(Invalid, "is about %s without a sha256, this file has %s", quote(s.Subjects[0].Name), want)
	case len(s.Subjects) > 1:
		return failure(Invalid, "is about %d other files, the first with sha256 %s, this file has %s", len(s.Subjects), first, want)
	default:
		return failure(Invalid, "is about a file with sha256 %s, this file has %s", first, want)
	}
}
