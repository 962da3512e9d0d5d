package inspector

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Bounds of a descriptor's JSON, so that what it is decoded into stays small.
const (
	maxNesting  = 16      // levels; Descriptor writes five
	maxElements = 1 << 15 // of one list or object; golangci-lint has 1,200 packages
)

// strictJSON refuses what encoding/json lets pass: a name that an object has twice, or
// twice but for upper and lower case, so that readers could differ in what they read;
// and what is deeper or longer than any host's. It reads names, and leaves the values to
// the decoder.
func strictJSON(data []byte) error {
	if !json.Valid(data) {
		var v any
		if err := json.Unmarshal(data, &v); err != nil {
			return err
		}
	}
	s := jsonScanner{data: data}
	return s.scan()
}

// jsonScanner goes through JSON that is known to be valid.
type jsonScanner struct {
	data []byte
	at   int
	open []jsonLevel
	name string // that the next value has
}

// jsonLevel is a list or object that is open.
type jsonLevel struct {
	names map[string]bool // nil for a list
	exact bool            // names that differ in case are different
	count int
}

func (s *jsonScanner) scan() error {
	for s.at < len(s.data) {
		c := s.data[s.at]
		s.at++
		switch c {
		case '{', '[':
			if err := s.push(c == '{'); err != nil {
				return err
			}
		case '}', ']':
			s.open = s.open[:len(s.open)-1]
		case ',':
			top := &s.open[len(s.open)-1]
			if top.count++; top.count >= maxElements {
				return fmt.Errorf("a list or object in it has more than %d elements", maxElements)
			}
		case '"':
			if err := s.text(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *jsonScanner) push(object bool) error {
	if len(s.open) == maxNesting {
		return fmt.Errorf("it is nested deeper than %d levels", maxNesting)
	}
	var l jsonLevel
	if object {
		// In these, names are import paths and symbols.
		l = jsonLevel{names: make(map[string]bool), exact: s.name == "folders" || s.name == "linkerStrings"}
	}
	s.open, s.name = append(s.open, l), ""
	return nil
}

// text reads a string, its first quote read already, and takes note of it where it is a
// name.
func (s *jsonScanner) text() error {
	start := s.at - 1
	for s.data[s.at] != '"' {
		if s.data[s.at] == '\\' {
			s.at++
		}
		s.at++
	}
	s.at++
	quoted := s.data[start:s.at]
	rest := bytes.TrimLeft(s.data[s.at:min(len(s.data), s.at+64)], " \t\r\n")
	if len(rest) == 0 { // so much space is nobody's writing
		rest = bytes.TrimLeft(s.data[s.at:], " \t\r\n")
	}
	if len(rest) == 0 || rest[0] != ':' {
		return nil
	}
	var name string
	if err := json.Unmarshal(quoted, &name); err != nil {
		return err
	}
	top := s.open[len(s.open)-1]
	key := name
	if !top.exact {
		key = strings.ToLower(name)
	}
	if top.names[key] {
		return fmt.Errorf("an object has the name %q twice", name)
	}
	top.names[key] = true
	s.name = name
	return nil
}

// nameSums is a set of names of which only the presence matters.
type nameSums map[uint64]bool

func longSum(s string) uint64 {
	sum := sha256.Sum256([]byte(s))
	return binary.BigEndian.Uint64(sum[:])
}

func (n nameSums) encoded() string {
	var b []byte
	for _, sum := range slices.Sorted(maps.Keys(n)) {
		b = binary.BigEndian.AppendUint64(b, sum)
	}
	return base64.StdEncoding.EncodeToString(b)
}

// readNameSums reads what encoded wrote.
func readNameSums(text string) (nameSums, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(b)%8 != 0 {
		return nil, errors.New("its field cSymbols is not base64 of sums of eight bytes")
	}
	n := make(nameSums, len(b)/8)
	for ; len(b) > 0; b = b[8:] {
		n[binary.BigEndian.Uint64(b)] = true
	}
	return n, nil
}
