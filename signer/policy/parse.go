package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/plugtool/plugtool/signer/bundle"
)

// Parse reads a policy in JSON, strictly: one document of at most [bundle.MaxSize]
// bytes, no name twice, none that is unknown or differs from a known one in case, since
// a rule that is overlooked is a rule that does not hold.
func Parse(data []byte) (*Policy, error) {
	if err := bundle.CheckJSON(data); err != nil {
		return nil, fmt.Errorf("policy %w", err)
	}
	var shape any
	if err := json.Unmarshal(data, &shape); err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	if err := exactNames("", shape, reflect.TypeFor[Policy]()); err != nil {
		return nil, err
	}
	p := new(Policy)
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(p); err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	return p, nil
}

// exactNames checks that every object which will become a t has t's names only, letter
// for letter: encoding/json takes them in any case, and the last one that it takes wins.
func exactNames(at string, v any, t reflect.Type) error {
	switch v := v.(type) {
	case []any:
		if t.Kind() != reflect.Slice {
			return nil // the decoder says what is wrong with it
		}
		for i, e := range v {
			if err := exactNames(fmt.Sprintf("%s[%d]", at, i), e, t.Elem()); err != nil {
				return err
			}
		}
	case map[string]any:
		for name, e := range v {
			inner, known := member(t, name)
			if !known {
				return fmt.Errorf("policy: %s has no field %q", place(at), name)
			}
			if err := exactNames(strings.TrimPrefix(at+"."+name, "."), e, inner); err != nil {
				return err
			}
		}
	case nil:
		return fmt.Errorf("policy: %s is null, which says nothing: leave it out", place(at))
	}
	return nil
}

// member gives the type of what t, a struct or map, has under name. What is neither is
// the decoder's to refuse.
func member(t reflect.Type, name string) (reflect.Type, bool) {
	switch {
	case t.Kind() == reflect.Map:
		return t.Elem(), true
	case t.Kind() != reflect.Struct:
		return t, true
	}
	for _, f := range reflect.VisibleFields(t) {
		if tag, _, _ := strings.Cut(f.Tag.Get("json"), ","); tag == name && !f.Anonymous {
			return f.Type, true
		}
	}
	return nil, false
}

func place(at string) string {
	if at == "" {
		return "it"
	}
	return at
}
