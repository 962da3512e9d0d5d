package bundle

// Limits on what a bundle repeats; sigstore-go has the first two.
const (
	maxLogEntries = 32
	maxTimestamps = 32
	maxHashes     = 64 // of a proof: one for each level of a tree with 2^64 leaves
)

// Parse reads a bundle of version 0.3. An error says which field is wrong:
// unknown, there twice, different from a known one only in case, of another
// type, not in canonical base64, or missing.
func Parse(data []byte) (*Bundle, error) {
	r, err := newReader(data)
	if err != nil {
		return nil, err
	}
	b := new(Bundle)
	var mediaType, material bool
	err = r.object(
		field{"mediaType", func() error { mediaType = true; return r.mediaType() }},
		field{"verificationMaterial", func() error { material = true; return r.material(b) }},
		field{"messageSignature", func() error { return r.message(b) }},
		field{"dsseEnvelope", func() error { return r.envelope(b) }},
		field{"base64Signature", func() error {
			return r.errorf("is of cosign's legacy format, expected %s", MediaType)
		}},
	)
	switch {
	case err != nil:
		return nil, err
	case !mediaType:
		return nil, r.errorf("has no mediaType")
	case !material:
		return nil, r.errorf("has no verificationMaterial")
	case b.Message == nil && b.Envelope == nil:
		return nil, r.errorf("has neither messageSignature nor dsseEnvelope")
	case b.Message != nil && b.Envelope != nil:
		return nil, r.errorf("has both messageSignature and dsseEnvelope")
	}
	return b, nil
}

func (r *reader) mediaType() error {
	s, err := r.text()
	if err == nil && s != MediaType && s != olderMediaType {
		err = r.errorf("is %s, expected %q", quote(s), MediaType)
	}
	return err
}

// material reads verificationMaterial: who signed, and what a log and a
// timestamp authority say of it.
func (r *reader) material(b *Bundle) error {
	var key, certificate bool
	err := r.object(
		field{"publicKey", func() error {
			key = true
			return r.object(field{"hint", func() (err error) { b.KeyHint, err = r.text(); return err }})
		}},
		field{"certificate", func() error {
			certificate = true
			return r.object(field{"rawBytes", r.into(&b.Certificate)})
		}},
		field{"x509CertificateChain", func() error {
			return r.errorf("is not allowed in a bundle of version 0.3, expected certificate")
		}},
		field{"tlogEntries", func() (err error) {
			b.LogEntries, err = r.array(maxLogEntries, r.logEntry)
			return err
		}},
		field{"timestampVerificationData", func() error {
			return r.object(field{"rfc3161Timestamps", func() (err error) {
				b.Timestamps, err = r.array(maxTimestamps, r.timestamp)
				return err
			}})
		}},
	)
	switch {
	case err != nil:
		return err
	case key && certificate:
		return r.errorf("has both publicKey and certificate")
	case !key && !certificate:
		return r.errorf("has neither publicKey nor certificate")
	case certificate && b.Certificate == nil:
		return r.errorf("has a certificate without rawBytes")
	}
	return nil
}

// into gives a function that reads bytes, at least one, into dst.
func (r *reader) into(dst *[]byte) func() error {
	return func() (err error) {
		*dst, err = r.someBytes()
		return err
	}
}

// skipBytes and skipText read a value that this package has no use for.
func (r *reader) skipBytes() error { _, err := r.bytes(); return err }
func (r *reader) skipText() error  { _, err := r.text(); return err }

func (r *reader) timestamp() error {
	return r.object(field{"signedTimestamp", r.skipBytes})
}

func (r *reader) logEntry() error {
	return r.object(
		field{"logIndex", r.count},
		field{"logId", func() error { return r.object(field{"keyId", r.skipBytes}) }},
		field{"kindVersion", func() error {
			return r.object(field{"kind", r.skipText}, field{"version", r.skipText})
		}},
		field{"integratedTime", r.count},
		field{"inclusionPromise", func() error {
			return r.object(field{"signedEntryTimestamp", r.skipBytes})
		}},
		field{"inclusionProof", r.inclusionProof},
		field{"canonicalizedBody", r.skipBytes},
	)
}

func (r *reader) inclusionProof() error {
	return r.object(
		field{"logIndex", r.count},
		field{"rootHash", r.skipBytes},
		field{"treeSize", r.count},
		field{"hashes", func() error { _, err := r.array(maxHashes, r.skipBytes); return err }},
		field{"checkpoint", func() error { return r.object(field{"envelope", r.skipText}) }},
	)
}

// message reads messageSignature. The digest is required although the
// specification lets it be absent: all signing tools write it, and it tells a
// changed file from a strange signer.
func (r *reader) message(b *Bundle) error {
	m := new(MessageSignature)
	err := r.object(
		field{"messageDigest", func() error { return r.digest(m) }},
		field{"signature", r.into(&m.Signature)},
	)
	switch {
	case err != nil:
		return err
	case m.Digest == nil:
		return r.errorf("has no messageDigest")
	case m.Signature == nil:
		return r.errorf("has no signature")
	}
	b.Message = m
	return nil
}

func (r *reader) digest(m *MessageSignature) error {
	err := r.object(
		field{"algorithm", func() error {
			name, err := r.text()
			if err != nil {
				return err
			}
			if m.Hash = hashNamed(name); m.Hash == 0 {
				return r.errorf("is %s, expected SHA2_256, SHA2_384 or SHA2_512", quote(name))
			}
			return nil
		}},
		field{"digest", r.into(&m.Digest)},
	)
	switch {
	case err != nil:
		return err
	case m.Hash == 0:
		return r.errorf("has no algorithm")
	case m.Digest == nil:
		return r.errorf("has no digest")
	case len(m.Digest) != m.Hash.Size():
		return r.errorf("has a digest of %d bytes, %s has %d", len(m.Digest), hashName(m.Hash), m.Hash.Size())
	}
	return nil
}

// envelope reads dsseEnvelope, which in a bundle has exactly one signature.
func (r *reader) envelope(b *Bundle) error {
	e := new(Envelope)
	signatures := 0
	err := r.object(
		field{"payload", r.into(&e.Payload)},
		field{"payloadType", func() (err error) { e.PayloadType, err = r.text(); return err }},
		field{"signatures", func() (err error) {
			signatures, err = r.array(1, func() error {
				return r.object(
					field{"sig", r.into(&e.Signature)},
					field{"keyid", func() (err error) { e.KeyID, err = r.text(); return err }},
				)
			})
			return err
		}},
	)
	switch {
	case err != nil:
		return err
	case e.Payload == nil:
		return r.errorf("has no payload")
	case e.PayloadType == "":
		return r.errorf("has no payloadType")
	case signatures == 0 || e.Signature == nil:
		return r.errorf("has no signature")
	}
	b.Envelope = e
	return nil
}
