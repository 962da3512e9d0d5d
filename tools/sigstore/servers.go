package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// An instance is a running Sigstore.
type instance struct {
	dir      string // for all its files
	programs map[string]string
	issuer   *issuer
	servers  []*server
}

type server struct {
	name   string
	cmd    *exec.Cmd
	exited chan struct{}
}

func (s *instance) file(name string) string { return filepath.Join(s.dir, name) }

func (s *instance) write(name string, data []byte) error {
	return os.WriteFile(s.file(name), data, 0o600)
}

// start brings all servers up and writes the files that clients need.
func (s *instance) start(ctx context.Context) (err error) {
	if s.issuer, err = newIssuer(); err != nil {
		return err
	}
	token, err := s.issuer.mailToken()
	if err != nil {
		return err
	}
	if err := s.write("token", []byte(token)); err != nil {
		return err
	}
	if err := s.write("fulcio.json", []byte(s.issuer.fulcioConfig())); err != nil {
		return err
	}
	for _, name := range []string{"rekor", "ct"} {
		if err := s.newKey(name); err != nil {
			return err
		}
	}
	ports, err := freePorts(9)
	if err != nil {
		return err
	}
	url := func(n int) string { return "http://127.0.0.1:" + ports[n] }
	fulcio, ct, tsa, rekor := url(0), url(1), url(2), url(3)
	if err := s.startFulcio(ctx, fulcio, ct, ports[0], ports[4], ports[5]); err != nil {
		return err
	}
	// The log takes the authority's certificates only, so it comes second.
	if err := s.launch("tesseract", "--http_endpoint=127.0.0.1:"+ports[1], "--origin=127.0.0.1", "--private_key="+s.file("ct.key"),
		"--roots_pem_file="+s.file("fulcio.pem"), "--storage_dir="+s.file("ct-log"), "--checkpoint_interval=200ms"); err != nil {
		return err
	}
	if err := s.launch("timestamp-server", "serve", "--host=127.0.0.1", "--port="+ports[2], "--timestamp-signer=memory", "--disable-ntp-monitoring"); err != nil {
		return err
	}
	if err := s.launch("rekor-server", "serve", "--http-address=127.0.0.1", "--http-port="+ports[3], "--grpc-address=127.0.0.1", "--grpc-port="+ports[6],
		"--http-metrics-port="+ports[7], "--hostname=127.0.0.1", "--storage-dir="+s.file("rekor-log"), "--signer-filepath="+s.file("rekor.key"),
		"--checkpoint-interval=200ms"); err != nil {
		return err
	}
	chain, err := s.get(ctx, tsa+"/api/v1/timestamp/certchain")
	if err != nil {
		return err
	}
	if err := s.write("tsa.pem", chain); err != nil {
		return err
	}
	for _, each := range []string{rekor + "/healthz", ct + "/ct/v1/get-roots"} {
		if _, err := s.get(ctx, each); err != nil {
			return err
		}
	}
	return s.describe(ctx, fulcio, ct, tsa, rekor)
}

func (s *instance) startFulcio(ctx context.Context, url, ct, port, grpc, metrics string) error {
	if err := s.launch("fulcio", "serve", "--host=127.0.0.1", "--port="+port, "--grpc-host=127.0.0.1", "--grpc-port="+grpc, "--metrics-port="+metrics,
		"--ca=ephemeralca", "--config-path="+s.file("fulcio.json"), "--legacy-unix-domain-socket="+s.file("fulcio.sock"),
		"--ct-log-url="+ct, "--ct-log-public-key-path="+s.file("ct.pub")); err != nil {
		return err
	}
	data, err := s.get(ctx, url+"/api/v2/trustBundle")
	if err != nil {
		return err
	}
	var bundle struct {
		Chains []struct{ Certificates []string }
	}
	if err := json.Unmarshal(data, &bundle); err != nil || len(bundle.Chains) != 1 {
		return fmt.Errorf("fulcio's trust bundle is not one chain: %s", data)
	}
	return s.write("fulcio.pem", []byte(strings.Join(bundle.Chains[0].Certificates, "\n")))
}

// describe has cosign write who is to be believed and whom to ask.
func (s *instance) describe(ctx context.Context, fulcio, ct, tsa, rekor string) error {
	since := "start-time=" + time.Now().Add(-time.Minute).UTC().Format(time.RFC3339)
	service := func(url string) string { return "url=" + url + ",api-version=1,operator=plugtool," + since }
	for _, args := range [][]string{
		{"trusted-root", "create", "--out=" + s.file("trusted_root.json"),
			"--fulcio=url=" + fulcio + ",certificate-chain=" + s.file("fulcio.pem"),
			"--ctfe=url=" + ct + ",public-key=" + s.file("ct.pub") + "," + since,
			"--tsa=url=" + tsa + ",certificate-chain=" + s.file("tsa.pem"),
			"--rekor=url=" + rekor + ",public-key=" + s.file("rekor.pub") + "," + since + ",origin=127.0.0.1"},
		{"signing-config", "create", "--out=" + s.file("signing_config.json"),
			"--fulcio=" + service(fulcio), "--oidc-provider=" + service(s.issuer.url),
			"--tsa=" + service(tsa+"/api/v1/timestamp"), "--tsa-config=ANY",
			"--rekor=" + strings.Replace(service(rekor), "api-version=1", "api-version=2", 1), "--rekor-config=ANY"},
	} {
		if out, err := exec.CommandContext(ctx, s.programs["cosign"], args...).CombinedOutput(); err != nil {
			return fmt.Errorf("cosign %s: %w\n%s", strings.Join(args, " "), err, out)
		}
	}
	return nil
}

// newKey writes a key pair, NAME.key and NAME.pub.
func (s *instance) newKey(name string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	private, err := x509.MarshalECPrivateKey(key) // the one form that all of them read
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return err
	}
	if err := s.write(name+".key", pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: private})); err != nil {
		return err
	}
	return s.write(name+".pub", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))
}

// freePorts gives ports that nobody listens at, all held at once so that they
// are distinct. Someone else may take one before a server does.
func freePorts(n int) ([]string, error) {
	var ports []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		ports = append(ports, strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	}
	return ports, nil
}

// launch starts a server, whose output goes to a log file.
func (s *instance) launch(name string, args ...string) error {
	log, err := os.Create(s.file(name + ".log"))
	if err != nil {
		return err
	}
	defer log.Close()
	c := exec.Command(s.programs[name], args...)
	c.Dir, c.Stdout, c.Stderr = s.dir, log, log
	if err := c.Start(); err != nil {
		return err
	}
	each := &server{name, c, make(chan struct{})}
	go func() {
		c.Wait() // how it ends shows in its log
		close(each.exited)
	}()
	s.servers = append(s.servers, each)
	return nil
}

// get waits for a server to answer.
func (s *instance) get(ctx context.Context, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var last error
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return nil, err
		}
		if answer, err := http.DefaultClient.Do(r); err != nil {
			last = err
		} else {
			data, err := io.ReadAll(answer.Body)
			answer.Body.Close()
			if err == nil && answer.StatusCode == http.StatusOK {
				return data, nil
			}
			last = fmt.Errorf("%s answers %s: %s", url, answer.Status, data)
		}
		if name := s.ended(); name != "" {
			s.showLogs()
			return nil, fmt.Errorf("%s ended", name)
		}
		select {
		case <-ctx.Done():
			s.showLogs()
			return nil, fmt.Errorf("a server does not come up: %w", last)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// ended names a server that is no more.
func (s *instance) ended() string {
	for _, each := range s.servers {
		select {
		case <-each.exited:
			return each.name
		default:
		}
	}
	return ""
}

// stop ends the servers.
func (s *instance) stop() {
	for _, each := range s.servers {
		each.cmd.Process.Kill() // nothing of theirs is to be kept
		<-each.exited
	}
	if s.issuer != nil {
		s.issuer.server.Close()
	}
}

// showLogs prints the end of each server's log.
func (s *instance) showLogs() {
	for _, each := range s.servers {
		data, err := os.ReadFile(s.file(each.name + ".log"))
		if err != nil {
			continue
		}
		lines := bytes.Split(bytes.TrimSpace(data), []byte("\n"))
		fmt.Fprintf(os.Stderr, "--- %s\n%s\n", each.name, bytes.Join(lines[max(0, len(lines)-15):], []byte("\n")))
	}
}
