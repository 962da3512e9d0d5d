// Package watch waits for files to change: those that builds are made from, in whole
// folders, and single ones.
//
// What counts is what the files are, not what the system says of them: it wakes the
// watcher up, which then compares. So editors that save by renaming, files that are written
// twice, and events that are lost or come late make no difference, and where the
// system gives no events the watcher looks by itself from time to time.
package watch

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Options say how to watch.
type Options struct {
	// Poll is how often to look where the system gives no events; more than 0.
	Poll time.Duration
	// Polling has the watcher look from time to time in any case: on file systems of
	// other machines, the system knows of no changes.
	Polling bool
	// Settle is for how long nothing may change before a change is told: whoever saves
	// several files, or a large one, is to be done.
	Settle time.Duration
	// Notice, if set, is told once why the watcher has to look by itself.
	Notice func(text string)
}

// Watched are the files to watch.
type Watched struct {
	Folders []string // with all below them that is not another module
	Files   []string
	Ignore  []string // files that do not count: what a build writes
}

// A Watcher waits for files to change.
type Watcher struct {
	options Options
	events  *fsnotify.Watcher // nil: it looks by itself
	added   map[string]bool   // folders that events come from
	watched Watched
	before  snapshot
	embeds  map[string]embedFact
}

// New makes a watcher, to be closed.
func New(o Options) *Watcher {
	w := &Watcher{options: o, added: map[string]bool{}, embeds: map[string]embedFact{}}
	if o.Polling {
		return w
	}
	events, err := fsnotify.NewWatcher()
	if err != nil {
		w.fallBack(err)
		return w
	}
	w.events = events
	return w
}

// Close ends the watching.
func (w *Watcher) Close() error {
	if w.events == nil {
		return nil
	}
	return w.events.Close()
}

// fallBack has the watcher look by itself from now on.
func (w *Watcher) fallBack(why error) {
	if w.events != nil {
		_ = w.events.Close() // nothing more is expected of it
		w.events = nil
	}
	if w.options.Notice != nil {
		w.options.Notice(fmt.Sprintf("the system tells no changes (%v); looking every %v", why, w.options.Poll))
	}
}

// Begin notes how the files are now. A Wait that follows is for changes after this.
func (w *Watcher) Begin(watched Watched) {
	w.watched = watched
	w.before = w.look()
}

// Wait waits until files are no longer as they were at the last Begin, and have come to
// rest. It names those that changed, came or went, sorted. The error is the context's.
func (w *Watcher) Wait(ctx context.Context) ([]string, error) {
	for {
		if now := w.look(); len(w.before.differences(now)) > 0 {
			rested, err := w.rest(ctx, now)
			if err != nil {
				return nil, err
			}
			if changed := w.before.differences(rested); len(changed) > 0 {
				return changed, nil
			}
		}
		if err := w.wake(ctx); err != nil {
			return nil, err
		}
	}
}

// longest is for how many times Settle a change is held back while files keep changing.
const longest = 50

// rest waits until two looks show the same.
func (w *Watcher) rest(ctx context.Context, now snapshot) (snapshot, error) {
	for range longest {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(w.options.Settle):
		}
		next := w.look()
		if maps.Equal(now, next) {
			return now, nil
		}
		now = next
	}
	return now, nil
}

// wake waits until there may be something new to see.
func (w *Watcher) wake(ctx context.Context) error {
	if w.events == nil {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(w.options.Poll):
			return nil
		}
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case _, ok := <-w.events.Events:
		if !ok {
			w.fallBack(fsnotify.ErrClosed)
		}
	case err := <-w.events.Errors:
		if err != nil && err != fsnotify.ErrEventOverflow {
			w.fallBack(err)
		}
	}
	return nil
}

// listen has the system tell of changes in a folder. It comes before the folder is read,
// so that nothing is lost between the two.
func (w *Watcher) listen(dir string) {
	if w.events == nil || w.added[dir] {
		return
	}
	if err := w.events.Add(dir); err != nil {
		if !gone(err) {
			w.fallBack(err)
		}
		return
	}
	w.added[dir] = true
}

// look takes a snapshot of all that is watched.
func (w *Watcher) look() snapshot {
	if w.events != nil {
		// A folder that went and came again is another one to the system.
		here := map[string]bool{}
		for _, dir := range w.events.WatchList() {
			here[dir] = true
		}
		maps.DeleteFunc(w.added, func(dir string, _ bool) bool { return !here[dir] })
	}
	s := snapshot{}
	for _, folder := range w.watched.Folders {
		w.walk(s, filepath.Clean(folder), true, false)
	}
	for _, file := range w.watched.Files {
		w.listen(filepath.Dir(file))
		s.note(file)
	}
	for _, file := range w.watched.Ignore {
		delete(s, file)
	}
	return s
}

// A snapshot says how files are.
type snapshot map[string]stamp

// differences names the files that are not in both or not the same, sorted.
func (s snapshot) differences(now snapshot) []string {
	var list []string
	for file, is := range now {
		if was, ok := s[file]; !ok || was != is {
			list = append(list, file)
		}
	}
	for file := range s {
		if _, ok := now[file]; !ok {
			list = append(list, file)
		}
	}
	slices.Sort(list)
	return list
}
