package trial

import (
	"fmt"
	"strings"
	"sync"
)

// kept is how much of a process's output is kept, in bytes: that much of its start, and
// as much of its end, where it crashes.
const kept = 32 << 10

// An output keeps the start and the end of what is written to it.
type output struct {
	mu    sync.Mutex
	start []byte
	end   []byte // the last bytes, at most twice kept
	lost  int
}

func (o *output) Write(data []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := len(data)
	if room := kept - len(o.start); room > 0 {
		o.start = append(o.start, data[:min(room, len(data))]...)
		data = data[min(room, len(data)):]
	}
	if len(data) > kept {
		o.lost += len(data) - kept
		data = data[len(data)-kept:]
	}
	o.end = append(o.end, data...)
	if over := len(o.end) - kept; over > kept {
		o.lost += over
		o.end = append([]byte(nil), o.end[over:]...)
	}
	return n, nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	lost, end := o.lost, o.end
	if over := len(end) - kept; over > 0 {
		lost, end = lost+over, end[over:]
	}
	text := string(o.start)
	if lost > 0 {
		text += fmt.Sprintf("\n[%d bytes left out]\n", lost)
	}
	return strings.ToValidUTF8(text+string(end), "\uFFFD")
}
