package main

const (
	contract = "contract 42"
	bareSays = "bare ::1"
)

var plugins = []variant{
	{name: "knows a contract module alone, host installed trimmed", ci: true, host: "install -trimpath", plugin: "small", says: contract},
	{name: "knows a contract module alone, host untrimmed, all gone", host: "GOMODCACHE=$W/other gone theirs/app; rm -r other", plugin: "small", says: contract},
	{name: "knows a contract module alone, host vendored, untrimmed", host: "vendored", plugin: "small", says: contract},
	{name: "standard library alone, host trimmed", ci: true, host: "build -trimpath", plugin: "bare", says: bareSays},
	{name: "standard library alone, host untrimmed, gone", host: "gone theirs/app", plugin: "bare", says: bareSays},
	{name: "standard library alone, host -cover", host: "build -cover", plugin: "bare", says: bareSays},
	{name: "standard library alone, host -race -gcflags=all=-l", host: "build -race -gcflags=all=-l", plugin: "bare", says: bareSays},
	{name: "in the host's module, trimmed", host: "inhost; build -trimpath", plugin: "app", args: []string{"./plugins/hello"}},
	{name: "in the host's module, untrimmed", host: "inhost; build", plugin: "app", args: []string{"./plugins/hello"}},
	{name: "in the host's module, host installed, trimmed", host: "inhost; install -trimpath", plugin: "app", args: []string{"./plugins/hello"}},
	{name: "in the host's module, host installed, untrimmed", host: "inhost; install", plugin: "app", args: []string{"./plugins/hello"}},
	{name: "in the host's module, build folder gone", host: "inhost; gone theirs/app", plugin: "app", args: []string{"./plugins/hello"}},
	{name: "in the host's module, vendored, untrimmed", host: "inhost; vendored", plugin: "app", args: []string{"./plugins/hello"}},
	{name: "in the host's module, internal packages", host: "inhost; sed -i 's#\"example.com/app/odd\"#\"example.com/app/odd\"\\n\\n\\t_ \"example.com/app/internal/state\"#' app/plugins/hello/main.go; build -trimpath", plugin: "app", args: []string{"./plugins/hello"}},
	{name: "vendored itself, host untrimmed", host: "build", author: "folder; go mod vendor"},
	{name: "vendored itself, host installed trimmed", host: "install -trimpath", author: "tidy; go mod vendor"},
	{name: "with tags and linker flags of its own", host: "build -trimpath", author: "folder; sed -i '1i //go:build mine\\n' main.go", args: []string{"--", "-tags=mine", "-ldflags=-X main.stamp=v7"}},
	{name: "asks for newer modules than the host has", host: "build -trimpath", author: "folder; go mod edit -require=example.com/dep@v1.2.0; tidy"},
	{name: "asks for newer modules than the host has, untrimmed, gone", host: "gone theirs/app", author: "folder; go mod edit -require=example.com/dep@v1.2.0; tidy"},
	{name: "with a replacement of its own that the host has not", host: "install -trimpath", author: "go mod edit -replace=example.com/dep=example.com/fork@v1.0.0; tidy"},
	{name: "shares a module through an indirect one", host: "build", author: "folder; sed -i -e '/example.com\\/dep/d' -e 's/dep.Twice(native.Plus(3, 4))/2*native.Plus(3, 4)/' -e 's/clib.Each(dep.Twice, 1, 2)/6/' main.go; tidy"},
	{name: "with GOFLAGS that contradict", host: "install", env: []string{"GOFLAGS=-trimpath -race -modcacherw"}},
	{name: "a linter for golangci-lint v2.15.0 as released", host: "golangci", plugin: "linter", author: "GOPROXY=$FIT_PROXY tidy", load: "lint", says: "linter", env: []string{"GOPROXY=https://proxy.golang.org,direct"}},
	{name: "with GO111MODULE=auto and a newer go line", host: "build -trimpath", author: "folder; go mod edit -go=1.26.0", env: []string{"GO111MODULE=auto"}},
}

var releases = byRelease()

// byRelease gives hosts of each release in the ways that differ most.
func byRelease() []variant {
	var list []variant
	for _, release := range []string{
		"go1.21.13", "go1.22.12", "go1.23.12", "go1.24.13", "go1.25.3", "go1.25.12", "go1.26.7", "go1.27.0", "go1.27.1",
	} {
		list = append(list,
			variant{name: release + ", checkout, trimmed", ci: release == "go1.25.12", release: release, host: "build -trimpath", author: "folder"},
			variant{name: release + ", untrimmed, gone", release: release, host: "gone theirs/app", author: "folder"},
			variant{name: release + ", vendored, untrimmed, -cover", release: release, host: "vendored -cover", author: "folder"},
		)
	}
	return list
}
