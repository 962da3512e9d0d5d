package inspector

import (
	"maps"
	"slices"
	"strings"

	"github.com/plugtool/plugtool/inspector/goelf"
)

// debugSetting is a setting of GODEBUG: the package whose code it changes, and, where
// a Go release changed its default, which one, and the value that brings the earlier
// behaviour back.
type debugSetting struct {
	pkg     string
	changed int // minor release
	old     string
	gone    int // minor release that has the setting no more; 0: none yet
}

// debugSettings are those of internal/godebugs/table.go, of Go 1.21 to 1.27 together,
// that a plugin's code can notice: not those of the go command, of Windows, and of the
// runtime as a whole.
var debugSettings = map[string]debugSetting{
	"asynctimerchan":              {pkg: "time", changed: 23, old: "1", gone: 27},
	"cryptocustomrand":            {pkg: "crypto", changed: 26, old: "1"},
	"dataindependenttiming":       {pkg: "crypto/subtle"},
	"execerrdot":                  {pkg: "os/exec"},
	"fips140":                     {pkg: "crypto/fips140"},
	"fips140ems":                  {pkg: "crypto/tls"},
	"gotypesalias":                {pkg: "go/types", changed: 23, old: "0", gone: 27},
	"htmlmetacontenturlescape":    {pkg: "html/template"},
	"http2client":                 {pkg: "net/http"},
	"http2debug":                  {pkg: "net/http"},
	"http2server":                 {pkg: "net/http"},
	"httpcookiemaxnum":            {pkg: "net/http", changed: 24, old: "0"},
	"httplaxcontentlength":        {pkg: "net/http", changed: 22, old: "1"},
	"httpmuxgo121":                {pkg: "net/http", changed: 22, old: "1"},
	"httpservecontentkeepheaders": {pkg: "net/http", changed: 23, old: "1"},
	"jstmpllitinterp":             {pkg: "html/template"},
	"multipartfiles":              {pkg: "mime/multipart"},
	"multipartmaxheaders":         {pkg: "mime/multipart"},
	"multipartmaxparts":           {pkg: "mime/multipart"},
	"multipathtcp":                {pkg: "net", changed: 24, old: "0"},
	"netdns":                      {pkg: "net"},
	"netedns0":                    {pkg: "net"},
	"panicnil":                    {pkg: "runtime", changed: 21, old: "1"},
	"randautoseed":                {pkg: "math/rand"},
	"randseednop":                 {pkg: "math/rand", changed: 24, old: "0"},
	"rsa1024min":                  {pkg: "crypto/rsa", changed: 24, old: "0"},
	"tarinsecurepath":             {pkg: "archive/tar"},
	"tls10server":                 {pkg: "crypto/tls", changed: 22, old: "1", gone: 27},
	"tls3des":                     {pkg: "crypto/tls", changed: 23, old: "1", gone: 27},
	"tlskyber":                    {pkg: "crypto/tls", changed: 23, old: "0", gone: 24},
	"tlsmaxrsasize":               {pkg: "crypto/tls"},
	"tlsmlkem":                    {pkg: "crypto/tls", changed: 24, old: "0"},
	"tlsrsakex":                   {pkg: "crypto/tls", changed: 22, old: "1", gone: 27},
	"tlssecpmlkem":                {pkg: "crypto/tls", changed: 26, old: "0"},
	"tlssha1":                     {pkg: "crypto/tls", changed: 25, old: "1"},
	"tlsunsafeekm":                {pkg: "crypto/tls", changed: 22, old: "1", gone: 27},
	"urlmaxqueryparams":           {pkg: "net/url", changed: 24, old: "0"},
	"urlstrictcolons":             {pkg: "net/url", changed: 26, old: "0"},
	"x509keypairleaf":             {pkg: "crypto/tls", changed: 23, old: "0", gone: 27},
	"x509negativeserial":          {pkg: "crypto/x509", changed: 23, old: "1"},
	"x509rsacrt":                  {pkg: "crypto/x509", changed: 24, old: "0"},
	"x509sha1":                    {pkg: "crypto/x509", gone: 24},
	"x509sha256skid":              {pkg: "crypto/x509", changed: 25, old: "0"},
	"x509sslcertoverrideplatform": {pkg: "crypto/x509", changed: 27, old: "0"},
	"x509usefallbackroots":        {pkg: "crypto/x509"},
	"x509usepolicies":             {pkg: "crypto/x509", changed: 24, old: "0"},
	"zipinsecurepath":             {pkg: "archive/zip"},
}

// debugDefaults are the GODEBUG defaults of a build: what the main module's go and
// godebug lines and the main package's //go:debug lines say
// (cmd/go/internal/load/godebug.go).
func debugDefaults(b *Binary) map[string]string {
	m := make(map[string]string)
	for _, s := range strings.Split(b.Setting("DefaultGODEBUG"), ",") {
		if k, v, ok := strings.Cut(s, "="); ok {
			m[k] = v
		}
	}
	return m
}

// sameBehaviour says whether two values of a setting, "" for none, do the same.
func (d debugSetting) sameBehaviour(a, b string) bool {
	if d.changed > 0 {
		return (a == d.old) == (b == d.old)
	}
	return a == b
}

// godebug judges GODEBUG defaults: the host's count for the whole process, a plugin's
// are dropped. What the plugin asks for by name earns a warning, what its go line
// stands for a note; settings of packages that the plugin does not have, none.
func (p *process) godebug(plug *Plugin) (Finding, bool) {
	a, b := debugDefaults(p.host.Binary()), debugDefaults(plug.Binary)
	if maps.Equal(a, b) {
		return Finding{}, false
	}
	keys := maps.Clone(a)
	maps.Copy(keys, b)
	minor := minorOf(plug.Binary.GoVersion)
	var host, plugin, asked, pkgs []string
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		d, ok := debugSettings[key]
		if !ok || d.gone > 0 && minor >= d.gone || d.sameBehaviour(a[key], b[key]) {
			continue
		}
		if !slices.ContainsFunc(plug.mod.Packages, func(pkg goelf.PackageHash) bool { return pkg.Path == d.pkg }) {
			continue
		}
		host, plugin = append(host, debugText(key, a)), append(plugin, debugText(key, b))
		if !slices.Contains(pkgs, d.pkg) {
			pkgs = append(pkgs, d.pkg)
		}
		if b[key] != "" && !ofGoLine(key, b, minor) {
			asked = append(asked, key+"="+b[key])
		}
	}
	if len(host) == 0 {
		return Finding{}, false
	}
	f := debugDefault.finding("host and plugin have different GODEBUG defaults: host has " + host[0] + ", plugin has " + plugin[0])
	f.Severity = Note
	f.Host, f.Plugin = strings.Join(host, ", "), strings.Join(plugin, ", ")
	f.Detail = "the host's defaults count for the whole process: the plugin's code runs with them, whatever its own go and godebug lines say"
	f.Fix = []string{"give the plugin's go.mod the go line and the godebug lines of the host's"}
	f.Package, f.Packages = pkgs[0], pkgs
	if len(asked) > 0 {
		f.Severity = Warning
		f.Title = "plugin asks for GODEBUG " + strings.Join(asked, ",") + ", and the host's defaults, which count, have it otherwise"
		f.Fix = []string{"take the setting into the host (a godebug line in its go.mod, or //go:debug in its main package), or out of the plugin"}
	}
	return f, true
}

func debugText(key string, m map[string]string) string {
	if v, ok := m[key]; ok {
		return key + "=" + v
	}
	return "no " + key
}

// ofGoLine says whether a setting may be one that an older go line brings along: then
// most of those come with it that changed in the same release, and in later ones. Not
// all of them need be there, as patch releases have added some.
func ofGoLine(key string, m map[string]string, minor int) bool {
	d := debugSettings[key]
	if d.changed == 0 || m[key] != d.old {
		return false
	}
	var same, later struct{ old, all int }
	for k, other := range debugSettings {
		if k == key || other.changed < d.changed || other.changed > minor || other.gone > 0 && minor >= other.gone {
			continue
		}
		count := &later
		if other.changed == d.changed {
			count = &same
		}
		count.all++
		if m[k] == other.old {
			count.old++
		}
	}
	return 2*same.old >= same.all && 2*later.old >= later.all
}
