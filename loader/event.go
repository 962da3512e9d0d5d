package loader

import (
	"errors"
	"strings"
	"time"

	"github.com/plugtool/plugtool/signer/bundle"
)

// An Event is one step that ended, well or badly, or the end of a whole call.
type Event struct {
	Stage    Stage
	File     string          // as given to Open
	Class    Class           // what stood in the way; "" where the step went well
	Err      error           // why the plugin is refused; nil where the step went well
	Elapsed  time.Duration   // of this step alone; at StageEnd of the call
	SHA256   string          // of the plugin's bytes; "" where they were not read
	Size     int64           // of the plugin, in bytes
	Status   bundle.Status   // of its signature; "" where it was not looked at
	Signers  []bundle.Signer // who signed it, where that is verified
	Rule     string          // of Policy.Rules, that decided
	Warnings []string        // see Checked
	Again    bool            // the very plugin was open already, and nothing of it ran now
}

// A Stage is a step on the way to an open plugin.
type Stage string

// A file that is replaced meanwhile is read and checked again, so these two can come
// more than once.
const (
	StageRead      Stage = "read"
	StageSignature Stage = "signature"
)

const (
	StageVerdict Stage = "verdict"
	StageOpen    Stage = "open" // copy, dlopen and the plugin's init
	StageEnd     Stage = "end"  // of Open or Check, once for each plugin, however it ended
)

// KeyValues gives what the event says as keys and values by turns, which log/slog and
// others take, and leaves out what it does not say:
//
//	slog.Info("plugin", e.KeyValues()...)
func (e Event) KeyValues() []any {
	list := []any{"stage", string(e.Stage), "file", e.File, "elapsed", e.Elapsed}
	add := func(key string, value any, says bool) {
		if says {
			list = append(list, key, value)
		}
	}
	var signers []string
	for _, s := range e.Signers {
		signers = append(signers, signerText(s))
	}
	add("class", string(e.Class), e.Class != "")
	add("error", e.Err, e.Err != nil)
	add("sha256", e.SHA256, e.SHA256 != "")
	add("size", e.Size, e.SHA256 != "")
	add("signature", string(e.Status), e.Status != "")
	add("signers", strings.Join(signers, ", "), len(signers) > 0)
	add("rule", e.Rule, e.Rule != "")
	add("warnings", strings.Join(e.Warnings, "; "), len(e.Warnings) > 0)
	add("again", e.Again, e.Again)
	return list
}

func signerText(s bundle.Signer) string {
	if s.Fingerprint != "" {
		return s.Fingerprint
	}
	return shown(s.Identity) + " (" + shown(s.Issuer) + ")"
}

// tell tells of a step that began at a time and ended now.
func (r *rules) tell(stage Stage, j *judged, began time.Time, err error) {
	if r.Observe == nil {
		return
	}
	e := Event{
		Stage: stage, File: j.File, Class: classOf(err), Err: err, Elapsed: time.Since(began),
		SHA256: j.SHA256, Size: int64(len(j.data)), Again: j.before != nil && err == nil,
		Status: j.Signature.Status, Signers: j.Signature.Signers, Rule: j.Signature.Rule, Warnings: j.Warnings,
	}
	r.Observe(e)
}

// told tells of a call that ended before anything was looked at.
func (r *rules) told(file string, err error) {
	r.tell(StageEnd, &judged{Checked: Checked{File: file}}, time.Now(), err)
}

func classOf(err error) Class {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Class
	}
	return ""
}
