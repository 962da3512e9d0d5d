package loader

import (
	"errors"
	"fmt"
	"plugin"
	"reflect"
	"strings"

	"github.com/plugtool/plugtool/inspector"
)

// A Plugin is an open plugin.
type Plugin struct {
	Checked
	Symbols []inspector.Symbol // what Lookup finds, by name
	handle  *plugin.Plugin
}

// Lookup gives a plugin's exported function or variable as a T. A function's T
// is its type. A variable of type V is given as a *V, through which host and
// plugin share it, as a copy where T is V, or as an interface T that *V or the
// variable's present value implements.
//
// The error is an [*Error] of class [ClassSymbol] that names both types; it
// wraps [ErrNoSymbol] where the plugin has no such symbol.
func Lookup[T any](p *Plugin, name string) (T, error) {
	var none T
	if p == nil || p.handle == nil {
		return none, &Error{Class: ClassSymbol, Err: fmt.Errorf("%s cannot be looked up: no plugin was opened", name)}
	}
	symbol, err := p.handle.Lookup(name)
	if err != nil {
		return none, p.symbolError(fmt.Errorf("%w: %s; it has %s", ErrNoSymbol, name, p.symbolNames()))
	}
	if v, ok := symbol.(T); ok {
		return v, nil
	}
	if value := reflect.ValueOf(symbol); value.Kind() == reflect.Pointer {
		variable := value.Elem()
		if v, ok := variable.Interface().(T); ok && !isNil(variable) {
			return v, nil
		}
		if isNil(variable) && variable.Type().AssignableTo(reflect.TypeFor[T]()) {
			return none, p.symbolError(fmt.Errorf("variable %s of type %v is nil", name, variable.Type()))
		}
	}
	return none, p.symbolError(errors.New(mismatch(name, reflect.TypeOf(symbol), reflect.TypeFor[T]())))
}

func (p *Plugin) symbolError(err error) error {
	return &Error{Class: ClassSymbol, File: p.File, Err: err}
}

func (p *Plugin) symbolNames() string {
	if len(p.Symbols) == 0 {
		return "no exported symbols"
	}
	names := make([]string, len(p.Symbols))
	for i, s := range p.Symbols {
		names[i] = s.Name
	}
	return strings.Join(names, ", ")
}

func isNil(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer, reflect.Func, reflect.Map, reflect.Slice, reflect.Chan:
		return v.IsNil()
	}
	return false
}

// mismatch says what a symbol is and what was asked for, and, for an
// interface, what it lacks.
func mismatch(name string, got, want reflect.Type) string {
	kind := "function"
	described := got
	if got.Kind() == reflect.Pointer { // what plugin.Lookup gives for a variable
		kind, described = "variable", got.Elem()
	}
	gotText, wantText := described.String(), want.String()
	if gotText == wantText {
		gotText, wantText = typeText(described), typeText(want)
	}
	text := fmt.Sprintf("%s %s has type %s, the host asks for %s", kind, name, gotText, wantText)
	if want.Kind() == reflect.Interface {
		if lack := lacking(got, want); lack != "" {
			text += ": " + lack
		}
	}
	return text
}

// lacking names the first method of the interface want that got has not, or
// has with another type.
func lacking(got, want reflect.Type) string {
	typeOf := withoutReceiver
	if got.Kind() == reflect.Pointer && got.Elem().Kind() == reflect.Interface { // a variable of an interface type
		got, typeOf = got.Elem(), func(t reflect.Type) reflect.Type { return t }
	}
	for i := range want.NumMethod() {
		method := want.Method(i)
		have, ok := got.MethodByName(method.Name)
		if !ok {
			return "it has no method " + method.Name
		}
		if t := typeOf(have.Type); t != method.Type {
			haveText, wantText := t.String(), method.Type.String()
			if haveText == wantText {
				haveText, wantText = typeText(t), typeText(method.Type)
			}
			return fmt.Sprintf("its method %s is %s, want %s", method.Name, haveText, wantText)
		}
	}
	return ""
}

// withoutReceiver gives the type of a method from that of the method expression.
func withoutReceiver(t reflect.Type) reflect.Type {
	var in, out []reflect.Type
	for i := range t.NumIn() {
		if i > 0 {
			in = append(in, t.In(i))
		}
	}
	for i := range t.NumOut() {
		out = append(out, t.Out(i))
	}
	return reflect.FuncOf(in, out, t.IsVariadic())
}
