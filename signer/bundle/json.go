package bundle

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A reader walks a JSON document that has a known shape.
//
// json.Unmarshal is too kind for what is signed: it lets a field that comes
// twice, or in other case, overwrite an earlier one, ignores what it does not
// know and mends broken text, so that two readers can see two things in one
// bundle. A reader only ever descends into fields that its caller names, so
// no document nests deeper than the caller's own code.
type reader struct {
	tokens *json.Decoder
	path   []string // where in the document the reader is, for its errors

	opened json.Token // the start of an object or array that was read already; nil for none
}

// newReader checks that data is one JSON value in valid UTF-8, no larger than
// [MaxSize], and gives a reader standing before it.
func newReader(data []byte) (*reader, error) {
	if len(data) > MaxSize {
		return nil, fmt.Errorf(subject+"is too large: %d bytes, at most %d are read", len(data), MaxSize)
	}
	if !utf8.Valid(data) {
		return nil, errors.New(subject + "is not valid UTF-8")
	}
	// The decoder's tokens alone do not show what follows the value, and the
	// grammar is easier trusted when it was checked as a whole.
	var whole json.RawMessage
	if err := json.Unmarshal(data, &whole); err != nil {
		return nil, fmt.Errorf(subject+"is not JSON: %w", err)
	}
	return &reader{tokens: json.NewDecoder(bytes.NewReader(data))}, nil
}

// CheckJSON checks that data is one JSON value in valid UTF-8, no larger than
// [MaxSize] and no deeper than 64 levels, in which no object has a name twice. It is
// for documents that encoding/json then decodes, and that mean what they say.
func CheckJSON(data []byte) error {
	r, err := newReader(data)
	if err == nil {
		err = r.anything(maxDepth)
	}
	if err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), subject))
	}
	return nil
}

// errorf makes an error about what stands where the reader is; format goes on
// after its name.
func (r *reader) errorf(format string, args ...any) error {
	where := strings.Join(r.path, ".")
	where = strings.ReplaceAll(where, ".[", "[")
	if where == "" {
		return fmt.Errorf(subject+format, args...)
	}
	return fmt.Errorf(subject+"field "+where+" "+format, args...)
}

// within runs read with step added to the path.
func (r *reader) within(step string, read func() error) error {
	r.path = append(r.path, step)
	err := read()
	r.path = r.path[:len(r.path)-1]
	return err
}

// token gives the next token, in words for the error where it is not of the
// type wanted.
func token[T any](r *reader, want string) (T, error) {
	var none T
	tok, err := r.opened, error(nil)
	if r.opened = nil; tok == nil {
		tok, err = r.tokens.Token()
	}
	if err != nil {
		return none, r.errorf("cannot be read: %w", err)
	}
	if t, ok := tok.(T); ok {
		return t, nil
	}
	return none, r.errorf("is %s, expected %s", tokenKind(tok), want)
}

func tokenKind(tok json.Token) string {
	switch tok := tok.(type) {
	case json.Delim:
		if tok == '[' {
			return "an array"
		}
		return "an object"
	case string:
		return "text"
	case bool:
		return "a boolean"
	case nil:
		return "null"
	}
	return "a number"
}

// open reads the start of an object or array.
func (r *reader) open(delim json.Delim, want string) error {
	got, err := token[json.Delim](r, want)
	if err == nil && got != delim {
		err = r.errorf("is %s, expected %s", tokenKind(got), want)
	}
	return err
}

// A field of an object: its exact name, and how to read its value.
type field struct {
	name string
	read func() error
}

// object reads an object that has these fields at most, each at most once.
func (r *reader) object(fields ...field) error {
	if err := r.open('{', "an object"); err != nil {
		return err
	}
	seen := make([]bool, len(fields))
	for r.tokens.More() {
		name, err := token[string](r, "a name")
		if err != nil {
			return err
		}
		i, err := r.find(fields, name)
		if err != nil {
			return err
		}
		if seen[i] {
			return r.errorf("has %q twice", name)
		}
		seen[i] = true
		if err := r.within(name, fields[i].read); err != nil {
			return err
		}
	}
	_, err := token[json.Delim](r, "the object's end")
	return err
}

// find gives the index of the field called name.
func (r *reader) find(fields []field, name string) (int, error) {
	for i, f := range fields {
		if f.name == name {
			return i, nil
		}
	}
	for _, f := range fields {
		if strings.EqualFold(f.name, name) {
			return 0, r.errorf("has unknown field %s, which differs from %q only in case", quote(name), f.name)
		}
	}
	return 0, r.errorf("has unknown field %s", quote(name))
}

// names reads an object whose names are not known beforehand, at most limit of them.
// One that comes twice is an error. Names that differ in case are two: in what signers
// make up, such as a list of environment variables, both may be there, and whoever
// reads such an object has to tell them apart, as a Go map does and a struct does not.
func (r *reader) names(limit int, value func(name string) error) error {
	if err := r.open('{', "an object"); err != nil {
		return err
	}
	seen := map[string]bool{}
	for r.tokens.More() {
		name, err := r.text()
		if err != nil {
			return err
		}
		if seen[name] {
			return r.errorf("has %s twice", quote(name))
		}
		if seen[name] = true; len(seen) > limit {
			return r.errorf("has more than %d names", limit)
		}
		if err := r.within(quote(name), func() error { return value(name) }); err != nil {
			return err
		}
	}
	_, err := token[json.Delim](r, "the object's end")
	return err
}

// anything reads a value of any shape that nests at most depth levels, as strictly as
// names reads objects.
func (r *reader) anything(depth int) error {
	tok, err := r.tokens.Token()
	if err != nil {
		return r.errorf("cannot be read: %w", err)
	}
	if s, ok := tok.(string); ok && strings.ContainsRune(s, utf8.RuneError) {
		return r.errorf("is broken text")
	}
	delim, ok := tok.(json.Delim)
	if !ok {
		return nil
	}
	if depth == 0 {
		return r.errorf("nests deeper than %d levels", maxDepth)
	}
	r.opened = tok
	if delim == '{' {
		return r.names(math.MaxInt, func(string) error { return r.anything(depth - 1) })
	}
	_, err = r.array(math.MaxInt, func() error { return r.anything(depth - 1) })
	return err
}

// raw reads an object of any content and gives its bytes, which are part of data, the
// document being read.
func (r *reader) raw(data []byte) (json.RawMessage, error) {
	start := r.tokens.InputOffset() // before the colon
	if err := r.anything(maxDepth); err != nil {
		return nil, err
	}
	value := bytes.TrimLeft(data[start:r.tokens.InputOffset()], ": \t\r\n")
	if len(value) == 0 || value[0] != '{' {
		return nil, r.errorf("is no object")
	}
	return bytes.Clone(value), nil
}

// array reads an array of at most limit elements and gives their number.
func (r *reader) array(limit int, element func() error) (int, error) {
	if err := r.open('[', "an array"); err != nil {
		return 0, err
	}
	n := 0
	for ; r.tokens.More(); n++ {
		if n == limit {
			return 0, r.errorf("has more than %d elements", limit)
		}
		if err := r.within("["+strconv.Itoa(n)+"]", element); err != nil {
			return 0, err
		}
	}
	_, err := token[json.Delim](r, "the array's end")
	return n, err
}

// text reads a string.
func (r *reader) text() (string, error) {
	s, err := token[string](r, "text")
	if err == nil && strings.ContainsRune(s, utf8.RuneError) {
		// What the decoder puts for half of a surrogate pair; nothing in a
		// bundle has a use for the character itself.
		err = r.errorf("is broken text")
	}
	return s, err
}

// bytes reads bytes in padded standard base64, in its one canonical form: the
// only one that signing tools write.
func (r *reader) bytes() ([]byte, error) {
	s, err := r.text()
	if err != nil {
		return nil, err
	}
	// The decoder would skip line breaks.
	if strings.ContainsAny(s, "\r\n") {
		return nil, r.errorf("has a line break in base64")
	}
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil {
		return nil, r.errorf("is not standard base64: %w", err)
	}
	return b, nil
}

// someBytes reads bytes of which there must be at least one.
func (r *reader) someBytes() ([]byte, error) {
	b, err := r.bytes()
	if err == nil && len(b) == 0 {
		err = r.errorf("is empty")
	}
	return b, err
}

// count reads a number that is not negative, which bundles write as a decimal
// string: JSON's own numbers lose digits in some readers.
func (r *reader) count() error {
	s, err := r.text()
	if err != nil {
		return err
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != s {
		return r.errorf("is %s, expected a decimal number", quote(s))
	}
	return nil
}

// quote shows text from outside: on one line, without control characters, and
// no more of it than helps.
func quote(s string) string {
	const most = 80
	if len(s) > most {
		return strconv.Quote(s[:most]) + "…"
	}
	return strconv.Quote(s)
}
