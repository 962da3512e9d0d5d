package builder

import "testing"

func TestRepositoryURL(t *testing.T) {
	for remote, want := range map[string]string{
		"https://example.com/o/r.git":               "https://example.com/o/r.git",
		"https://user:token@example.com/o/r.git":    "https://example.com/o/r.git",
		"https://token@example.com/o/r?key=secret":  "https://example.com/o/r",
		"ssh://git:pw@example.com:2222/o/r.git":     "ssh://git@example.com:2222/o/r.git",
		"git@example.com:o/r.git":                   "ssh://git@example.com/o/r.git",
		"git@example.com:/o/r.git":                  "ssh://git@example.com/o/r.git",
		"/home/me/r.git":                            "",
		"../r":                                      "",
		"file:///home/me/r":                         "",
		"C:\\Users\\me\\r":                          "",
		"ext::sh -c touch% /tmp/x":                  "",
		"":                                          "",
		"https://exa mple.com/\n":                   "",
		"me@example.com":                            "",
		"https://example.com/o/r.git#readme@master": "https://example.com/o/r.git",
	} {
		if got := repositoryURL(remote); got != want {
			t.Errorf("remote %q is %q, want %q", remote, got, want)
		}
	}
}

func TestReplaceFolder(t *testing.T) {
	for in, want := range map[string]string{
		"/home/me": "$HOME", "/home/me/x": "$HOME/x", "/home/mean": "/home/mean", "/home/me-2/x": "/home/me-2/x",
		"-gcflags=a=-trimpath=/home/me/p=>/home/me": "-gcflags=a=-trimpath=$HOME/p=>$HOME", "": "",
	} {
		if got := replaceFolder(in, "/home/me", "$HOME"); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

func TestNoteNamed(t *testing.T) {
	word := func(b []byte) uint32 { return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24 }
	note := "\x04\x00\x00\x00\x02\x00\x00\x00\x01\x00\x00\x00GNU\x00xy\x00\x00" + "\x04\x00\x00\x00\x05\x00\x00\x00\x04\x00\x00\x00Go\x00\x00a/b/c\x00\x00\x00"
	if got := noteNamed([]byte(note), word, "Go\x00\x00", 4); got != "a/b/c" {
		t.Errorf("note %q", got)
	}
	for cut := range len(note) {
		_ = noteNamed([]byte(note[:cut]), word, "Go\x00\x00", 4) // no panic is what is asked
	}
	if got := noteNamed([]byte("\xff\xff\xff\xff\xff\xff\xff\xff\x04\x00\x00\x00Go\x00\x00"), word, "Go\x00\x00", 4); got != "" {
		t.Errorf("a note without end is %q", got)
	}
}
