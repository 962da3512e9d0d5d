package keyless

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

const (
	audience     = "sigstore" // what certificate authorities want tokens to be made for
	maxTokenSize = 64 << 10   // bytes
	tokenTimeout = 30 * time.Second
)

// Token finds an identity token and says where: in given, which is a token or
// the name of a file with one, or, where that is "", in what env tells:
//
//   - SIGSTORE_ID_TOKEN, as GitLab CI has it where the job asks with id_tokens;
//   - GitHub Actions, where the job has the permission id-token: write;
//   - PLUGTOOL_OIDC_ISSUER, _CLIENT_ID and _CLIENT_SECRET: any OpenID Connect
//     provider that grants client credentials.
func Token(ctx context.Context, given string, env func(string) (string, bool)) (token, origin string, err error) {
	set := func(name string) string { value, _ := env(name); return value }
	switch {
	case given != "":
		token, origin, err = givenToken(given)
	case set("SIGSTORE_ID_TOKEN") != "":
		token, origin = set("SIGSTORE_ID_TOKEN"), "SIGSTORE_ID_TOKEN"
	case set("ACTIONS_ID_TOKEN_REQUEST_URL") != "":
		origin = "GitHub Actions"
		token, err = actionsToken(ctx, set("ACTIONS_ID_TOKEN_REQUEST_URL"), set("ACTIONS_ID_TOKEN_REQUEST_TOKEN"))
	case set("GITHUB_ACTIONS") == "true":
		err = errors.New("no identity token: GitHub Actions gives one to jobs with\n    permissions:\n      id-token: write")
	case set("PLUGTOOL_OIDC_ISSUER") != "":
		origin = "the provider " + set("PLUGTOOL_OIDC_ISSUER")
		token, err = providerToken(ctx, set("PLUGTOOL_OIDC_ISSUER"), set("PLUGTOOL_OIDC_CLIENT_ID"), set("PLUGTOOL_OIDC_CLIENT_SECRET"))
	default:
		err = errors.New("no identity token: expected one given, in SIGSTORE_ID_TOKEN, from GitHub Actions, or from the provider at PLUGTOOL_OIDC_ISSUER")
	}
	if err != nil {
		if origin != "" {
			err = fmt.Errorf("identity token from %s: %w", origin, err)
		}
		return "", "", err
	}
	token = strings.TrimSpace(token)
	if err := checkToken(token, time.Now()); err != nil {
		return "", "", fmt.Errorf("identity token from %s %w", origin, err)
	}
	return token, origin, nil
}

func givenToken(given string) (token, origin string, err error) {
	if _, err := claims(strings.TrimSpace(given)); err == nil {
		return given, "what was given", nil
	}
	f, err := os.Open(given)
	if err != nil {
		if e := new(os.PathError); errors.As(err, &e) {
			err = e.Err // its path may be a broken token, which no log should have
		}
		return "", "", fmt.Errorf("what was given as identity token is neither one nor a file with one: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxTokenSize+1))
	return string(data), given, err
}

// checkToken finds what makes a token useless before anyone is asked to take
// it. Whether it is genuine, the certificate authority says.
func checkToken(token string, now time.Time) error {
	data, err := claims(token)
	if err != nil {
		return err
	}
	var c struct {
		Expiry json.Number `json:"exp"`
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return errors.New("has claims that cannot be read")
	}
	if seconds, err := c.Expiry.Float64(); err == nil && now.Unix() >= int64(seconds) {
		return fmt.Errorf("expired at %s, and it is %s now: get a new one", stamp(time.Unix(int64(seconds), 0)), stamp(now))
	}
	return nil
}

// claims gives the JSON in a token. Its errors do not repeat the token.
func claims(token string) ([]byte, error) {
	parts := strings.Split(token, ".")
	switch {
	case token == "":
		return nil, errors.New("is empty")
	case len(token) > maxTokenSize:
		return nil, fmt.Errorf("is too large: at most %d bytes are read", maxTokenSize)
	case len(parts) != 3:
		return nil, fmt.Errorf("is not a JSON web token: it has %d parts, expected 3", len(parts))
	}
	for _, p := range parts[:2] {
		data, err := base64.RawURLEncoding.DecodeString(p)
		if err != nil || !json.Valid(data) {
			return nil, errors.New("is not a JSON web token: its parts are not base64 of JSON")
		}
	}
	return base64.RawURLEncoding.DecodeString(parts[1])
}

// actionsToken asks GitHub Actions for a token, as its documentation says.
func actionsToken(ctx context.Context, address, bearer string) (string, error) {
	if err := checkURL(address); err != nil {
		return "", fmt.Errorf("ACTIONS_ID_TOKEN_REQUEST_URL %w", err)
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", errors.New("ACTIONS_ID_TOKEN_REQUEST_URL is not an address")
	}
	query := u.Query()
	query.Set("audience", audience)
	u.RawQuery = query.Encode()
	ctx, cancel := context.WithTimeout(ctx, tokenTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return "", err
	}
	r.Header.Set("Authorization", "Bearer "+bearer)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(io.LimitReader(answer.Body, maxTokenSize))
	if err != nil {
		return "", err
	}
	if answer.StatusCode != http.StatusOK {
		return "", fmt.Errorf("it answers %s: %s", answer.Status, plain(string(data)))
	}
	var got struct {
		Value string `json:"value"`
	}
	if err := json.Unmarshal(data, &got); err != nil || got.Value == "" {
		return "", errors.New("its answer has no token")
	}
	return got.Value, nil
}

// providerToken asks an OpenID Connect provider for a token that says who the
// client itself is. Providers that give clients no identity token give an
// access token that is as good where it is one for the authority.
func providerToken(ctx context.Context, issuer, id, secret string) (string, error) {
	if err := checkURL(issuer); err != nil {
		return "", fmt.Errorf("PLUGTOOL_OIDC_ISSUER %w", err)
	}
	if id == "" || secret == "" {
		return "", errors.New("PLUGTOOL_OIDC_CLIENT_ID and PLUGTOOL_OIDC_CLIENT_SECRET have to be set as well")
	}
	ctx, cancel := context.WithTimeout(ctx, tokenTimeout)
	defer cancel()
	ctx = context.WithValue(ctx, oauth2.HTTPClient, &http.Client{Transport: within(ctx)}) // go-oidc reads it too
	provider, err := oidc.NewProvider(ctx, issuer)
	if err != nil {
		return "", errors.New(plain(err))
	}
	endpoint := provider.Endpoint()
	if err := checkURL(endpoint.TokenURL); err != nil {
		return "", fmt.Errorf("its token endpoint %s %w", shown(endpoint.TokenURL), err)
	}
	config := clientcredentials.Config{
		ClientID: id, ClientSecret: secret, TokenURL: endpoint.TokenURL, AuthStyle: endpoint.AuthStyle,
		Scopes: []string{oidc.ScopeOpenID, "email"}, EndpointParams: url.Values{"audience": {audience}},
	}
	granted, err := config.Token(ctx)
	if err != nil {
		return "", errors.New(plain(err))
	}
	if token, _ := granted.Extra("id_token").(string); token != "" {
		return token, nil
	}
	return granted.AccessToken, nil
}
