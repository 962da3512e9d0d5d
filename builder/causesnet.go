package builder

import (
	"cmp"
	"fmt"
	"net/url"
	"path"
	"strings"
)

var (
	unreachableLine = lazily(`(?:Get|Head) "([^"]+)": (.*)$`)
	answerLine      = lazily(`(?:^|\s)(\S+@\S+?)?(?:: )?reading (https?://\S+?|file:///\S+?): (4[0-9][0-9]|5[0-9][0-9]|no such file or directory)(.*)$`)
)

// networkRules know why modules and toolchains could not be fetched. What a line says
// about a toolchain comes first: there is another way to get one.
var networkRules = []rule{
	{lazily(`^go: download (go\S+?)(?: for (\S+?))?: (.*)$`), (*failure).toolchainLost},
	{lazily(`(\S+@\S+): module lookup disabled by GOPROXY=off$`), func(f *failure, _ spot, m []string) Cause { return f.lookupOff(m[1]) }},
	{lazily(`^(?:.*: )?module lookup disabled by GOPROXY=off$`), func(f *failure, at spot, _ []string) Cause { return f.lookupOff(f.downloading()) }},
	{lazily(`verifying (?:module|go\.mod): (\S+?)(?:/go\.mod)?: (?:initializing sumdb\.Client: |checking tree#|reading |Get )(.*)$`), (*failure).sumDatabase},
	{unreachableLine, (*failure).unreachable},
	{answerLine, (*failure).proxySays},
	{lazily(`could not read (?:Username|Password) for '?(.*?)'?: (?:terminal prompts disabled|No such device or address)`), (*failure).asksWho},
	{lazily(`^\s*(?:fatal: Authentication failed for '?(.*?)'?|remote: (?:Invalid username or (?:password|token)|Repository not found|HTTP Basic: Access denied|The project you were looking for could not be found).*|fatal: repository '?(.*?)'? not found)$`), func(f *failure, at spot, m []string) Cause {
		return f.asksWho(at, []string{"", cmp.Or(m[1], m[2])})
	}},
	{lazily(`^\s*(?:(\S+?)@)?(\S*?):? ?Permission denied \(publickey`), func(f *failure, _ spot, m []string) Cause {
		host := cmp.Or(m[2], "the repository's server")
		return causef(CausePrivate, "%s comes over ssh, and %s takes none of the keys that are at hand", f.fetched(), host).todo(
			"ssh-add", "ssh -T git@"+host+" says whether it works")
	}},
	{lazily(`^\s*Host key verification failed\.$`), func(f *failure, _ spot, _ []string) Cause {
		host, _, _ := strings.Cut(f.downloading(), "/")
		return causef(CausePrivate, "%s comes over ssh, and its server %s is not among the hosts that ssh knows", f.fetched(), host).todo(
			"compare the fingerprint that this shows with the published one: ssh-keyscan " + quoted(host) + " | tee -a ~/.ssh/known_hosts | ssh-keygen -lf -")
	}},
	{lazily(`GOVCS disallows using (\S+) for (public|private) (\S+?);`), func(_ *failure, _ spot, m []string) Cause {
		return causef(CausePrivate, "%s comes straight from its %s repository, which GOVCS forbids for %s modules", m[3], m[1], m[2]).todo(
			"export GOVCS="+quoted(m[3]+":"+m[1]+",public:git|hg,private:all"), "or let a module proxy fetch it: export GOPROXY=https://proxy.golang.org,direct")
	}},
	{lazily(`unrecognized import path "(\S+?)": (?:reading \S+: )?(404 Not Found|parse .*|.*no go-import meta tags.*)`), func(_ *failure, _ spot, m []string) Cause {
		return causef(CauseNetwork, "%s names no repository: its page has no go-import tag (%s)", m[1], m[2])
	}},
}

var noModule = lazily(`no required module provides package ([^;\s]+)`)

// moduleRules know what the go command says about go.mod, go.sum and vendor folders.
var moduleRules = []rule{
	{lazily(`(\S+) requires go >= (\S+) \(running go (\S+?)[;)]`), (*failure).needsGo},
	{lazily(`^(?:.*: )?module (\S+)@\S+ found.*, but does not contain package (\S+)$`), func(f *failure, _ spot, m []string) Cause { return f.blamePath(m[2]) }},
	{noModule, (*failure).missingModule},
	{lazily(`^(?:.*: )?verifying (\S+?): checksum mismatch$`), (*failure).mismatch},
	{lazily(`missing go\.sum entry for (?:module providing package (\S+?)|go\.mod file)[ ;]`), func(f *failure, _ spot, m []string) Cause {
		what := "a go.mod file that it needs"
		if m[1] != "" {
			what = "the module with package " + m[1]
		}
		return causef(CauseRequirements, "the plugin's go.sum has no checksum of %s", what).todo(f.goC("mod tidy"))
	}},
	{lazily(`^(?:go: |.*: )?updates to go\.(mod|sum) needed`), func(f *failure, _ spot, m []string) Cause {
		return causef(CauseRequirements, "the plugin's go.%s is not complete", m[1]).todo(f.goC("mod tidy"))
	}},
	{lazily(`^go: inconsistent vendoring in (.*):$`), func(_ *failure, _ spot, m []string) Cause {
		return causef(CauseRequirements, "the vendor folder of %s is not what its go.mod asks for", m[1]).todo(
			"go -C "+quoted(m[1])+" mod vendor", "or leave the vendor folder aside: plugtool build … -- -mod=readonly")
	}},
	{lazily(`(\S+?)@(\S+?): (?:invalid version: )?unknown revision (\S+)$`), func(f *failure, _ spot, m []string) Cause {
		return causef(CauseRequirements, "module %s has no version %s", m[1], m[3]).todo("the versions that there are: go list -m -versions " + quoted(m[1]))
	}},
	{lazily(`^(?:.*: )?(\S+)@(\S+): parsing go\.mod:$`), (*failure).otherName},
	{lazily(`(\S+)@(\S+): replacement directory (\S+) does not exist$`), func(f *failure, _ spot, m []string) Cause {
		return causef(CauseRequirements, "the plugin's go.mod takes %s from the folder %s, which is not there", m[1], m[3]).todo(f.goC("mod edit -dropreplace=" + quoted(m[1])))
	}},
	{lazily(`^(\S+\.(?:mod|work):[0-9]+): (unknown directive: (\S+)|.*)$`), (*failure).badModFile},
	{lazily(`^go: error reading go\.mod: missing module declaration`), func(f *failure, _ spot, _ []string) Cause {
		return causef(CauseRequirements, "the plugin's go.mod names no module").todo(f.goC("mod edit -module=example.com/NAME"))
	}},
}

// downloading is the module that the go command was fetching when it failed, "" where
// it does not say.
func (f *failure) downloading() string {
	mod := ""
	for line := range strings.Lines(f.output) {
		if m := downloadLine().FindStringSubmatch(strings.TrimSpace(line)); m != nil {
			mod = m[1] + "@" + m[2]
		}
	}
	return mod
}

var downloadLine = lazily(`^go: downloading (\S+) (v\S+)$`)

func (f *failure) fetched() string { return cmp.Or(f.downloading(), "a module") }

// toolchainLost speaks of the host's Go, which could not be downloaded.
func (f *failure) toolchainLost(_ spot, m []string) Cause {
	release, why := m[1], m[3]
	switch proxy := f.proxy(); {
	case proxy == "off" || strings.Contains(why, "GOPROXY=off"):
		why = "GOPROXY=off forbids it"
	case why == "toolchain not available":
		why = fmt.Sprintf("the module proxy (GOPROXY=%s) does not have it", proxy)
	default:
		if c := f.networkCause(why); c.Text != "" {
			why = c.Text
		}
	}
	c := causef(CauseToolchain, "%s, the host's Go, is not on this machine and could not be downloaded: %s", release, why)
	platform := strings.ReplaceAll(f.goEnv.HostOS+"-"+f.goEnv.HostArch, "/", "-")
	return c.todo(
		fmt.Sprintf("with a network: GOPROXY=https://proxy.golang.org go install golang.org/dl/%s@latest && \"$(go env GOPATH)/bin/%s\" download", release, release),
		fmt.Sprintf("without one: bring https://go.dev/dl/%s.%s.tar.gz here, unpack it, and give its folder: plugtool build --toolchain DIR/go …", release, platform))
}

func (f *failure) proxy() string {
	return cmp.Or(f.setting("GOPROXY"), f.goEnv.Proxy, "https://proxy.golang.org,direct")
}

// networkCause reads what a server said, or why there is no way to it.
func (f *failure) networkCause(text string) Cause {
	if m := unreachableLine().FindStringSubmatch(text); m != nil {
		return f.unreachable(spot{}, m)
	}
	if m := answerLine().FindStringSubmatch(text); m != nil {
		return f.proxySays(spot{}, m)
	}
	return Cause{}
}

func (f *failure) lookupOff(mod string) Cause {
	what, command := mod, "mod download "+quoted(mod)
	if mod == "" {
		what, command = "a module that the plugin needs", "mod download"
	}
	return causef(CauseNetwork, "%s is not in the module cache, and GOPROXY=off forbids fetching it", what).todo(
		"GOPROXY=https://proxy.golang.org,direct " + f.goC(command))
}

// unreachable speaks of a server that there is no way to.
func (f *failure) unreachable(_ spot, m []string) Cause {
	address, why := m[1], m[2]
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return Cause{}
	}
	host := u.Host
	switch {
	case strings.Contains(why, "no such host"), strings.Contains(why, "server misbehaving"), strings.Contains(why, "Temporary failure in name resolution"):
		why = "its name has no address (DNS)"
	case strings.Contains(why, "connection refused"):
		why = "nothing answers there (connection refused)"
	case strings.Contains(why, "network is unreachable"), strings.Contains(why, "no route to host"):
		why = "this machine has no network that leads there"
	case strings.Contains(why, "timeout"), strings.Contains(why, "deadline exceeded"):
		why = "it did not answer in time"
	case strings.Contains(why, "x509: "), strings.Contains(why, "tls: "):
		return causef(CauseNetwork, "%s cannot be trusted or speaks no TLS: %s", host, why).todo(
			"where it is a proxy of your own with its own certificate: export SSL_CERT_FILE=/path/ca.pem", "go env GOPROXY")
	case strings.Contains(why, "EOF"), strings.Contains(why, "connection reset"), strings.Contains(why, "proxyconnect"):
		why = "the connection broke off (" + why + ")"
	default:
		return Cause{}
	}
	return causef(CauseNetwork, "%s cannot be reached: %s", host, why).todo(f.offline()...)
}

// offline says what to do without a way to the module proxy.
func (f *failure) offline() []string {
	return []string{
		"what is asked now: go env GOPROXY HTTPS_PROXY",
		"where a proxy of your own is reachable: export GOPROXY=https://PROXY",
		"without a network, fetch where there is one (" + f.goC("mod download") + "), bring $(go env GOMODCACHE)/cache/download here, and: export GOPROXY=file:///FOLDER GONOSUMDB='*'",
	}
}

// proxySays speaks of what a module proxy, or a web server, answered.
func (f *failure) proxySays(at spot, m []string) Cause {
	mod, address, code := m[1], m[2], m[3]
	mod = cmp.Or(strings.TrimSuffix(mod, ":"), f.downloading(), "the module")
	server := address
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		server = u.Host
	}
	name, _, _ := strings.Cut(mod, "@")
	if i := strings.Index(address, "/"+name+"/@v/"); server == address && i > 0 {
		server = "the module proxy " + address[:i]
	}
	switch {
	case code == "404" || code == "410" || code[0] == 'n':
		return causef(CauseNetwork, "%s has no %s (%s)", server, mod, code+m[4]).todo(
			"where it is private, have it fetched from its repository: export GOPRIVATE="+quoted(name),
			"else the versions that there are: go list -m -versions "+quoted(name))
	case code == "401" || code == "403" || code == "407":
		return causef(CausePrivate, "%s refuses to give %s (%s)", server, mod, code+m[4]).todo(
			fmt.Sprintf("where it wants a name and password: echo 'machine %s login NAME password TOKEN' >>~/.netrc && chmod 600 ~/.netrc", hostName(server)),
			"where it blocks that module: export GOPRIVATE="+quoted(name))
	case code == "429" || code[0] == '5':
		return causef(CauseNetwork, "%s cannot give %s now (%s)", server, mod, code+m[4]).todo("try again later", "or ask another: export GOPROXY=https://proxy.golang.org,direct")
	}
	return Cause{}
}

func hostName(server string) string {
	name, _, _ := strings.Cut(server, ":")
	return name
}

// asksWho speaks of a repository that wants a name and password.
func (f *failure) asksWho(_ spot, m []string) Cause {
	server := "its server"
	if u, err := url.Parse(m[1]); err == nil && u.Hostname() != "" {
		server = u.Hostname()
	}
	mod, _, _ := strings.Cut(f.fetched(), "@")
	host, _, _ := strings.Cut(mod, "/")
	if server == "its server" && strings.Contains(host, ".") {
		server = host
	}
	c := causef(CausePrivate, "%s comes straight from its repository, and %s wants to know who asks, or does not have it", f.fetched(), server)
	if strings.Contains(host, ".") {
		c = c.todo(
			fmt.Sprintf("over ssh, with your key: git config --global url.ssh://git@%s/.insteadOf https://%s/", host, host),
			fmt.Sprintf("with a token: echo 'machine %s login NAME password TOKEN' >>~/.netrc && chmod 600 ~/.netrc", host),
			"and keep module proxies out of it: export GOPRIVATE="+quoted(path.Dir(mod)+"/*"))
	}
	return c
}

// sumDatabase speaks of the checksum database, which does not know a module or is
// not to be reached.
func (f *failure) sumDatabase(_ spot, m []string) Cause {
	mod, _, _ := strings.Cut(m[1], "@")
	db, _, _ := strings.Cut(cmp.Or(f.setting("GOSUMDB"), f.goEnv.SumDB, "sum.golang.org"), " ")
	why := "it cannot be reached"
	switch {
	case strings.Contains(m[2], "404") || strings.Contains(m[2], "410"):
		why = "it does not know the module"
	}
	return causef(CauseSum, "the checksum database %s cannot say whether %s is right: %s", db, m[1], why).todo(
		"where the module is private: export GONOSUMDB="+quoted(mod)+" (or GOPRIVATE, which keeps module proxies out too)",
		"what is set now: go env GOSUMDB GONOSUMDB GOPRIVATE")
}

// mismatch speaks of content that is not what was recorded of it.
func (f *failure) mismatch(at spot, m []string) Cause {
	mod, isGoMod := strings.CutSuffix(m[1], "/go.mod")
	var got, want, from string
	for _, line := range at.lines[1:min(len(at.lines), 4)] {
		switch k, v, _ := strings.Cut(strings.TrimSpace(line), ":"); {
		case k == "downloaded":
			got = strings.TrimSpace(v)
		case strings.HasPrefix(strings.TrimSpace(v), "h1:"):
			from, want = k, strings.TrimSpace(v)
		}
	}
	if got == "" || want == "" {
		return Cause{}
	}
	name, version, _ := strings.Cut(mod, "@")
	c := causef(CauseSum, "%s is not what it was: %s has %s, what was downloaded has %s", m[1], from, want, got)
	if f.plan != nil && !isGoMod {
		switch sum := f.plan.hostSums[mod]; sum {
		case "":
		case got:
			c.Text += "; the host was built from the latter"
		case want:
			c.Text += "; the host was built from the former"
		}
	}
	if from != "go.sum" {
		return c.todo("have the author of " + name + " look into it: the tag " + version + " was moved, or somebody is between you and the module proxy")
	}
	return c.todo(
		"where somebody may be in between: compare with GOPROXY=https://proxy.golang.org GOFLAGS=-mod=mod go mod download -json "+quoted(mod),
		fmt.Sprintf("where go.sum is what is wrong: sed -i '\\|^%s %s|d' %s && %s", name, version, quoted(f.sumFile()), f.goC("mod tidy")))
}

func (f *failure) sumFile() string {
	if f.plan == nil {
		return "go.sum"
	}
	return path.Join(f.plan.Dir, "go.sum")
}

// needsGo speaks of a module whose go line is newer than the host's Go.
func (f *failure) needsGo(_ spot, m []string) Cause {
	what := strings.TrimSuffix(m[1], ":")
	host := cmp.Or(f.hostGo(), "go"+m[3])
	c := causef(CauseLanguage, "%s needs go %s, and the host was built with %s: the plugin needs an older version of it, or the host a newer Go", what, m[2], host)
	if name, _, ok := strings.Cut(what, "@"); ok {
		return c.todo("the versions that there are: " + f.goC("list -m -versions "+quoted(name)))
	}
	return c.todo(f.goC("mod edit -go=" + strings.TrimPrefix(release(host), "go") + " -toolchain=none"))
}

// blamePath names the pin that decides about a package which is not there.
func (f *failure) blamePath(pkg string) Cause {
	pin := f.pinOf(pkg)
	if pin == nil {
		return Cause{}
	}
	return causef(CausePin, "package %s is in %s %s, which the plugin wants, and not in %s, which the host has", pkg, pin.Module, pin.Plugin, pin.Host).todo(
		"to see in the editor what has to change: "+f.goC("get "+pin.Module+"@"+pin.Host),
		"or build for a host that has "+pin.Module+" "+pin.Plugin+" or newer")
}

func (f *failure) missingModule(_ spot, m []string) Cause {
	if c := f.blamePath(m[1]); c.Text != "" {
		return c
	}
	return causef(CauseRequirements, "no module in the plugin's go.mod has package %s", m[1]).todo(f.goC("get " + quoted(m[1])))
}

// otherName speaks of a module that calls itself otherwise.
func (f *failure) otherName(at spot, m []string) Cause {
	declares := ""
	for _, line := range at.lines[1:min(len(at.lines), 3)] {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "module declares its path as: "); ok {
			declares = v
		}
	}
	if declares == "" {
		return causef(CauseRequirements, "the go.mod file of %s %s cannot be read", m[1], m[2]).todo("the versions that there are: " + f.goC("list -m -versions "+quoted(m[1])))
	}
	return causef(CauseRequirements, "the module asked for as %s calls itself %s", m[1], declares).todo(
		"import it by that name, or: " + f.goC("mod edit -replace="+quoted(m[1]+"="+declares+"@"+m[2])))
}

// badModFile speaks of a go.mod or go.work file that the host's Go cannot read.
func (f *failure) badModFile(_ spot, m []string) Cause {
	since := map[string]string{"toolchain": "go1.21", "godebug": "go1.23", "tool": "go1.24", "ignore": "go1.25"}[m[3]]
	if since == "" || f.plan == nil || compareGo(release(f.hostGo()), since) >= 0 {
		return Cause{}
	}
	return causef(CauseRequirements, "%s says %s, which go.mod files may since %s, and the host was built with %s", m[1], m[3], since, f.hostGo()).todo(
		"leave that line out, or build for a host of a newer Go release")
}
