package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plugtool/plugtool/signer/bundle"
)

// TestVerifyRaces replaces plugins, sidecars and policies while verify works. Of two
// plugins only the good one loads, and only it is signed by somebody who is trusted: a run
// that says of one plugin that it is verified, and of the bytes what is true of the other,
// would have taken them from two files.
func TestVerifyRaces(t *testing.T) {
	files := map[string][]byte{}
	for name, recipe := range map[string]string{"host": "host", "good": "plugin.so", "bad": "untrimmed.so"} {
		file := filepath.Join(t.TempDir(), recipe)
		if err := recipes()[recipe].make(file); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = data
	}
	for name, steps := range raceSteps() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRace(t, files)
			r.run(steps(r))
		})
	}
}

// A race is an arena with two plugins, of which one at a time is p.so.
type race struct {
	*arena
	seen map[string]int // by what verify said
}

func newRace(t *testing.T, files map[string][]byte) *race {
	t.Helper()
	r := &race{newArena(t), map[string]int{}}
	r.write("host", files["host"])
	for name, key := range map[string]string{"good": "good", "bad": "stranger"} {
		r.write(name+".so", files[name])
		r.sign(key, name+".so", name+".so.json")
	}
	r.write("strict.json", []byte(`{"schema":"plugtool.policy/v1","keys":{"good":`+string(r.pemField("good"))+`},"plugins":[{"name":["*"],"signers":["good"],"verdict":"loads"}]}`))
	r.write("mad.json", []byte(`{"schema":"plugtool.policy/v1","keys":{"stranger":`+string(r.pemField("stranger"))+`},"plugins":[{"name":["*"],"signers":["stranger"],"verdict":"loads"}]}`))
	r.put("good.so", "p.so")
	r.put("good.so.json", "p.so.sigstore.json")
	r.put("strict.json", "policy.json")
	return r
}

// put puts a copy in a file's place at once.
func (r *race) put(from, to string) {
	data, err := os.ReadFile(r.path(from))
	if err == nil {
		err = os.WriteFile(r.path(to)+".new", data, 0o600)
	}
	if err == nil {
		err = os.Rename(r.path(to)+".new", r.path(to))
	}
	if err != nil {
		r.t.Error(err)
	}
}

// overwrite writes into the file that is there.
func (r *race) overwrite(from, to string) {
	data, err := os.ReadFile(r.path(from))
	if err == nil {
		err = os.WriteFile(r.path(to), data, 0o600)
	}
	if err != nil {
		r.t.Error(err)
	}
}

func (r *race) link(target, name string) {
	err := os.Symlink(target, r.path(name)+".new")
	if err == nil {
		err = os.Rename(r.path(name)+".new", r.path(name))
	}
	if err != nil {
		r.t.Error(err)
	}
}

func raceSteps() map[string]func(r *race) []func() {
	put := func(r *race, pairs ...string) []func() {
		var list []func()
		for i := 0; i < len(pairs); i += 2 {
			list = append(list, func() { r.put(pairs[i], pairs[i+1]) })
		}
		return list
	}
	return map[string]func(r *race) []func(){
		"plugin": func(r *race) []func() { return put(r, "bad.so", "p.so", "good.so", "p.so") },
		"sidecar": func(r *race) []func() {
			return put(r, "bad.so.json", "p.so.sigstore.json", "good.so.json", "p.so.sigstore.json")
		},
		"both": func(r *race) []func() {
			return put(r, "bad.so", "p.so", "bad.so.json", "p.so.sigstore.json", "good.so", "p.so", "good.so.json", "p.so.sigstore.json")
		},
		"policy and both": func(r *race) []func() {
			return put(r, "mad.json", "policy.json", "bad.so", "p.so", "bad.so.json", "p.so.sigstore.json",
				"strict.json", "policy.json", "good.so", "p.so", "good.so.json", "p.so.sigstore.json")
		},
		"plugin overwritten": func(r *race) []func() {
			return []func(){func() { r.overwrite("bad.so", "p.so") }, func() { r.overwrite("good.so", "p.so") }}
		},
		"plugin is a link": func(r *race) []func() {
			return []func(){func() { r.link("bad.so", "p.so") }, func() { r.link("good.so", "p.so") }}
		},
	}
}

func (r *race) run(steps []func()) {
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			steps[i%len(steps)]()
			time.Sleep([]time.Duration{0, 2 * time.Millisecond, 0, 7 * time.Millisecond, time.Millisecond}[i/len(steps)%5])
		}
	})
	for i := range verifyRounds {
		trust := []string{"--key", r.path("good.pub")}
		if i%2 == 1 {
			trust = []string{"--policy", r.path("policy.json")}
		}
		r.verifyOnce(trust)
	}
	close(stop)
	wg.Wait()
	r.t.Logf("%v", r.seen)
}

// verifyOnce runs verify and holds what it says against what can be true.
func (r *race) verifyOnce(trust []string) {
	var out, text bytes.Buffer
	args := append([]string{"plugtool", "verify", "--host", r.path("host"), "--format", "json", r.path("p.so")}, trust...)
	code := run(context.Background(), args, nil, strings.NewReader(""), &out, &text)
	var doc struct {
		Results []struct {
			Plugins []struct {
				Outcome   string
				Signature struct {
					Status  bundle.Status
					Signers []struct{ Fingerprint string }
				}
			}
		}
	}
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil || len(doc.Results) != 1 || len(doc.Results[0].Plugins) != 1 {
		r.t.Errorf("exit code %d, %v\n%s%s", code, err, out.Bytes(), text.Bytes())
		return
	}
	p := doc.Results[0].Plugins[0]
	r.seen[string(p.Signature.Status)+", "+p.Outcome]++
	if code == exitOK && (p.Outcome != "loads" || p.Signature.Status != bundle.Verified) {
		r.t.Errorf("exit code 0: %+v\n%s", p, text.Bytes())
	}
	if p.Signature.Status != bundle.Verified {
		return
	}
	signer := map[string]string{r.public("good").Fingerprint(): "good", r.public("stranger").Fingerprint(): "bad"}[p.Signature.Signers[0].Fingerprint]
	if loads := p.Outcome == "loads"; loads != (signer == "good") {
		r.t.Errorf("signed as the %s plugin is, and the outcome is %s\n%s", signer, p.Outcome, out.Bytes())
	}
}
