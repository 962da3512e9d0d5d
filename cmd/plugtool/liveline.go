package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"

	"golang.org/x/term"

	"github.com/plugtool/plugtool/report"
)

// A liveLine is the last line of a terminal, which says what is going on and changes
// as that does. What is written through it comes to stand above. A nil one does
// nothing.
type liveLine struct {
	mu      sync.Mutex
	to      io.Writer
	columns func() int
	running []liveBuild
	count   string
	shown   bool
}

type liveBuild struct {
	i    int
	name string
}

const (
	clearLine      = "\r\x1b[K"
	defaultColumns = 80
)

func newLiveLine(to io.Writer) *liveLine {
	return &liveLine{to: to, columns: func() int {
		if f, ok := to.(*os.File); ok {
			if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
				return width
			}
		}
		return defaultColumns
	}}
}

// begin says that a build was started.
func (l *liveLine) begin(i int, name string) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running = append(l.running, liveBuild{i, name})
	l.draw()
}

// end says that a build is done, and how many are.
func (l *liveLine) end(i int, count string) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running = slices.DeleteFunc(l.running, func(b liveBuild) bool { return b.i == i })
	l.count = count
	l.draw()
}

// stop takes the line away.
func (l *liveLine) stop() {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.clear()
	l.running, l.count = nil, ""
}

func (l *liveLine) clear() {
	if l.shown {
		io.WriteString(l.to, clearLine)
		l.shown = false
	}
}

// draw writes the line anew.
func (l *liveLine) draw() {
	l.clear()
	var names []string
	for _, b := range l.running {
		names = append(names, b.name)
	}
	text := "plugtool: building " + strings.Join(names, ", ")
	if l.count != "" {
		text = fmt.Sprintf("plugtool: %s done; building %s", l.count, strings.Join(names, ", "))
	}
	if len(names) == 0 {
		return
	}
	runes := []rune(report.Printable(text))
	if most := l.columns() - 1; len(runes) > most { // a full line would make the terminal scroll
		runes = append(runes[:max(most-1, 0)], '…')
	}
	io.WriteString(l.to, string(runes))
	l.shown = true
}

// Write writes whole lines above the line.
func (l *liveLine) Write(data []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.clear()
	n, err := l.to.Write(data)
	l.draw()
	return n, err
}

// passing drops the lines that begin like one of these: the line tells as much.
func (l *liveLine) passing(prefixes ...string) io.Writer {
	return passing{l, prefixes}
}

type passing struct {
	to       io.Writer
	prefixes []string
}

func (p passing) Write(data []byte) (int, error) {
	if slices.ContainsFunc(p.prefixes, func(prefix string) bool { return strings.HasPrefix(string(data), prefix) }) {
		return len(data), nil
	}
	return p.to.Write(data)
}
