package main

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"debug/elf"
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"math/big"
	"os"
	"strings"
	"time"

	"github.com/plugtool/plugtool/signer"
	"github.com/plugtool/plugtool/signer/bundle"
)

// flipAt changes a bit of the plugin at the offset that find gives.
func flipAt(find func(f *elf.File, data []byte) uint64) func(*arena) {
	return func(w *arena) {
		data := w.read("p.so")
		f, err := elf.NewFile(bytes.NewReader(data))
		if err != nil {
			w.t.Fatal(err)
		}
		data[find(f, data)] ^= 1
		w.write("p.so", data)
	}
}

// middleOf gives the middle of a section.
func middleOf(name string) func(*elf.File, []byte) uint64 {
	return func(f *elf.File, _ []byte) uint64 {
		s := f.Section(name)
		return s.Offset + s.FileSize/2
	}
}

func at(offset uint64) func(*elf.File, []byte) uint64 {
	return func(*elf.File, []byte) uint64 { return offset }
}

// fileAttacks change the plugin and leave its signature.
func fileAttacks() []attack {
	change := func(do func(data []byte) []byte) func(*arena) {
		return func(w *arena) { w.write("p.so", do(w.read("p.so"))) }
	}
	list := []attack{
		{name: "byte of the ELF header", do: flipAt(at(9)), status: bundle.Invalid},
		{name: "byte of the program headers", do: flipAt(at(64 + 8)), status: bundle.Invalid},
		{name: "byte of the section headers", do: flipAt(func(_ *elf.File, data []byte) uint64 { return uint64(len(data) - 70) }), status: bundle.Invalid},
		{name: "last byte", do: flipAt(func(_ *elf.File, data []byte) uint64 { return uint64(len(data) - 1) }), status: bundle.Invalid},
		{name: "byte appended", do: change(func(d []byte) []byte { return append(d, 0) }), status: bundle.Invalid},
		{name: "byte removed", do: change(func(d []byte) []byte { return d[:len(d)-1] }), status: bundle.Invalid},
		{name: "emptied", do: change(func([]byte) []byte { return nil }), status: bundle.Invalid},
		{name: "another plugin under its name", do: change(func(d []byte) []byte { return bytes.Replace(d, []byte("example"), []byte("exbmple"), 1) }), status: bundle.Invalid},
		{name: "every 64th of it", do: func(w *arena) {
			good := w.read("p.so")
			for i := 0; i < len(good); i += len(good) / 64 {
				data := bytes.Clone(good)
				data[i] ^= 0x80
				w.write("p.so", data)
				if code, _, text := w.verify("--key", "good.pub", "p.so"); code != exitUntrusted {
					w.t.Errorf("byte %d changed: exit code %d\n%s", i, code, text)
				}
			}
		}, status: bundle.Invalid},
	}
	for _, section := range []string{".text", ".rodata", ".data", ".go.buildinfo", ".gopclntab", ".dynsym", ".dynstr", ".rela.dyn", ".dynamic", ".init_array"} {
		list = append(list, attack{name: "byte of " + section, do: flipAt(middleOf(section)), status: bundle.Invalid})
	}
	return list
}

// bundleAttacks change how the signature is written.
func bundleAttacks() []attack {
	good := func(w *arena) string { return string(w.read("p.so.sigstore.json")) }
	padded := func(n int) func(*arena) {
		return sidecar(func(w *arena) []byte { return []byte(good(w) + strings.Repeat(" ", n)) })
	}
	list := []attack{
		{name: "sidecar removed", do: func(w *arena) { os.Remove(w.path("p.so.sigstore.json")) }, status: bundle.Missing},
		{name: "sidecar emptied", do: sidecar(func(*arena) []byte { return nil }), status: bundle.Invalid},
		{name: "sidecar with something behind it", do: sidecar(func(w *arena) []byte { return []byte(good(w) + "{}") }), status: bundle.Invalid},
		{name: "sidecar twice", do: sidecar(func(w *arena) []byte { return []byte(good(w) + good(w)) }), status: bundle.Invalid},
		{name: "sidecar of 2 MiB", do: padded(2 << 20), status: bundle.Invalid},
		{name: "sidecar just above 1 MiB", do: padded(1 << 20), status: bundle.Invalid},
		{name: "sidecar of 1 TiB", do: func(w *arena) { os.Truncate(w.path("p.so.sigstore.json"), 1<<40) }, status: bundle.Invalid},
		{name: "byte order mark", do: sidecar(func(w *arena) []byte { return []byte("\ufeff" + good(w)) }), status: bundle.Invalid},
		{name: "not UTF-8", do: edit(`"hint":"`, "\"hint\":\"\xff"), status: bundle.Invalid},
		{name: "a million brackets", do: sidecar(func(*arena) []byte { return bytes.Repeat([]byte("["), 1_000_000) }), status: bundle.Invalid},
		{name: "signature field twice", do: edit(`"signature":"`, `"signature":"AAAA","signature":"`), status: bundle.Invalid},
		{name: "signature field in other case", do: edit(`"signature":"`, `"Signature":"AAAA","signature":"`), status: bundle.Invalid},
		{name: "digest field twice", do: edit(`"digest":"`, `"digest":"AAAA","digest":"`), status: bundle.Invalid},
		{name: "unknown field", do: edit(`{"mediaType"`, `{"verified":true,"mediaType"`), status: bundle.Invalid},
		{name: "older media type", do: edit("bundle.v0.3+json", "bundle+json;version=0.1"), status: bundle.Invalid},
		{name: "unknown media type", do: edit("bundle.v0.3+json", "bundle.v9+json"), status: bundle.Invalid},
		{name: "no media type", do: edit(`"mediaType":"`+bundle.MediaType+`",`, ""), status: bundle.Invalid},
		{name: "legacy format", do: sidecar(func(w *arena) []byte { return []byte(`{"base64Signature":"AAAA"}`) }), status: bundle.Invalid},
		{name: "raw signature as sidecar", do: sidecar(func(w *arena) []byte {
			return []byte(base64.StdEncoding.EncodeToString(w.raw("good", crypto.SHA256, w.read("p.so"))))
		}), status: bundle.Invalid},
		{name: "line break in base64", do: edit(`"signature":"ME`, `"signature":"\nME`), status: bundle.Invalid},
		{name: "null for a signature", do: edit(`"messageSignature":{`, `"messageSignature":null,"x":{`), status: bundle.Invalid},
		{name: "signature and attestation in one", do: edit(`"messageSignature"`, `"dsseEnvelope":{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"AAAA"}]},"messageSignature"`), status: bundle.Invalid},
		{name: "key and certificate in one", do: edit(`"publicKey":{`, `"certificate":{"rawBytes":"AAAA"},"publicKey":{`), status: bundle.Invalid},
		{name: "key brought along", do: edit(`"publicKey":{`, `"publicKey":{"rawBytes":"AAAA",`), status: bundle.Invalid},
		{name: "certificate of the attacker's", do: sidecar(selfSigned), status: bundle.Untrusted},
		{name: "attestation in the signature's place", do: sidecar(func(w *arena) []byte { return w.attested("good") }), status: bundle.Invalid},
	}
	return list
}

// attested gives an attestation about the plugin: the right key, the right file, and
// no signature over the file.
func (w *arena) attested(key string) []byte {
	return w.statement(key, "https://slsa.dev/provenance/v1", "{}")
}

// statement gives an attestation of any type about the plugin.
func (w *arena) statement(key, predicateType, predicate string) []byte {
	return w.statementAbout("p.so", key, predicateType, predicate)
}

func (w *arena) statementAbout(file, key, predicateType, predicate string) []byte {
	w.t.Helper()
	s, err := signer.LoadSigner(w.read(key+".key"), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	b, err := s.SignStatement([]byte(fmt.Sprintf(`{"_type":%q,"subject":[{"name":%q,"digest":{"sha256":"%x"}}],"predicateType":%q,"predicate":%s}`,
		bundle.StatementType, file, sha256.Sum256(w.read(file)), predicateType, predicate)))
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

// selfSigned gives a bundle with a certificate that the attacker made out to whomever
// they like.
func selfSigned(w *arena) []byte {
	key := w.key("stranger").(*ecdsa.PrivateKey)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour), Subject: pkix.Name{CommonName: "good"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		w.t.Fatal(err)
	}
	b := w.forged("", crypto.SHA256, w.raw("stranger", crypto.SHA256, w.read("p.so")))
	return bytes.Replace(b, []byte(`"publicKey":{"hint":""}`), []byte(`"certificate":{"rawBytes":"`+base64.StdEncoding.EncodeToString(der)+`"}`), 1)
}

// signatureAttacks bring another signature.
func signatureAttacks() []attack {
	numbers := func(r, s *big.Int) func(*arena, []byte) []byte {
		return func(w *arena, _ []byte) []byte {
			b, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
			if err != nil {
				w.t.Fatal(err)
			}
			return b
		}
	}
	zero := new(big.Int)
	by := func(key string, h crypto.Hash, hint string) func(*arena) {
		return sidecar(func(w *arena) []byte { return w.forged(w.public(hint).Hint(), h, w.raw(key, h, w.read("p.so"))) })
	}
	return []attack{
		{name: "signed by a stranger", do: by("stranger", crypto.SHA256, "stranger"), status: bundle.Untrusted},
		{name: "signed by a stranger with the hint of the key", do: by("stranger", crypto.SHA256, "good"), status: bundle.Untrusted},
		{name: "signed by a stranger's P-384 key with the hint of the key", do: by("p384", crypto.SHA384, "good"), status: bundle.Untrusted},
		{name: "signed by a stranger's RSA key with the hint of the key", do: by("rsa", crypto.SHA256, "good"), status: bundle.Untrusted},
		{name: "signed by the key over a SHA-384 digest", do: by("good", crypto.SHA384, "good"), status: bundle.Untrusted},
		{name: "signed by the key over a SHA-512 digest", do: by("good", crypto.SHA512, "good"), status: bundle.Untrusted},
		{name: "signature of zeros", do: withSignature(numbers(zero, zero)), status: bundle.Untrusted},
		{name: "signature of the curve's order", do: withSignature(func(w *arena, good []byte) []byte {
			n := w.key("good").(*ecdsa.PrivateKey).Params().N
			return numbers(n, n)(w, good)
		}), status: bundle.Untrusted},
		{name: "negative signature", do: withSignature(numbers(big.NewInt(-1), big.NewInt(1))), status: bundle.Untrusted},
		{name: "signature with a byte behind it", do: withSignature(func(_ *arena, good []byte) []byte { return append(good, 0) }), status: bundle.Untrusted},
		{name: "signature cut short", do: withSignature(func(_ *arena, good []byte) []byte { return good[:len(good)-1] }), status: bundle.Untrusted},
		{name: "signature with a bit changed", do: withSignature(func(_ *arena, good []byte) []byte { good[10] ^= 1; return good }), status: bundle.Untrusted},
		{name: "signature in another encoding", do: withSignature(func(w *arena, good []byte) []byte {
			var rs struct{ R, S *big.Int }
			if _, err := asn1.Unmarshal(good, &rs); err != nil {
				w.t.Fatal(err)
			}
			return append(rs.R.FillBytes(make([]byte, 32)), rs.S.FillBytes(make([]byte, 32))...)
		}), status: bundle.Untrusted},
		{name: "code over the public key", do: withSignature(macWithPublicKey), status: bundle.Untrusted},
		{name: "signature of another file, digest of this", do: func(w *arena) {
			w.write("other.so", []byte("other"))
			sidecar(func(w *arena) []byte {
				return w.forged(w.public("good").Hint(), crypto.SHA256, w.raw("good", crypto.SHA256, w.read("other.so")))
			})(w)
		}, status: bundle.Untrusted},
		{name: "digest of another file", do: func(w *arena) {
			b, err := bundle.Parse(w.read("p.so.sigstore.json"))
			if err != nil {
				w.t.Fatal(err)
			}
			other := sha256.Sum256([]byte("other"))
			edit(base64.StdEncoding.EncodeToString(b.Message.Digest), base64.StdEncoding.EncodeToString(other[:]))(w)
		}, status: bundle.Invalid},
		{name: "digest algorithm renamed", do: edit("SHA2_256", "SHA2_384"), status: bundle.Invalid},
		{name: "digest algorithm nobody knows", do: edit("SHA2_256", "MD5"), status: bundle.Invalid},
		{name: "RSA-PSS where the key signs PKCS #1", do: sidecar(func(w *arena) []byte {
			sum := sha256.Sum256(w.read("p.so"))
			pss, err := w.key("rsa").Sign(rand.Reader, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256})
			if err != nil {
				w.t.Fatal(err)
			}
			return w.forged(w.public("rsa").Hint(), crypto.SHA256, pss)
		}), args: []string{"--key", "rsa.pub", "p.so"}, status: bundle.Untrusted},
		{name: "Ed25519 over the digest where the key signs the file", do: sidecar(func(w *arena) []byte {
			sum := sha256.Sum256(w.read("p.so"))
			s, err := w.key("ed25519").Sign(rand.Reader, sum[:], crypto.Hash(0))
			if err != nil {
				w.t.Fatal(err)
			}
			return w.forged(w.public("ed25519").Hint(), crypto.SHA256, s)
		}), args: []string{"--key", "ed25519.pub", "p.so"}, status: bundle.Untrusted},
	}
}

// placeAttacks are about which files are read.
func placeAttacks() []attack {
	none := func(*arena) {}
	instead := func(make func(name string) error) func(*arena) {
		return func(w *arena) {
			name := w.path("p.so.sigstore.json")
			if err := os.Remove(name); err != nil {
				w.t.Fatal(err)
			}
			if err := make(name); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	return []attack{
		{name: "another key is asked for", do: none, args: []string{"--key", "second.pub", "p.so"}, status: bundle.Untrusted},
		{name: "a folder for a sidecar", do: instead(func(n string) error { return os.Mkdir(n, 0o755) }), status: bundle.Invalid},
		{name: "a device for a sidecar", do: instead(func(n string) error { return os.Symlink("/dev/zero", n) }), status: bundle.Invalid},
		{name: "a link into nothing for a sidecar", do: instead(func(n string) error { return os.Symlink("/nonexistent", n) }), status: bundle.Missing},
		{name: "the plugin for its own sidecar", do: instead(func(n string) error { return os.Symlink("p.so", n) }), status: bundle.Invalid},
		{name: "sidecar of another plugin", do: func(w *arena) {
			w.write("q.so", append(w.read("p.so"), 0))
			w.sign("good", "q.so", "p.so.sigstore.json")
		}, status: bundle.Invalid},
		{name: "copy under another name, without its sidecar", do: func(w *arena) { w.write("q.so", w.read("p.so")) }, args: []string{"--key", "good.pub", "q.so"}, status: bundle.Missing},
		{name: "sidecar of a plugin whose name begins alike", do: func(w *arena) {
			w.write("p.so.evil.so", w.read("p.so"))
			w.write("p.so.evil.so.sigstore.json", w.read("p.so.sigstore.json"))
			os.Remove(w.path("p.so.sigstore.json"))
		}, status: bundle.Missing},
		{name: "more sidecars than anybody needs", do: func(w *arena) {
			for i := range 80 {
				w.write(fmt.Sprintf("p.so.%d.sigstore.json", i), w.read("p.so.sigstore.json"))
			}
		}, status: bundle.Invalid},
		{name: "a bundle that is not there", do: none, args: []string{"--key", "good.pub", "--bundle", "none.so.json", "p.so"}, status: bundle.Missing},
		{name: "an attestation by --bundle", do: func(w *arena) { w.write("att.so.json", w.attested("good")) }, args: []string{"--key", "good.pub", "--bundle", "att.so.json", "p.so"}, status: bundle.Invalid},
		{name: "an unsigned plugin among signed ones", do: func(w *arena) { w.write("q.so", append(w.read("p.so"), 0)) }, args: []string{"--key", "good.pub", "p.so", "q.so"}, status: bundle.Missing},
		{name: "an unsigned plugin in a folder", do: func(w *arena) { w.write("q.so", append(w.read("p.so"), 0)) }, args: []string{"--key", "good.pub", "."}, status: bundle.Missing},
		{name: "an empty key", do: none, args: []string{"--key=", "p.so"}, code: exitUsage},
		{name: "an empty policy", do: none, args: []string{"--policy=", "p.so"}, code: exitUsage},
		{name: "an empty identity and issuer", do: none, args: []string{"--certificate-identity=", "--certificate-oidc-issuer=", "p.so"}, code: exitUsage},
		{name: "an empty identity beside a key", do: none, args: []string{"--key", "good.pub", "--certificate-identity=", "p.so"}, code: exitUsage},
		{name: "a private key where a public one belongs", do: none, args: []string{"--key", "good.key", "p.so"}, code: exitFailure},
		{name: "a text for a key", do: func(w *arena) { w.write("text.pub", []byte("hello")) }, args: []string{"--key", "text.pub", "p.so"}, code: exitFailure},
		{name: "two keys in one file", do: func(w *arena) { w.write("both.pub", append(w.read("stranger.pub"), w.read("good.pub")...)) }, args: []string{"--key", "both.pub", "p.so"}, code: exitFailure},
		{name: "a key that is not there", do: none, args: []string{"--key", "none.pub", "p.so"}, code: exitFailure},
	}
}
