package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/plugtool/plugtool/signer/bundle"
)

// Parse reads a policy in JSON, strictly: one document of at most [bundle.MaxSize]
// bytes, no name twice, none that is unknown or differs from a known one in case, since
// a rule that is overlooked is a rule that does not hold. For the same reason nothing
// may be there and say nothing: no null, no empty text, no empty list of what is
// demanded, no time zero, no threshold of 0. Where it can be told, the error is an
// [*Error].
func Parse(data []byte) (*Policy, error) {
	if err := bundle.CheckJSON(data); err != nil {
		return nil, &Error{"", err}
	}
	var shape any
	if err := json.Unmarshal(data, &shape); err != nil {
		return nil, &Error{"", err}
	}
	if err := checkShape("", shape, reflect.TypeFor[Policy]()); err != nil {
		return nil, err
	}
	p := new(Policy)
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(p); err != nil {
		return nil, &Error{"", err}
	}
	return p, nil
}

// mayBeEmpty are the lists that demand nothing of any plugin by being empty.
var mayBeEmpty = []string{"deny", "allow"}

// checkShape checks what will become a t: that it is of its kind and says something,
// and that objects have t's names only, letter for letter. encoding/json takes them in
// any case, and the last one that it takes wins.
func checkShape(at string, v any, t reflect.Type) error {
	if v == nil {
		return wrong(at, "is null, which says nothing: leave it out")
	}
	if t == reflect.TypeFor[time.Time]() {
		return checkTime(at, v)
	}
	switch t.Kind() {
	case reflect.String:
		if s, ok := v.(string); !ok {
			return wrong(at, "is %s, expected text", kindOf(v))
		} else if strings.TrimSpace(s) == "" {
			return wrong(at, "is empty, which says nothing: leave it out")
		}
	case reflect.Int: // the thresholds
		if n, ok := v.(float64); !ok || n != math.Trunc(n) || n < 1 || n > math.MaxInt32 {
			return wrong(at, "is %s, expected a whole number, 1 or more", shown(v))
		}
	case reflect.Slice:
		list, ok := v.([]any)
		if !ok {
			return wrong(at, "is %s, expected a list", kindOf(v))
		}
		if len(list) == 0 && !slices.Contains(mayBeEmpty, at) {
			return wrong(at, "is an empty list, which says nothing: leave it out")
		}
		for i, e := range list {
			if err := checkShape(fmt.Sprintf("%s[%d]", at, i), e, t.Elem()); err != nil {
				return err
			}
		}
	default:
		return checkObject(at, v, t)
	}
	return nil
}

func checkObject(at string, v any, t reflect.Type) error {
	object, ok := v.(map[string]any)
	if !ok {
		return wrong(at, "is %s, expected an object", kindOf(v))
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		inner, known := member(t, name)
		if !known {
			return wrong(at, "has no field %s", quote(name))
		}
		if err := checkShape(strings.TrimPrefix(at+"."+name, "."), object[name], inner); err != nil {
			return err
		}
	}
	return nil
}

// member gives the type of what t, a struct or map, has under name.
func member(t reflect.Type, name string) (reflect.Type, bool) {
	if t.Kind() == reflect.Map {
		return t.Elem(), true
	}
	for _, f := range reflect.VisibleFields(t) {
		if tag, _, _ := strings.Cut(f.Tag.Get("json"), ","); tag == name && !f.Anonymous {
			return f.Type, true
		}
	}
	return nil, false
}

// checkTime refuses the zero time as well, which in a [Validity] is no limit.
func checkTime(at string, v any) error {
	var t time.Time
	s, ok := v.(string)
	loose := len(s) < 20 || s[13] != ':' || strings.Contains(s, ",") || // package time takes these
		!strings.HasSuffix(s, "Z") && (s[len(s)-5:len(s)-3] > "23" || s[len(s)-2:] > "59")
	if !ok || loose || t.UnmarshalText([]byte(s)) != nil || t.IsZero() {
		return wrong(at, "is %s, expected a time such as 2027-01-31T00:00:00Z", shown(v))
	}
	return nil
}

func shown(v any) string {
	switch v := v.(type) {
	case string:
		return quote(v)
	case float64:
		return fmt.Sprint(v)
	}
	return kindOf(v)
}

func kindOf(v any) string {
	switch v := v.(type) {
	case string:
		return "text"
	case float64:
		return "a number"
	case bool:
		return fmt.Sprint(v)
	case []any:
		return "a list"
	}
	return "an object"
}
