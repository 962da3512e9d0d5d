package keyless

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/sign"
)

// services are those that a signing config chose.
type services struct {
	authority  root.Service   // certificates
	logs       []root.Service // transparency
	timestamps []root.Service
}

func readServices(config []byte, now time.Time) (*services, error) {
	switch {
	case len(config) == 0:
		return nil, errors.New("is missing: it says which services to ask, and none is assumed")
	case len(config) > maxConfigSize:
		return nil, fmt.Errorf("is too large: %d bytes, at most %d are read", len(config), maxConfigSize)
	}
	c, err := root.NewSigningConfigFromJSON(config)
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %s", plain(err))
	}
	s := new(services)
	if s.authority, err = root.SelectService(c.FulcioCertificateAuthorityURLs(), sign.FulcioAPIVersions, now); err != nil {
		return nil, fmt.Errorf("has no usable certificate authority: %s", plain(err))
	}
	if s.logs, err = root.SelectServices(c.RekorLogURLs(), c.RekorLogURLsConfig(), sign.RekorAPIVersions, now); err != nil {
		return nil, fmt.Errorf("has no usable transparency log: %s", plain(err))
	}
	switch urls := c.TimestampAuthorityURLs(); {
	case len(urls) > 0:
		if s.timestamps, err = root.SelectServices(urls, c.TimestampAuthorityURLsConfig(), sign.TimestampAuthorityAPIVersions, now); err != nil {
			return nil, fmt.Errorf("has no usable timestamp authority: %s", plain(err))
		}
	case s.logs[0].MajorAPIVersion > 1:
		return nil, fmt.Errorf("has no timestamp authority, and the log %s does not say when an entry was made: nothing could verify the signature", s.logs[0].URL)
	}
	for _, each := range s.all() {
		if err := checkURL(each.URL); err != nil {
			return nil, fmt.Errorf("names %s, which %w", shown(each.URL), err)
		}
	}
	return s, nil
}

func (s *services) all() []root.Service {
	all := append([]root.Service{s.authority}, s.logs...)
	return append(all, s.timestamps...)
}

func (s *services) String() string {
	var urls []string
	for _, each := range s.all() {
		urls = append(urls, shown(each.URL))
	}
	return strings.Join(urls, ", ")
}

// checkURL refuses to send a token where others can read it.
func checkURL(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "":
		return errors.New("is not the address of a service")
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && (u.Hostname() == "localhost" || net.ParseIP(u.Hostname()).IsLoopback()):
		return nil
	}
	return errors.New("is not https: others could read the identity token and sign with it")
}

// options gives what sigstore-go needs to ask these services.
func (s *services) options(ctx context.Context, token string) sign.BundleOptions {
	transport := within(ctx)
	o := sign.BundleOptions{
		Context:                    ctx,
		CertificateProvider:        sign.NewFulcio(&sign.FulcioOptions{BaseURL: strings.TrimSuffix(s.authority.URL, "/"), Transport: transport}),
		CertificateProviderOptions: &sign.CertificateProviderOptions{IDToken: token},
	}
	for _, each := range s.timestamps {
		o.TimestampAuthorities = append(o.TimestampAuthorities,
			sign.NewTimestampAuthority(&sign.TimestampAuthorityOptions{URL: each.URL, Transport: transport}))
	}
	for _, each := range s.logs {
		o.TransparencyLogs = append(o.TransparencyLogs, sign.NewRekor(&sign.RekorOptions{BaseURL: each.URL, Version: each.MajorAPIVersion}))
	}
	return o
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// within gives a transport whose requests end with ctx, which sigstore-go does
// not hand on to all of them, and on which a server that is in trouble is an
// error with what it said: sigstore-go loses that.
func within(ctx context.Context) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		both, cancel := context.WithCancel(r.Context())
		stop := context.AfterFunc(ctx, cancel)
		release := func() { stop(); cancel() }
		answer, err := http.DefaultTransport.RoundTrip(r.WithContext(both))
		if err != nil {
			release()
			return nil, err
		}
		if code := answer.StatusCode; code >= 500 || code == http.StatusTooManyRequests || code/100 == 3 {
			said, _ := io.ReadAll(io.LimitReader(answer.Body, 1024)) // the status is what matters
			answer.Body.Close()
			release()
			return nil, fmt.Errorf("server answers %s: %s", answer.Status, said)
		}
		answer.Body = &body{answer.Body, release}
		return answer, nil
	})
}

// A body is an answer's, which frees what its request holds.
type body struct {
	io.ReadCloser
	release func()
}

func (b *body) Close() error {
	defer b.release()
	return b.ReadCloser.Close()
}
