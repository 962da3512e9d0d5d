package builder

import "testing"

// TestSortedSums: go.sum comes out as the go command writes it, whichever of two plans was
// done first.
func TestSortedSums(t *testing.T) {
	const want = "a.b/c v1.2.0 h1:2=\na.b/c v1.2.0/go.mod h1:1=\na.b/c v1.10.0 h1:4=\na.b/d v1.0.0/go.mod h1:3=\n"
	for _, content := range []string{
		want,
		"a.b/d v1.0.0/go.mod h1:3=\na.b/c v1.10.0 h1:4=\na.b/c v1.2.0/go.mod h1:1=\na.b/c v1.2.0 h1:2=\na.b/c v1.2.0 h1:2=\n",
	} {
		if got := string(sortedSums([]byte(content))); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	const broken = "b v1 h1:1=\nnonsense\na v1 h1:1=\n"
	if got := string(sortedSums([]byte(broken))); got != broken {
		t.Errorf("%q, want it left alone", got)
	}
}
