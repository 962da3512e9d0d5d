package main

// fixCases are hosts and plugins that differ in one thing, or in a few.
func fixCases() []fixCase {
	return []fixCase{
		{name: "trimpath", plugin: `go build -buildmode=plugin -o a.so .`,
			want: []string{"PT303 host was built with -trimpath, plugin without | -trimpath=true | -trimpath=false"}},
		{name: "race", plugin: `go build -race -trimpath -buildmode=plugin -o a.so .`,
			want: []string{"PT304 host was built without -race, plugin with -race=true | no -race | -race=true"}},
		{name: "tag", host: `go build -trimpath -tags=special,other -o ../bin/host ./cmd/host`, plugin: workspace(plain),
			want: []string{"PT304 host was built with -tags=special,other, plugin without | -tags=special,other | no -tags"}},
		{name: "experiment", plugin: `GOEXPERIMENT=nogreenteagc ` + plain,
			want: []string{"PT304 host was built without GOEXPERIMENT, plugin with GOEXPERIMENT=nogreenteagc | no GOEXPERIMENT | GOEXPERIMENT=nogreenteagc"}},
		{name: "compiler flags for a package", plugin: `go build -trimpath -gcflags=example.com/dep=-l -buildmode=plugin -o a.so .`,
			want: []string{"PT304 host was built without -gcflags, plugin with -gcflags=example.com/dep=-l | no -gcflags | -gcflags=example.com/dep=-l"}},
		{name: "cover", host: `go build -trimpath -cover -coverpkg=example.com/dep,unicode/utf8 -o ../bin/host ./cmd/host`, plugin: workspace(plain),
			want: []string{"PT304 host was built with -cover of example.com/dep,unicode/utf8, plugin without | -cover of example.com/dep,unicode/utf8 | no -cover"}},
		{name: "profile of the host", host: `go build -pgo=$PROFILE -o ../bin/host ./cmd/host`, plugin: `go mod edit -replace=example.com/host=../host; go build -buildmode=plugin -o a.so .`,
			want: []string{"PT304 host was built with -pgo=PROFILE, plugin without | -pgo=PROFILE | no -pgo"}},
		{name: "module version", plugin: `go get example.com/dep@v1.1.0 && ` + plain,
			want: []string{"PT401 host has example.com/dep v1.0.0, plugin has v1.1.0 | v1.0.0 | v1.1.0"}},
		{name: "fork in the plugin", plugin: `go mod edit -replace=example.com/dep=example.com/fork@v1.0.0 && go mod tidy && ` + plain,
			want: []string{"PT403 host has example.com/dep v1.0.0, plugin has v1.0.0 => example.com/fork v1.0.0 | v1.0.0 | v1.0.0 => example.com/fork v1.0.0"}},
		{name: "checkout and release", host: built,
			want: []string{"PT401 host has example.com/host (devel), plugin has v1.0.0 | (devel) | v1.0.0"}},
		{name: "edited", host: built, plugin: `cp -r ../host mine; sed -i 's/^var Total/\/\/ A line.\nvar Total/' mine/api/api.go; ` + workspaceOf("./plugin ./plugin/mine", plain),
			want: []string{"PT404 host and plugin have different source of example.com/host (devel) | api.Add in line 10 of api.go | api.Add in line 11 of api.go"}},
		{name: "patched standard library", plugin: patchedLibrary + ` && go build -overlay=overlay.json -trimpath -buildmode=plugin -o a.so .`,
			want: []string{"PT405 host and plugin have different source of the standard library of GORELEASE | package hash "}},
		{name: "other module cache", host: `GOMODCACHE=$PWD/../mod GOBIN=$PWD/../bin go install example.com/host/cmd/host@v1.0.0`, plugin: `go build -buildmode=plugin -o a.so .`,
			want: []string{"PT402 host compiled its modules in the module cache DIR/mod, plugin in the module cache CACHE | DIR/mod | CACHE"}},
		{name: "release and module version", host: `GOTOOLCHAIN=go1.25.12 ` + installed, plugin: `go get example.com/dep@v1.1.0 && GOTOOLCHAIN=go1.24.13 ` + plain,
			want: []string{"PT301 host was built with go1.25.12, plugin with go1.24.13 | go1.25.12 | go1.24.13",
				"PT401 host has example.com/dep v1.0.0, plugin has v1.1.0 | v1.0.0 | v1.1.0"}},
		{name: "without cgo", host: `CGO_ENABLED=0 ` + built, plugin: fromDir,
			want: []string{"PT101 ../bin/host was built with CGO_ENABLED=0, where Go has no plugins | CGO_ENABLED=0 | "}},
		{name: "same path", plugin: plain + ` && cp a.so b.so && rm a.so && ` + plain, list: "./b.so ./a.so",
			want:  []string{"PT501 ./b.so and ./a.so have the same plugin path"},
			edits: map[string]string{"main package": `go mod edit -module example.com/plugin/again`}},
	}
}

// patchedLibrary makes an overlay in which a file of package unicode/utf8 has a line more.
const patchedLibrary = `f=$(go env GOROOT)/src/unicode/utf8/utf8.go && (echo "// A line more."; cat $f) > utf8.go.txt && echo "{\"Replace\":{\"$f\":\"$PWD/utf8.go.txt\"}}" > overlay.json`

// workspace runs a plugin's build in a workspace with the host's module.
func workspace(build string) string { return workspaceOf("./host ./plugin", build) }

func workspaceOf(members, build string) string {
	return `(cd .. && go work init ` + members + `) && ` + build + ` && rm ../go.work`
}
