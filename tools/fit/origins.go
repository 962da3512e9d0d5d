package main

// A group is a part of the table.
type group struct {
	name     string
	variants []variant
}

var groups = []group{
	{"Where its source was", origins},
	{"Where its modules were", modules},
	{"Where its Go was", goroots},
	{"How it was compiled", compiled},
	{"How it was linked", linked},
	{"Which Go release", releases},
	{"Which plugin", plugins},
	{"No plugin fits", noFits},
}

// inWork has the author's module and the host's in one workspace.
const inWork = "GOWORK=off tidy; (cd .. && go work init ./app ./plug)"

var origins = []variant{
	{name: "checkout, trimmed", ci: true, host: "build -trimpath", author: "folder"},
	{name: "checkout, untrimmed", ci: true, host: "build", author: "folder"},
	{name: "checkout, trimmed; the plugin asks for a release", host: "build -trimpath"},
	{name: "checkout, untrimmed; the plugin asks for a release", host: "build"},
	{name: "checkout, trimmed; the plugin is in a workspace with it", host: "GOWORK=off build -trimpath", author: inWork},
	{name: "checkout, untrimmed; the plugin is in a workspace with it", host: "GOWORK=off build", author: inWork},
	{name: "go install at a version, trimmed", ci: true, host: "install -trimpath"},
	{name: "go install at a version, untrimmed", host: "install"},
	{name: "go install at a version, trimmed; the plugin has a checkout", host: "install -trimpath", author: "folder"},
	{name: "go install at a version, untrimmed; the plugin has a checkout", host: "install", author: "folder"},
	{name: "go install at a version, trimmed; the plugin asks for a newer one", host: "install -trimpath", author: "go mod edit -require=example.com/app@v1.1.0; tidy"},
	{name: "go install at a version, untrimmed; the plugin asks for a newer one", host: "install", author: "go mod edit -require=example.com/app@v1.1.0; tidy"},
	{name: "go.work with a dependency, trimmed", host: "atwork -trimpath", author: "folder ../ws/app"},
	{name: "go.work with a dependency, untrimmed", host: "atwork", author: "folder ../ws/app"},
	{name: "go.work with a dependency, trimmed; the plugin in it too", host: "atwork -trimpath; mv plug ws/", plugin: "ws/plug", author: "GOWORK=off tidy; go work use ."},
	{name: "go.work with a dependency, untrimmed; the plugin in it too", host: "atwork; mv plug ws/", plugin: "ws/plug", author: "GOWORK=off tidy; go work use ."},
	{name: "build folder is gone, trimmed", host: "gone theirs/app -trimpath", author: "folder"},
	{name: "build folder is gone, untrimmed", ci: true, host: "gone theirs/app", author: "folder"},
	{name: "build folder is gone; the plugin asks for a release", host: "gone theirs/app"},
	{name: "folder with spaces, quotes and umlauts", host: "gone \"their größe's src=x/@v1/app\"", author: "folder"},
	{name: "folder reached by a symbolic link", host: "mkdir real; mv app real/app; ln -s real link; buildin \"$W/link/app\"", author: "folder ../real/app"},
	{name: "container, /src, untrimmed", host: "container /src", author: "folder"},
	{name: "container, /src, trimmed", host: "container /src -trimpath", author: "folder"},
	{name: "container, /app, untrimmed; the plugin asks for a release", host: "container /app"},
	{name: "container, /go/src/example.com/app, untrimmed", host: "container /go/src/example.com/app", author: "folder"},
	{name: "container, /build/app, untrimmed", host: "container /build/app", author: "folder"},
	{name: "container, its root folder, untrimmed", host: "container /", author: "folder"},
	{name: "container, vendored, untrimmed", host: "(cd app; tidy; go mod vendor); container /src; rm -r app/vendor", author: "folder"},
	{name: "tagged checkout with VCS stamping, trimmed", host: "repo; (cd app; git tag v1.0.0); GOFLAGS=-buildvcs=true build -trimpath", author: "folder"},
	{name: "tagged checkout with VCS stamping, untrimmed", host: "repo; (cd app; git tag v1.0.0); GOFLAGS=-buildvcs=true build", author: "folder"},
	{name: "tagged checkout, trimmed; the plugin asks for the release", host: "repo; (cd app; git tag v1.0.0); GOFLAGS=-buildvcs=true build -trimpath"},
	{name: "dirty checkout with VCS stamping, trimmed", host: "repo; echo >> app/odd/odd.go; GOFLAGS=-buildvcs=true build -trimpath", author: "folder"},
	{name: "GOPATH mode, trimmed", host: "gopath; GO111MODULE=off gobuild -trimpath", author: "folder"},
	{name: "GOPATH mode, untrimmed", host: "gopath; GO111MODULE=off gobuild", author: "folder"},
	{name: "its main files named one by one, trimmed", host: "(cd app; tidy; go build -trimpath -o ../bin/host cmd/host/main.go)", author: "folder"},
	{name: "its main files named one by one, untrimmed", host: "(cd app; tidy; go build -o ../bin/host cmd/host/main.go)", author: "folder"},
	{name: "its main files named one by one, folder gone", host: "mkdir theirs; cp -r app theirs/app; (cd theirs/app; tidy; go build -o $W/bin/host cmd/host/main.go); rm -r theirs", author: "folder"},
	{name: "a test binary, trimmed", host: "(cd app; tidy; go test -c -trimpath -o ../bin/host ./hosted)", author: "folder"},
	{name: "a test binary, untrimmed", host: "(cd app; tidy; go test -c -o ../bin/host ./hosted)", author: "folder"},
	{name: "a test binary of a package that it shares", host: "mv app/hosted/hosted_test.go app/api/; sed -i 's/^package hosted/package api_test/' app/api/hosted_test.go; (cd app; tidy; go test -c -o ../bin/host ./api)", author: "folder"},
	{name: "main package in the module's root", host: "rootmain; (cd app; tidy; go build -o ../bin/host .)", author: "folder"},
	{name: "old go line, 1.16", host: "oldest; build -trimpath", author: "folder"},
	{name: "toolchain, godebug and tool lines", host: "(cd app; go mod edit -go=1.26.0 -toolchain=go1.26.8 -godebug=default=go1.24 -tool=example.com/dep); build -trimpath", author: "folder; go mod edit -toolchain=go1.26.8 -godebug=panicnil=1"},
	{name: "files overlaid", host: "printf 'package api\\n\\nconst Flavour = \"overlaid\"\\n' > flavour.go; printf '{\"Replace\":{\"%s\":\"%s\"}}' $W/app/api/flavour.go $W/flavour.go > overlay.json; build -overlay=$W/overlay.json", author: "folder; cp ../flavour.go ../app/api/flavour.go", says: "overlaid" + usual[len("plain"):]},
}
