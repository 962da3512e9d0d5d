package bundle

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"
)

// This file reads and writes SubjectPublicKeyInfo (RFC 5280, 3279, 5480, 8410) for the
// few kinds of key that are supported. Package crypto/x509 does so as well, and has
// package net behind it: then every host with the loader would share net with its plugins,
// and refuse those that were built with another resolver (-tags netgo), which it could
// load before. A test holds the two against each other.

type subjectPublicKeyInfo struct {
	Algorithm algorithmIdentifier
	PublicKey asn1.BitString
}

type algorithmIdentifier struct {
	Algorithm  asn1.ObjectIdentifier
	Parameters asn1.RawValue `asn1:"optional"`
}

type rsaPublicKey struct {
	N *big.Int
	E int
}

var (
	oidRSA     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidECDSA   = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}
	oidEd25519 = asn1.ObjectIdentifier{1, 3, 101, 112}
)

// A namedCurve is a curve with its name in keys.
type namedCurve struct {
	curve elliptic.Curve
	oid   asn1.ObjectIdentifier
}

var curves = []namedCurve{
	{elliptic.P224(), asn1.ObjectIdentifier{1, 3, 132, 0, 33}},
	{elliptic.P256(), asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7}},
	{elliptic.P384(), asn1.ObjectIdentifier{1, 3, 132, 0, 34}},
	{elliptic.P521(), asn1.ObjectIdentifier{1, 3, 132, 0, 35}},
}

// parseSPKI gives the key in a SubjectPublicKeyInfo. It may be in another encoding
// than marshalSPKI's, which is for the caller to compare.
func parseSPKI(der []byte) (crypto.PublicKey, error) {
	var info subjectPublicKeyInfo
	if err := unmarshal(der, &info); err != nil {
		return nil, err
	}
	bits := info.PublicKey.RightAlign()
	switch algorithm := info.Algorithm.Algorithm; {
	case algorithm.Equal(oidECDSA):
		return parseECDSA(info.Algorithm.Parameters.FullBytes, bits)
	case algorithm.Equal(oidEd25519):
		return ed25519.PublicKey(bits), nil
	case algorithm.Equal(oidRSA):
		var key rsaPublicKey
		if err := unmarshal(bits, &key); err != nil {
			return nil, err
		}
		if key.N.Sign() <= 0 {
			return nil, errors.New("RSA modulus is not positive")
		}
		return &rsa.PublicKey{N: key.N, E: key.E}, nil
	default:
		return nil, fmt.Errorf("key of algorithm %v is not supported, expected ECDSA P-256", algorithm)
	}
}

func parseECDSA(parameters, point []byte) (crypto.PublicKey, error) {
	var oid asn1.ObjectIdentifier
	if err := unmarshal(parameters, &oid); err != nil {
		return nil, err
	}
	for _, c := range curves {
		if c.oid.Equal(oid) {
			return ecdsa.ParseUncompressedPublicKey(c.curve, point)
		}
	}
	return nil, fmt.Errorf("ECDSA key on curve %v is not supported, expected P-256, P-384 or P-521", oid)
}

// unmarshal reads all of der.
func unmarshal(der []byte, value any) error {
	rest, err := asn1.Unmarshal(der, value)
	if err == nil && len(rest) > 0 {
		err = errors.New("trailing data")
	}
	return err
}

// marshalSPKI is for keys that NewPublicKey takes.
func marshalSPKI(key crypto.PublicKey) (der []byte, err error) {
	var info subjectPublicKeyInfo
	var bits []byte
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		i := slices.IndexFunc(curves, func(c namedCurve) bool { return c.curve == key.Curve })
		info.Algorithm.Algorithm = oidECDSA
		if info.Algorithm.Parameters.FullBytes, err = asn1.Marshal(curves[i].oid); err == nil {
			bits, err = key.Bytes()
		}
	case *rsa.PublicKey:
		info.Algorithm = algorithmIdentifier{oidRSA, asn1.NullRawValue}
		bits, err = asn1.Marshal(rsaPublicKey{key.N, key.E})
	case ed25519.PublicKey:
		info.Algorithm.Algorithm = oidEd25519
		bits = key
	}
	if err != nil {
		return nil, err
	}
	info.PublicKey = asn1.BitString{Bytes: bits, BitLength: 8 * len(bits)}
	return asn1.Marshal(info)
}
