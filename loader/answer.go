package loader

import (
	"os"
	"plugin"
	"reflect"
	"runtime"
	"strconv"
)

// This file stands for itself: `plugtool test` compiles it into the small host that
// it builds where a host does not answer. It needs Go 1.21 and few packages, since
// each that a small host has and the real one lacks is one that could differ.

// TestProtocol is the first argument of a host that is asked to open plugins for
// `plugtool test`. The others are the number of the file descriptor to report to, -symbol=NAME
// for each symbol to look up, and the plugins' files in order.
const TestProtocol = "plugtool.test/v1"

// AnswerTest answers `plugtool test`. A host calls it first thing in main:
//
//	func main() {
//		if loader.AnswerTest() {
//			return
//		}
//
// It returns false at once, unless the process was started by `plugtool test`: then
// it opens the plugins that it is asked to, with plugin.Open and whoever signed them,
// reports what became of each, and returns true. Nobody but who can start
// the program with arguments of their own gets it to do that.
//
// plugtool runs a host only where the linker kept this function, so a host that does not
// call it is never started.
func AnswerTest() bool { return plugtoolTestV1(nil) }

// plugtoolTestV1 is the name that plugtool looks for among the symbols of a host, here or
// in its package main. Asserts holds, by symbol, type assertions that panic where
// they fail.
//
//go:noinline
func plugtoolTestV1(asserts map[string]func(any)) bool {
	if len(os.Args) < 3 || os.Args[1] != TestProtocol {
		return false
	}
	fd, err := strconv.Atoi(os.Args[2])
	if err != nil || fd < 3 {
		return false
	}
	t := &tested{report: os.NewFile(uintptr(fd), "report"), asserts: asserts}
	t.tell("ready", "")
	var symbols []string
	for _, arg := range os.Args[3:] {
		const flag = "-symbol="
		if len(arg) > len(flag) && arg[:len(flag)] == flag {
			symbols = append(symbols, arg[len(flag):])
			continue
		}
		t.tell("open", arg)
		p := t.open(arg)
		for _, name := range symbols {
			if p != nil {
				t.lookup(p, arg, name)
			}
		}
	}
	t.tell("done", "")
	return true
}

// tested writes what happens, a line of JSON each, before and after whatever may
// take the process down.
type tested struct {
	report  *os.File
	asserts map[string]func(any)
}

// tell reports an event about a plugin, with further names and values in pairs.
func (t *tested) tell(event, file string, more ...string) {
	line := `{"event":` + jsonText(event)
	if file != "" {
		line += `,"file":` + jsonText(file)
	}
	for i := 0; i+1 < len(more); i += 2 {
		line += "," + jsonText(more[i]) + ":" + jsonText(more[i+1])
	}
	// Where nobody listens any more nobody can be told.
	_, _ = t.report.WriteString(line + "}\n")
}

// open opens a plugin; the panic of an init function reaches the caller of
// plugin.Open, and runtime.Goexit ends its goroutine.
func (t *tested) open(file string) *plugin.Plugin {
	opened := make(chan *plugin.Plugin)
	go func() {
		var p *plugin.Plugin
		returned := false
		defer func() {
			if v := recover(); !returned {
				t.tell("opened", file, "panic", panicText(v), "stack", stack())
			}
			opened <- p
		}()
		var err error
		p, err = plugin.Open(file)
		returned = true
		if err != nil {
			t.tell("opened", file, "error", err.Error())
			return
		}
		t.tell("opened", file)
	}()
	return <-opened
}

// lookup looks a symbol up, and asserts what is known of it.
func (t *tested) lookup(p *plugin.Plugin, file, name string) {
	symbol, err := p.Lookup(name)
	if err != nil {
		t.tell("symbol", file, "symbol", name, "error", err.Error())
		return
	}
	assert := t.asserts[name]
	if assert == nil {
		t.tell("symbol", file, "symbol", name, "type", typeText(reflect.TypeOf(symbol)))
		return
	}
	defer func() {
		if v := recover(); v != nil {
			t.tell("symbol", file, "symbol", name, "type", typeText(reflect.TypeOf(symbol)), "error", panicText(v))
		}
	}()
	assert(symbol)
	t.tell("symbol", file, "symbol", name, "type", typeText(reflect.TypeOf(symbol)), "asserted", "true")
}

// stack gives the stack of the panic that was recovered.
func stack() string {
	buf := make([]byte, 32<<10)
	return string(buf[:runtime.Stack(buf, false)])
}

// panicText words a panic's value as the runtime does, as far as it can without
// package fmt.
func panicText(v any) string {
	switch v := v.(type) {
	case nil:
		return "init ended its goroutine without returning (runtime.Goexit)"
	case error:
		return v.Error()
	case interface{ String() string }:
		return v.String()
	case string:
		return v
	}
	r := reflect.ValueOf(v)
	switch {
	case r.CanInt():
		return strconv.FormatInt(r.Int(), 10)
	case r.CanUint():
		return strconv.FormatUint(r.Uint(), 10)
	case r.CanFloat():
		return strconv.FormatFloat(r.Float(), 'g', -1, 64)
	case r.Kind() == reflect.String:
		return r.String()
	}
	return "a value of type " + r.Type().String()
}

// jsonText quotes a string for JSON.
func jsonText(s string) string {
	const digits = "0123456789abcdef"
	out := []byte{'"'}
	for _, c := range s { // what is no UTF-8 becomes U+FFFD
		switch {
		case c == '"' || c == '\\':
			out = append(out, '\\', byte(c))
		case c < ' ':
			out = append(out, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		default:
			out = append(out, string(c)...)
		}
	}
	return string(append(out, '"'))
}

// typeText writes a type with whole import paths, as `plugtool inspect` does.
func typeText(t reflect.Type) string {
	if t.Name() != "" {
		if t.PkgPath() == "" {
			return t.Name()
		}
		return strconv.Quote(t.PkgPath()) + "." + t.Name()
	}
	switch t.Kind() {
	case reflect.Pointer:
		return "*" + typeText(t.Elem())
	case reflect.Slice:
		return "[]" + typeText(t.Elem())
	case reflect.Array:
		return "[" + strconv.Itoa(t.Len()) + "]" + typeText(t.Elem())
	case reflect.Map:
		return "map[" + typeText(t.Key()) + "]" + typeText(t.Elem())
	case reflect.Chan:
		switch t.ChanDir() {
		case reflect.RecvDir:
			return "<-chan " + typeText(t.Elem())
		case reflect.SendDir:
			return "chan<- " + typeText(t.Elem())
		}
		return "chan (" + typeText(t.Elem()) + ")"
	case reflect.Func:
		return "func" + signature(t)
	case reflect.Interface:
		text := "interface {"
		for i := 0; i < t.NumMethod(); i++ {
			text += separator(i) + memberName(t.Method(i).PkgPath, t.Method(i).Name) + signature(t.Method(i).Type)
		}
		return text + " }"
	case reflect.Struct:
		return structText(t)
	}
	return t.String()
}

func structText(t reflect.Type) string {
	text := "struct {"
	for i := 0; i < t.NumField(); i++ {
		f := t.Field(i)
		text += separator(i)
		if !f.Anonymous {
			text += memberName(f.PkgPath, f.Name) + " "
		}
		text += typeText(f.Type)
		if f.Tag != "" {
			text += " " + strconv.Quote(string(f.Tag))
		}
	}
	return text + " }"
}

func separator(i int) string {
	if i == 0 {
		return " "
	}
	return "; "
}

func memberName(path, name string) string {
	if path == "" {
		return name
	}
	return strconv.Quote(path) + "." + name
}

// signature writes a function's type without the word func.
func signature(t reflect.Type) string {
	text := "("
	for i := 0; i < t.NumIn(); i++ {
		if i > 0 {
			text += ", "
		}
		if t.IsVariadic() && i == t.NumIn()-1 {
			text += "..." + typeText(t.In(i).Elem())
			continue
		}
		text += typeText(t.In(i))
	}
	text += ")"
	switch t.NumOut() {
	case 0:
		return text
	case 1:
		return text + " " + typeText(t.Out(0))
	}
	for i := 0; i < t.NumOut(); i++ {
		text += []string{" (", ", "}[min(i, 1)] + typeText(t.Out(i))
	}
	return text + ")"
}
