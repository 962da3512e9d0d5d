package keyless

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sigstore/sigstore-go/pkg/tlog"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
)

// checkEvidence verifies certificate, log entries, timestamps and signature,
// and says when it was signed.
func (v *Verifier) checkEvidence(s *signed, sum [sha256.Size]byte) (time.Time, error) {
	var none time.Time
	var result *verify.VerificationResult
	var entries []*tlog.Entry
	err := guard(func() (err error) {
		if entries, err = s.entity.TlogEntries(); err != nil {
			return err
		}
		// The identity is compared here, not by sigstore-go, whose expressions
		// need not match the whole of it.
		policy := verify.NewPolicy(verify.WithArtifactDigest("sha256", sum[:]), verify.WithoutIdentitiesUnsafe())
		result, err = v.verify.Verify(s.entity, policy)
		return err
	})
	if err != nil {
		return none, untrusted("%s", v.explain(s, entries, err))
	}
	at, err := v.timeOf(s, result)
	if err != nil {
		return none, err
	}
	if v.options.InsecureIgnoreTlog {
		return at, nil
	}
	return at, guard(func() error { return v.checkEntries(s, entries, at) })
}

// timeOf gives the earliest time that was verified. Signed timestamps are all
// to verify, as the specification has it, where sigstore-go is content with
// one; nor does it look for those from the future.
func (v *Verifier) timeOf(s *signed, result *verify.VerificationResult) (time.Time, error) {
	var at time.Time
	now := v.options.Now()
	left := len(s.entity.GetVerificationMaterial().GetTimestampVerificationData().GetRfc3161Timestamps())
	for i, t := range result.VerifiedTimestamps {
		if t.Type == "TimestampAuthority" {
			left--
		}
		if ahead := t.Timestamp.Sub(now); ahead > mostAhead {
			return at, untrusted("was signed at %s, and it is %s now: this machine's clock or the timestamp is wrong",
				stamp(t.Timestamp), stamp(now))
		}
		if i == 0 || t.Timestamp.Before(at) {
			at = t.Timestamp
		}
	}
	switch {
	case at.IsZero():
		return at, untrusted("has no time at which it was signed")
	case left > 0:
		return at, untrusted("has %d timestamps, not for this signature or of authorities that are not in the trusted root, beside the valid", left)
	}
	return at, nil
}

// checkEntries checks what sigstore-go does by the formats of entry and
// checkpoint, or only for entries with a time of their own: that every entry
// is about this signature with this certificate, that its proof is of these
// very bytes, and that the log's key was valid then.
func (v *Verifier) checkEntries(s *signed, entries []*tlog.Entry, at time.Time) error {
	for _, e := range entries {
		certificate, _ := e.PublicKey().(*x509.Certificate)
		if !bytes.Equal(e.Signature(), s.signature) || certificate == nil || !certificate.Equal(s.certificate) {
			return untrusted("has a log entry (index %d) about another signature", e.LogIndex())
		}
		if err := checkProof(e); err != nil {
			return untrusted("has a log entry (index %d) that %s", e.LogIndex(), plain(err))
		}
		log := v.root.RekorLogs()[hex.EncodeToString([]byte(e.LogKeyID()))]
		if log == nil {
			continue // of a log that nobody here trusts: it counts for nothing
		}
		if at.Before(log.ValidityPeriodStart) || !log.ValidityPeriodEnd.IsZero() && at.After(log.ValidityPeriodEnd) {
			return untrusted("was signed at %s, and the trusted root takes the log %s from %s to %s",
				stamp(at), log.BaseURL, stamp(log.ValidityPeriodStart), stamp(log.ValidityPeriodEnd))
		}
	}
	return nil
}

// checkProof checks that what an entry says of itself is what its proof and
// its checkpoint say, so that nothing in it means nothing. The checkpoint's
// signature was verified before.
func checkProof(e *tlog.Entry) error {
	entry := e.TransparencyLogEntry()
	var body struct {
		Kind    string `json:"kind"`
		Version string `json:"apiVersion"`
	}
	if err := json.Unmarshal(entry.GetCanonicalizedBody(), &body); err != nil {
		return err
	}
	if k := entry.GetKindVersion(); k.GetKind() != body.Kind || k.GetVersion() != body.Version {
		return fmt.Errorf("says that it is %s %s, and is %s %s", k.GetKind(), k.GetVersion(), body.Kind, body.Version)
	}
	if e.IsRekorV2() && entry.GetIntegratedTime() != 0 {
		return errors.New("has a time that nobody signed")
	}
	p := entry.GetInclusionProof()
	if p == nil {
		return nil // promised only; another entry has a proof
	}
	if e.IsRekorV2() && p.GetLogIndex() != entry.GetLogIndex() {
		return fmt.Errorf("has index %d in its proof", p.GetLogIndex())
	}
	lines := strings.SplitN(p.GetCheckpoint().GetEnvelope(), "\n", 4) // origin, size, root hash
	if len(lines) < 4 || lines[1] != strconv.FormatInt(p.GetTreeSize(), 10) || lines[2] != base64.StdEncoding.EncodeToString(p.GetRootHash()) {
		return errors.New("has a proof for another checkpoint")
	}
	if err := proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(p.GetLogIndex()), uint64(p.GetTreeSize()),
		rfc6962.DefaultHasher.HashLeaf(entry.GetCanonicalizedBody()), p.GetHashes(), p.GetRootHash()); err != nil {
		return fmt.Errorf("has a proof of something else: %w", err)
	}
	return nil
}

// explain says in plain words what is wrong where it is plain; sigstore-go's
// words follow.
func (v *Verifier) explain(s *signed, entries []*tlog.Entry, err error) string {
	said := plain(err)
	switch {
	case !v.options.InsecureIgnoreTlog && len(entries) == 0:
		return "has no entry of a transparency log"
	case strings.HasPrefix(said, "failed to verify log inclusion: "):
		return "has no valid log entry: " + strings.TrimPrefix(said, "failed to verify log inclusion: ")
	case strings.HasPrefix(said, "failed to verify timestamps: "):
		stamps, err := s.entity.Timestamps()
		if err == nil && len(stamps) == 0 {
			return "has no signed timestamp, and no log entry says when it was signed"
		}
		return "has no valid timestamp: " + strings.TrimPrefix(said, "failed to verify timestamps: ")
	case strings.HasPrefix(said, "failed to verify leaf certificate: "):
		c := s.certificate
		return fmt.Sprintf("has a certificate, issued by %s and valid from %s to %s, that no authority of the trusted root vouches for at the time of the signature",
			plain(c.Issuer), stamp(c.NotBefore), stamp(c.NotAfter))
	case strings.HasPrefix(said, "failed to verify signed certificate timestamp: "):
		return "has a certificate that no certificate transparency log of the trusted root vouches for: " +
			strings.TrimPrefix(said, "failed to verify signed certificate timestamp: ")
	case strings.HasPrefix(said, "failed to verify signature: "):
		return "has a signature that does not verify with its certificate: it is damaged or forged"
	}
	return "does not verify: " + said
}

// stamp writes a time for a message.
func stamp(t time.Time) string {
	if t.IsZero() {
		return "now on"
	}
	return t.UTC().Format(time.RFC3339)
}

// plain gives what someone else says as it may stand in a message: on one
// line, without terminal commands, and not without end.
func plain(said any) string {
	const most = 600
	s := strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case !strconv.IsPrint(r):
			return '\uFFFD'
		}
		return r
	}, fmt.Sprint(said))
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
