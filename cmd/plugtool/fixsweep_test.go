//go:build sweep

package main

import (
	"slices"
	"testing"
)

// TestAllFixes is TestFixes for more ways to differ, which take more time.
func TestAllFixes(t *testing.T) {
	world := newFixWorld(t)
	for _, c := range moreFixCases() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, world)
		})
	}
}

func moreFixCases() []fixCase {
	return slices.Concat(settingCases(), sourceCases(), combinedCases(), otherCases())
}

func settingCases() []fixCase {
	return []fixCase{
		{name: "trimpath of the host", host: `go build -o ../bin/host ./cmd/host`, plugin: fromDir,
			want: []string{"PT303 host was built without -trimpath, plugin with | -trimpath=false | -trimpath=true"}},
		{name: "compiler flags", plugin: `go build -trimpath '-gcflags=all=-N -l' -buildmode=plugin -o a.so .`,
			want: []string{"PT304 host was built without -gcflags, plugin with -gcflags=all=-N -l | no -gcflags | -gcflags=all=-N -l"}},
		{name: "profile", plugin: `go build -trimpath -pgo=$PROFILE -buildmode=plugin -o a.so .`,
			want: []string{"PT304 host was built without -pgo, plugin with -pgo=cpu.pgo | no -pgo | -pgo=cpu.pgo"}},
		{name: "profile of a trimmed host", host: `cp $PROFILE cmd/host/default.pgo; ` + built, plugin: workspace(plain),
			want: []string{"PT304 host was built with -pgo=default.pgo, plugin without | -pgo=default.pgo | no -pgo"}},
		{name: "cover of the host", host: `go build -trimpath -cover -o ../bin/host ./cmd/host`, plugin: workspace(plain),
			want: []string{"PT304 host was built with -cover of example.com/host/api, plugin without"}},
		{name: "cover of the plugin", plugin: `go build -trimpath -cover -coverpkg=example.com/dep -buildmode=plugin -o a.so .`,
			want: []string{"PT304 plugin was built with -cover of example.com/dep, host without"}},
		{name: "module version and race", plugin: `go get example.com/two@v1.1.0 && go build -race -trimpath -buildmode=plugin -o a.so .`,
			want: []string{"PT304 host was built without -race", "PT401 host has example.com/two v1.0.0, plugin has v1.1.0"}},
		{name: "trimpath and a tag that matters", host: `go build -trimpath -tags=special -o ../bin/host ./cmd/host`, plugin: workspace(`go build -buildmode=plugin -o a.so .`),
			want: []string{"PT303 host was built with -trimpath, plugin without"}},
		{name: "release", plugin: `GOTOOLCHAIN=go1.25.12 ` + plain,
			want: []string{"PT302 host was built with GORELEASE, plugin with go1.25.12 | GORELEASE | go1.25.12"}},
		{name: "patch release", host: `GOTOOLCHAIN=go1.25.3 ` + installed, plugin: `GOTOOLCHAIN=go1.25.5 ` + plain,
			want: []string{"PT301 host was built with go1.25.3, plugin with go1.25.5 | go1.25.3 | go1.25.5"}},
		{name: "patch release that changes nothing, and race", host: `GOTOOLCHAIN=go1.26.7 ` + installed, plugin: `go build -race -trimpath -buildmode=plugin -o a.so .`,
			want: []string{"PT304 host was built without -race"}},
		{name: "patch release and trimpath", host: `GOTOOLCHAIN=go1.25.3 ` + installed, plugin: `GOTOOLCHAIN=go1.25.5 go build -buildmode=plugin -o a.so .`,
			want: []string{"PT301 host was built with go1.25.3, plugin with go1.25.5", "PT303 host was built with -trimpath, plugin without"}},
		{name: "experiments with patch releases", host: `GOTOOLCHAIN=go1.26.7 GOEXPERIMENT=nodwarf5 ` + installed, plugin: plain,
			want: []string{"PT304 host was built with GOEXPERIMENT=nodwarf5, plugin without"}},
	}
}

func sourceCases() []fixCase {
	return []fixCase{
		{name: "two modules", plugin: `go get example.com/dep@v1.1.0 example.com/two@v1.1.0 && ` + plain,
			want: []string{"PT401 host has example.com/dep v1.0.0, plugin has v1.1.0 | v1.0.0 | v1.1.0",
				"PT401 host has example.com/two v1.0.0, plugin has v1.1.0 | v1.0.0 | v1.1.0"}},
		{name: "fork in the host", host: `go mod edit -replace=example.com/dep=example.com/fork@v1.0.0 && go mod tidy && ` + built, plugin: workspace(`go mod edit -dropreplace=example.com/dep ../host/go.mod && ` + plain),
			want: []string{"PT403 host has example.com/dep v1.0.0 => example.com/fork v1.0.0, plugin has v1.0.0 | v1.0.0 => example.com/fork v1.0.0 | v1.0.0"}},
		{name: "folder in the host", host: `cp -r $(go list -m -f {{.Dir}} example.com/dep) ../dep; chmod -R u+w ../dep; echo 'func More() int { return 1 }' >> ../dep/dep.go; go mod edit -replace=example.com/dep=../dep && go build -o ../bin/host ./cmd/host`,
			plugin: `go mod edit -replace=example.com/host=../host && go build -buildmode=plugin -o a.so .`,
			want:   []string{"PT403 host has example.com/dep v1.0.0 => ../dep, plugin has v1.0.0 | v1.0.0 => ../dep | v1.0.0"}},
		{name: "untrimmed checkout and release", host: `go build -o ../bin/host ./cmd/host`, plugin: `go build -buildmode=plugin -o a.so .`,
			want: []string{"PT401 host has example.com/host (devel), plugin has v1.0.0 | (devel) | v1.0.0"}},
		{name: "tagged checkout and release", host: stamped, plugin: plain,
			want: []string{"PT401 host has example.com/host v1.0.0 from a checkout, plugin has v1.0.0 | v1.0.0 from a checkout | v1.0.0"}},
		{name: "changed checkout and release", host: `export CHANGE="echo >> go.mod"; ` + stamped, plugin: plain,
			want: []string{"PT401 host has example.com/host v1.0.0+dirty from a checkout, plugin has v1.0.0"}},
		{name: "checkout and folder", host: built, plugin: fromDir,
			want: []string{"PT402 host compiled example.com/host in example.com/host, plugin in example.com/host@v1.0.0 | example.com/host | example.com/host@v1.0.0"}},
		{name: "vendored untrimmed", host: `go mod vendor && go build -o ../bin/host ./cmd/host`, plugin: `go mod edit -replace=example.com/host=../host; go build -buildmode=plugin -o a.so .`,
			want: []string{"PT402 host compiled its modules in the vendor folder DIR/host/vendor, plugin in the module cache CACHE | DIR/host/vendor | CACHE"}},
		{name: "vendored, another version", host: `go mod vendor && ` + built + ` && rm -r vendor`, plugin: `go get example.com/two@v1.1.0 && ` + workspace(plain),
			want: []string{"PT401 host has example.com/two v1.0.0, plugin has v1.1.0"}},
		{name: "edited vendor folder in the plugin", plugin: `go mod vendor && sed -i 's/2 . n/n + n/' vendor/example.com/dep/dep.go && ` + plain,
			want: []string{"PT404 host and plugin have different source of example.com/dep v1.0.0 | package hash "}},
		{name: "other folder", host: `go build -o ../bin/host ./cmd/host`, plugin: `cp -r ../host mine; go mod edit -replace=example.com/host=./mine; go build -buildmode=plugin -o a.so .`,
			want: []string{"PT402 host compiled example.com/host in DIR/host, plugin in DIR/plugin/mine | DIR/host | DIR/plugin/mine"}},
		{name: "workspace of the host", host: `cp -r $(go list -m -f {{.Dir}} example.com/dep) ../dep; (cd .. && go work init ./host ./dep) && ` + built + ` && rm ../go.work`, plugin: workspace(plain),
			want: []string{"PT401 host has example.com/dep (devel) from a workspace, plugin has v1.0.0 | (devel) from a workspace | v1.0.0"}},
	}
}

// stamped builds the host out of a tagged commit.
const stamped = `git init -q && git add go.mod go.sum api cmd && git -c user.name=x -c user.email=x@example.com commit -qm x && git tag v1.0.0 && eval "$CHANGE" && GOFLAGS=-buildvcs=true ` + built

// combinedCases differ in two or three things at once.
func combinedCases() []fixCase {
	special := `printf '//go:build special\n\npackage api\n\n// Special is there with the tag.\nfunc Special(n int) int { return Add(n) }\n' > api/more_special.go; sed -i 's/api.Add(/api.Special(/' cmd/host/main.go; `
	getIn := func(module string) string { return `(cd ../host && go get ` + module + `) && ` }
	untrimmed := workspace(`go build -buildmode=plugin -o a.so .`)
	return []fixCase{
		{name: "profile and version", host: `go build -trimpath -pgo=$PROFILE -o ../bin/host ./cmd/host`, plugin: getIn("example.com/two@v1.1.0") + workspace(plain),
			want: []string{"PT304 host was built with -pgo=cpu.pgo, plugin without", "PT401 host has example.com/two v1.0.0, plugin has v1.1.0"}},
		{name: "profile and race", host: `go build -trimpath -pgo=$PROFILE -o ../bin/host ./cmd/host`, plugin: workspace(`go build -race -trimpath -buildmode=plugin -o a.so .`),
			want: []string{"PT304 host was built without -race, plugin with -race=true", "PT304 host was built with -pgo=cpu.pgo, plugin without"}},
		{name: "trimpath and tag", host: special + `go build -trimpath -tags=special -o ../bin/host ./cmd/host`, plugin: `(cd .. && go work init ./host ./plugin) && go build -buildmode=plugin -o a.so .`,
			want: []string{"PT303 host was built with -trimpath, plugin without", "PT304 host was built with -tags=special, plugin without"}},
		{name: "version and tag", host: special + `go build -trimpath -tags=special -o ../bin/host ./cmd/host`, plugin: getIn("example.com/dep@v1.1.0") + `(cd .. && go work init ./host ./plugin) && ` + plain,
			want: []string{"PT401 host has example.com/dep v1.0.0, plugin has v1.1.0", "PT304 host was built with -tags=special, plugin without"}},
		{name: "version and a tag that changes nothing", host: `go build -trimpath -tags=nothing -o ../bin/host ./cmd/host`, plugin: getIn("example.com/dep@v1.1.0") + workspace(plain),
			want: []string{"PT401 host has example.com/dep v1.0.0, plugin has v1.1.0"}},
		{name: "version, processor and linker flags", host: `GOAMD64=v3 go build -trimpath -ldflags=-s -o ../bin/host ./cmd/host`, plugin: getIn("example.com/two@v1.1.0") + workspace(plain),
			want: []string{"PT401 host has example.com/two v1.0.0, plugin has v1.1.0"}},
		{name: "edited line and version", host: built, plugin: `sed -i 's/^var Total/\/\/ A line.\nvar Total/' ../host/api/api.go; ` + getIn("example.com/dep@v1.1.0") + workspace(plain),
			want:  []string{"PT401 host has example.com/dep v1.0.0, plugin has v1.1.0", "PT404 host and plugin have different source of example.com/host (devel) | api.Add in line 10 of api.go | api.Add in line 11 of api.go"},
			edits: map[string]string{"put the source of example.com/host": `rm -rf DIR; cp -r ../host DIR; sed -i '/A line/d' DIR/api/api.go`}},
		{name: "cover and version", host: `go build -trimpath -cover -coverpkg=example.com/dep -o ../bin/host ./cmd/host`, plugin: getIn("example.com/dep@v1.1.0") + workspace(plain),
			want: []string{"PT401 host has example.com/dep v1.0.0, plugin has v1.1.0", "PT304 host was built with -cover of example.com/dep, plugin without"}},
		{name: "experiment, trimpath and version", host: `GOEXPERIMENT=nogreenteagc go build -trimpath -o ../bin/host ./cmd/host`, plugin: getIn("example.com/two@v1.1.0") + untrimmed,
			want: []string{"PT303 host was built with -trimpath", "PT304 host was built with GOEXPERIMENT=nogreenteagc, plugin without", "PT401 host has example.com/two v1.0.0, plugin has v1.1.0"}},
		{name: "race, trimpath and version", host: `go build -race -trimpath -o ../bin/host ./cmd/host`, plugin: getIn("example.com/dep@v1.1.0") + untrimmed,
			want: []string{"PT303 host was built with -trimpath", "PT304 host was built with -race=true, plugin without", "PT401 host has example.com/dep v1.0.0, plugin has v1.1.0"}},
	}
}
