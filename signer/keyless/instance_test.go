package keyless_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"testing"
	"time"

	"github.com/digitorus/timestamp"
	ct "github.com/google/certificate-transparency-go"
	"github.com/google/certificate-transparency-go/tls"
	"github.com/google/certificate-transparency-go/x509util"
	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	protodsse "github.com/sigstore/protobuf-specs/gen/pb-go/dsse"
	protorekor "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"github.com/sigstore/rekor-tiles/v2/pkg/note"
	"github.com/sigstore/rekor/pkg/util"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/testing/ca"
	"github.com/sigstore/sigstore/pkg/signature"
	formats "github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/merkle/rfc6962"
	sumdb "golang.org/x/mod/sumdb/note"
	"google.golang.org/protobuf/encoding/protojson"
)

// An instance is a Sigstore within the test: authorities and logs of which all
// can be made that real ones would not, or would take days to.
type instance struct {
	root, intermediate, tsa, tsaIntermediate *x509.Certificate

	intermediateKey, tsaKey, rekorKey, ctKey *ecdsa.PrivateKey

	rekorFrom, rekorUntil time.Time
}

const rekorHost = "127.0.0.1"

func newInstance(t *testing.T) *instance {
	t.Helper()
	i := &instance{rekorFrom: time.Now().Add(-time.Hour)}
	var rootKey, tsaIntermediateKey *ecdsa.PrivateKey
	var err error
	i.root, rootKey, err = ca.GenerateRootCa()
	must(t, err)
	i.intermediate, i.intermediateKey, err = ca.GenerateFulcioIntermediate(i.root, rootKey)
	must(t, err)
	i.tsaIntermediate, tsaIntermediateKey, err = ca.GenerateTSAIntermediate(i.root, rootKey)
	must(t, err)
	i.tsaKey, i.rekorKey, i.ctKey = newKey(t), newKey(t), newKey(t)
	i.tsa, err = ca.GenerateTSALeafCert(time.Now().Add(-5*time.Minute), i.tsaKey, i.tsaIntermediate, tsaIntermediateKey)
	must(t, err)
	return i
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	return key
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func spki(t *testing.T, key *ecdsa.PrivateKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	must(t, err)
	return der
}

func logID(t *testing.T, key *ecdsa.PrivateKey) []byte {
	t.Helper()
	sum := sha256.Sum256(spki(t, key))
	return sum[:]
}

// trustedRoot gives the instance's trusted root, perhaps with changes.
func (i *instance) trustedRoot(t *testing.T, edits ...func(map[string]any)) []byte {
	t.Helper()
	log := func(key *ecdsa.PrivateKey, url string, from, until time.Time) map[string]*root.TransparencyLog {
		id := logID(t, key)
		return map[string]*root.TransparencyLog{hex.EncodeToString(id): {
			BaseURL: url, ID: id, ValidityPeriodStart: from, ValidityPeriodEnd: until,
			HashFunc: crypto.SHA256, PublicKey: key.Public(), SignatureHashFunc: crypto.SHA256,
		}}
	}
	from := time.Now().Add(-time.Hour)
	made, err := root.NewTrustedRoot(root.TrustedRootMediaType01,
		[]root.CertificateAuthority{&root.FulcioCertificateAuthority{
			Root: i.root, Intermediates: []*x509.Certificate{i.intermediate}, ValidityPeriodStart: from, URI: "https://fulcio.example"}},
		log(i.ctKey, "https://ct.example", from, time.Time{}),
		[]root.TimestampingAuthority{&root.SigstoreTimestampingAuthority{
			Root: i.root, Intermediates: []*x509.Certificate{i.tsaIntermediate}, Leaf: i.tsa, ValidityPeriodStart: from, URI: "https://tsa.example"}},
		log(i.rekorKey, "https://"+rekorHost, i.rekorFrom, i.rekorUntil))
	must(t, err)
	text, err := made.MarshalJSON()
	must(t, err)
	var document map[string]any
	must(t, json.Unmarshal(text, &document))
	for _, edit := range edits {
		edit(document)
	}
	text, err = json.Marshal(document)
	must(t, err)
	return text
}

const (
	someone = "https://github.com/o/r/.github/workflows/release.yml@refs/heads/main"
	actions = "https://token.actions.githubusercontent.com"
)

// A name is one of a certificate's alternative names.
type name struct {
	tag  int // of a GeneralName: 1 for mail, 2 for a host, 6 for a URI
	text string
}

// A recipe is how one bundle is made. What is the zero value is as it should
// be.
type recipe struct {
	names               []name // nil: someone
	issuer, olderIssuer string // "" for both: actions
	life                [2]time.Time
	signedAt            time.Time
	noSCT               bool
	sctKey              *ecdsa.PrivateKey
	sctFor              []byte // a certificate that is not this one
	forServers          bool   // rather than for signing code
	leafKey             crypto.Signer

	statement   []byte // nil: a signature over the file
	payloadType string
	rekorV1     bool
}

// certify issues a certificate for key.
func (i *instance) certify(t *testing.T, key crypto.Signer, r recipe) []byte {
	t.Helper()
	if r.names == nil {
		r.names = []name{{6, someone}}
	}
	if r.issuer == "" && r.olderIssuer == "" {
		r.issuer = actions
	}
	if r.life[0].IsZero() {
		r.life = [2]time.Time{time.Now().Add(-time.Minute), time.Now().Add(9 * time.Minute)}
	}
	var raw []asn1.RawValue
	for _, n := range r.names {
		raw = append(raw, asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: n.tag, Bytes: []byte(n.text)})
	}
	extension := func(id asn1.ObjectIdentifier, value any) pkix.Extension {
		der, err := asn1.Marshal(value)
		must(t, err)
		return pkix.Extension{Id: id, Value: der}
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), NotBefore: r.life[0], NotAfter: r.life[1],
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
		ExtraExtensions: []pkix.Extension{extension(asn1.ObjectIdentifier{2, 5, 29, 17}, raw)},
	}
	template.ExtraExtensions[0].Critical = true
	if r.forServers {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	}
	add := func(e pkix.Extension) { template.ExtraExtensions = append(template.ExtraExtensions, e) }
	if r.issuer != "" {
		add(extension(asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, 8}, r.issuer))
	}
	if r.olderIssuer != "" {
		add(pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, 1}, Value: []byte(r.olderIssuer)})
	}
	create := func() []byte {
		der, err := x509.CreateCertificate(rand.Reader, template, i.intermediate, key.Public(), i.intermediateKey)
		must(t, err)
		return der
	}
	if r.noSCT {
		return create()
	}
	if r.sctKey == nil {
		r.sctKey = i.ctKey
	}
	if r.sctFor == nil {
		before, err := x509.ParseCertificate(create())
		must(t, err)
		r.sctFor = before.RawTBSCertificate
	}
	add(extension(asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}, i.sctList(t, r.sctFor, r.sctKey)))
	return create()
}

// sctList is what a certificate transparency log says of a certificate.
func (i *instance) sctList(t *testing.T, tbs []byte, key *ecdsa.PrivateKey) []byte {
	t.Helper()
	sct := ct.SignedCertificateTimestamp{SCTVersion: ct.V1, Timestamp: uint64(time.Now().UnixMilli())}
	copy(sct.LogID.KeyID[:], logID(t, key))
	input, err := ct.SerializeSCTSignatureInput(sct, ct.LogEntry{Leaf: ct.MerkleTreeLeaf{
		Version: ct.V1, LeafType: ct.TimestampedEntryLeafType, TimestampedEntry: &ct.TimestampedEntry{
			Timestamp: sct.Timestamp, EntryType: ct.PrecertLogEntryType, PrecertEntry: &ct.PreCert{
				IssuerKeyHash: sha256.Sum256(i.intermediate.RawSubjectPublicKeyInfo), TBSCertificate: tbs}}}})
	must(t, err)
	signed, err := tls.CreateSignature(*key, tls.SHA256, input)
	must(t, err)
	sct.Signature = ct.DigitallySigned(signed)
	list, err := x509util.MarshalSCTsIntoSCTList([]*ct.SignedCertificateTimestamp{&sct})
	must(t, err)
	der, err := tls.Marshal(*list)
	must(t, err)
	return der
}

// timestamp answers as a timestamp authority does.
func (i *instance) timestamp(t *testing.T, sig []byte, at time.Time) []byte {
	t.Helper()
	sum := sha256.Sum256(sig)
	answer, err := (&timestamp.Timestamp{
		HashAlgorithm: crypto.SHA256, HashedMessage: sum[:], Time: at, Policy: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 2},
	}).CreateResponseWithOpts(i.tsa, i.tsaKey, crypto.SHA256)
	must(t, err)
	return answer
}

// entryV2 answers as a log of Rekor v2 does that has one other entry.
func (i *instance) entryV2(t *testing.T, digest, sig, certificate []byte, origin string) *protorekor.TransparencyLogEntry {
	t.Helper()
	b64 := base64.StdEncoding.EncodeToString
	body := fmt.Sprintf(`{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{"data":{"algorithm":"SHA2_256","digest":"%s"},`+
		`"signature":{"content":"%s","verifier":{"keyDetails":"PKIX_ECDSA_P256_SHA_256","x509Certificate":{"rawBytes":"%s"}}}}}}`,
		b64(digest), b64(sig), b64(certificate))
	sibling := sha256.Sum256(sig)
	top := rfc6962.DefaultHasher.HashChildren(sibling[:], rfc6962.DefaultHasher.HashLeaf([]byte(body)))
	signer, err := signature.LoadECDSASignerVerifier(i.rekorKey, crypto.SHA256)
	must(t, err)
	noteSigner, err := note.NewNoteSigner(context.Background(), origin, signer)
	must(t, err)
	checkpoint, err := sumdb.Sign(&sumdb.Note{Text: string(formats.Checkpoint{Origin: origin, Size: 2, Hash: top}.Marshal())}, noteSigner)
	must(t, err)
	return &protorekor.TransparencyLogEntry{
		LogIndex: 1, LogId: &protocommon.LogId{KeyId: logID(t, i.rekorKey)},
		KindVersion: &protorekor.KindVersion{Kind: "hashedrekord", Version: "0.0.2"},
		InclusionProof: &protorekor.InclusionProof{LogIndex: 1, TreeSize: 2, RootHash: top, Hashes: [][]byte{sibling[:]},
			Checkpoint: &protorekor.Checkpoint{Envelope: string(checkpoint)}},
		CanonicalizedBody: []byte(body),
	}
}

// entryV1 answers as a log of Rekor v1 does.
func (i *instance) entryV1(t *testing.T, kind, spec string, at time.Time) *protorekor.TransparencyLogEntry {
	t.Helper()
	body := fmt.Sprintf(`{"apiVersion":"0.0.1","kind":%q,"spec":%s}`, kind, spec)
	promise, err := json.Marshal(struct {
		Body           []byte `json:"body"`
		IntegratedTime int64  `json:"integratedTime"`
		LogID          string `json:"logID"`
		LogIndex       int64  `json:"logIndex"`
	}{[]byte(body), at.Unix(), hex.EncodeToString(logID(t, i.rekorKey)), 1})
	must(t, err)
	sum := sha256.Sum256(promise)
	set, err := i.rekorKey.Sign(rand.Reader, sum[:], crypto.SHA256)
	must(t, err)
	sibling := sha256.Sum256([]byte(body))
	top := rfc6962.DefaultHasher.HashChildren(sibling[:], rfc6962.DefaultHasher.HashLeaf([]byte(body)))
	checkpoint := i.checkpointV1(t, top)
	return &protorekor.TransparencyLogEntry{
		LogIndex: 1, LogId: &protocommon.LogId{KeyId: logID(t, i.rekorKey)}, IntegratedTime: at.Unix(),
		KindVersion:      &protorekor.KindVersion{Kind: kind, Version: "0.0.1"},
		InclusionPromise: &protorekor.InclusionPromise{SignedEntryTimestamp: set},
		InclusionProof: &protorekor.InclusionProof{LogIndex: 1, TreeSize: 2, RootHash: top, Hashes: [][]byte{sibling[:]},
			Checkpoint: &protorekor.Checkpoint{Envelope: checkpoint}},
		CanonicalizedBody: []byte(body),
	}
}

func (i *instance) checkpointV1(t *testing.T, top []byte) string {
	t.Helper()
	signer, err := signature.LoadECDSASignerVerifier(i.rekorKey, crypto.SHA256)
	must(t, err)
	checkpoint, err := util.CreateAndSignCheckpoint(context.Background(), rekorHost, 123, 2, top, signer)
	must(t, err)
	return string(checkpoint)
}

// sign makes a bundle.
func (i *instance) sign(t *testing.T, data []byte, r recipe) *protobundle.Bundle {
	t.Helper()
	if r.leafKey == nil {
		r.leafKey = newKey(t)
	}
	if r.signedAt.IsZero() {
		r.signedAt = time.Now()
	}
	if r.payloadType == "" {
		r.payloadType = "application/vnd.in-toto+json"
	}
	what := data
	if r.statement != nil {
		what = fmt.Appendf(nil, "DSSEv1 %d %s %d %s", len(r.payloadType), r.payloadType, len(r.statement), r.statement)
	}
	digest := sha256.Sum256(what)
	sig, err := r.leafKey.Sign(rand.Reader, digest[:], crypto.SHA256)
	must(t, err)
	certificate := i.certify(t, r.leafKey, r)
	b := &protobundle.Bundle{
		MediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
		VerificationMaterial: &protobundle.VerificationMaterial{
			Content: &protobundle.VerificationMaterial_Certificate{Certificate: &protocommon.X509Certificate{RawBytes: certificate}},
			TimestampVerificationData: &protobundle.TimestampVerificationData{Rfc3161Timestamps: []*protocommon.RFC3161SignedTimestamp{
				{SignedTimestamp: i.timestamp(t, sig, r.signedAt)}}},
		},
		Content: &protobundle.Bundle_MessageSignature{MessageSignature: &protocommon.MessageSignature{
			MessageDigest: &protocommon.HashOutput{Algorithm: protocommon.HashAlgorithm_SHA2_256, Digest: digest[:]}, Signature: sig}},
	}
	if r.statement != nil {
		b.Content = &protobundle.Bundle_DsseEnvelope{DsseEnvelope: &protodsse.Envelope{
			Payload: r.statement, PayloadType: r.payloadType, Signatures: []*protodsse.Signature{{Sig: sig}}}}
	}
	b.VerificationMaterial.TlogEntries = []*protorekor.TransparencyLogEntry{i.entryV2(t, digest[:], sig, certificate, rekorHost)}
	if r.rekorV1 {
		b.VerificationMaterial.TlogEntries[0] = i.signedV1(t, data, r, sig, certificate)
	}
	return b
}

func (i *instance) signedV1(t *testing.T, data []byte, r recipe, sig, certificate []byte) *protorekor.TransparencyLogEntry {
	t.Helper()
	b64 := base64.StdEncoding.EncodeToString
	verifier := b64(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}))
	if r.statement != nil {
		return i.entryV1(t, "dsse", fmt.Sprintf(`{"envelopeHash":{"algorithm":"sha256","value":"%x"},"payloadHash":{"algorithm":"sha256","value":"%x"},"signatures":[{"signature":%q,"verifier":%q}]}`,
			sha256.Sum256(data), sha256.Sum256(r.statement), b64(sig), verifier), r.signedAt)
	}
	return i.entryV1(t, "hashedrekord", fmt.Sprintf(`{"data":{"hash":{"algorithm":"sha256","value":"%x"}},"signature":{"content":%q,"publicKey":{"content":%q}}}`,
		sha256.Sum256(data), b64(sig), verifier), r.signedAt)
}

// marshal gives a bundle's JSON.
func marshal(t *testing.T, b *protobundle.Bundle) []byte {
	t.Helper()
	text, err := protojson.Marshal(b)
	must(t, err)
	var compact bytes.Buffer
	must(t, json.Compact(&compact, text))
	return compact.Bytes()
}

func statement(data []byte) []byte {
	return fmt.Appendf(nil, `{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"a.so","digest":{"sha256":"%x"}}],`+
		`"predicateType":"https://slsa.dev/provenance/v1","predicate":{"buildDefinition":{}}}`, sha256.Sum256(data))
}

// prehash lets a key that signs messages sign what sign gives it.
type prehash struct{ crypto.Signer }

func (k prehash) Sign(r io.Reader, message []byte, _ crypto.SignerOpts) ([]byte, error) {
	return k.Signer.Sign(r, message, crypto.Hash(0))
}
