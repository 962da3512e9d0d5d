package policy

import (
	"fmt"
	"strconv"
	"strings"
)

// An Error says what is wrong with a policy, and where.
type Error struct {
	At  string // as in plugins[0].threshold; "" for the policy as a whole
	Err error  // goes on after At
}

func (e *Error) Error() string {
	at := e.At
	if at != "" {
		at += " "
	}
	return oneLine("policy: " + at + e.Err.Error())
}

func (e *Error) Unwrap() error { return e.Err }

func wrong(at, format string, args ...any) error { return &Error{at, fmt.Errorf(format, args...)} }

// oneLine makes text one line that a terminal shows as it is: what policies, names and
// certificates hold may be anything, and of any length.
func oneLine(s string) string {
	const most = 2000
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return strings.Map(func(r rune) rune {
		if !strconv.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, strings.Join(strings.Fields(s), " "))
}

// quote shows text from outside, and no more of it than helps.
func quote(s string) string {
	const most = 200
	if len(s) > most {
		return strconv.Quote(s[:most]) + "…"
	}
	return strconv.Quote(s)
}

// some names the first few of many.
func some(names []string) string {
	const most = 8
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}
