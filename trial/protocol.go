package trial

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"time"
)

// event is a line that a host writes.
type event struct {
	Event    string  `json:"event"` // ready, open, opened, symbol, done
	File     string  `json:"file"`
	Error    string  `json:"error"`
	Panic    *string `json:"panic"`
	Stack    string  `json:"stack"`
	Symbol   string  `json:"symbol"`
	Type     string  `json:"type"`
	Asserted string  `json:"asserted"`
}

// longestEvent caps a line of a host, in bytes. A stack has at most 32 KiB, which JSON
// may write as six times that.
const longestEvent = 512 << 10

// readEvents hands on what a host reports until it ends. The plugins run in the same
// process and may write whatever they want: what is no event is passed over.
func readEvents(r io.Reader, to func(event)) {
	in := bufio.NewReaderSize(r, longestEvent)
	for {
		line, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			for errors.Is(err, bufio.ErrBufferFull) { // the rest of a line that is too long
				_, err = in.ReadSlice('\n')
			}
			line = nil
		}
		var e event
		if len(line) > 0 && json.Unmarshal(line, &e) == nil {
			to(e)
		}
		if err != nil {
			return
		}
	}
}

// progress is how far a host came, by its own account.
type progress struct {
	files   []string
	symbols []string
	began   time.Time
	ready   bool
	open    bool // the plugin after the last of list is being opened
	done    bool
	list    []Happened
}

// note takes an event that may come now, and says whether it was one.
func (p *progress) note(e event) bool {
	next := len(p.list)
	switch e.Event {
	case "ready":
		if p.ready {
			return false
		}
		p.ready = true
	case "open":
		if !p.ready || p.open || p.done || next == len(p.files) || e.File != p.files[next] {
			return false
		}
		p.open, p.began = true, time.Now()
	case "opened":
		if !p.open || e.File != p.files[next] {
			return false
		}
		p.open = false
		p.list = append(p.list, p.opened(e))
	case "symbol":
		return p.ready && !p.open && next > 0 && p.noteSymbol(e, &p.list[next-1])
	case "done":
		if !p.ready || p.open || p.done || next < len(p.files) {
			return false
		}
		p.done = true
	default:
		return false
	}
	return true
}

func (p *progress) opened(e event) Happened {
	h := Happened{File: e.File, Outcome: Loads, Elapsed: time.Since(p.began)}
	switch {
	case e.Panic != nil:
		h.Outcome, h.Text, h.Stack, h.InInit = Panics, *e.Panic, e.Stack, true
	case e.Error != "":
		h.Outcome, h.Text = Refused, withoutPrefix(e.Error, e.File)
	}
	return h
}

func (p *progress) noteSymbol(e event, h *Happened) bool {
	known := slices.ContainsFunc(h.Symbols, func(s Symbol) bool { return s.Name == e.Symbol })
	if e.File != h.File || h.Outcome != Loads || known || !slices.Contains(p.symbols, e.Symbol) {
		return false
	}
	h.Symbols = append(h.Symbols, Symbol{Name: e.Symbol, Type: e.Type, Error: e.Error,
		Asserted: e.Asserted != "" || e.Type != "" && e.Error != ""})
	return true
}
