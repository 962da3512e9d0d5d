# What the variants' scripts are written with. $W is the variant's folder, with a copy
# of src; $GOBASE the GOROOT of the host's Go.

# build FLAGS: the host from its folder.
build() { buildin "$W/app" "$@"; }

# buildin FOLDER FLAGS: the host from another folder.
buildin() {
	there=$1
	shift
	(cd "$there" && GOWORK=off tidy && go build "$@" -o "$W/bin/host" ./cmd/host)
}

# gone FOLDER FLAGS: the host from a folder that is no more afterwards.
gone() {
	gone=$1
	mkdir -p "$(dirname "$1")"
	cp -r app "$1"
	buildin "$@"
	rm -r "$gone"
}

# install FLAGS: the host at its published version.
install() { (cd "$W" && GOBIN="$W/bin" go install "$@" example.com/app/cmd/host@v1.0.0); }

# container FOLDER [SETTING=VALUE…] FLAGS: the host in a root of its own, in FOLDER, and
# with its module cache in /go/pkg/mod.
container() {
	export IN_FOLDER="$1" IN_ROOT="$W/root"
	shift
	mkdir "$IN_ROOT"
	(cd app && tidy)
	unshare --mount sh -ec "$enter" sh "$@" || unshare --map-root-user --mount sh -ec "$enter" sh "$@"
	rmdir "$IN_ROOT" 2>/dev/null || rm -r "$IN_ROOT"
}

enter='
mount -t tmpfs none "$IN_ROOT"
for d in /*; do
	case $d in /app|/src|/go|/build|/work|"$IN_FOLDER") continue ;; esac
	if [ -L "$d" ]; then cp -P "$d" "$IN_ROOT$d"
	elif [ -d "$d" ]; then mkdir "$IN_ROOT$d" && mount --rbind "$d" "$IN_ROOT$d"
	fi
done
mkdir -p "$IN_ROOT$IN_FOLDER"
cp -r "$W/app/." "$IN_ROOT$IN_FOLDER"
chroot "$IN_ROOT" sh -ec "cd \"$IN_FOLDER\"; GOMODCACHE=/go/pkg/mod GOPATH=/go go build -o \"$W/bin/host\" \"\$@\" ./cmd/host" sh "$@"
'

# tidy: the go.sum of the module here.
tidy() { GOFLAGS=-modcacherw go mod tidy; }

# folder [FOLDER]: the plugin takes the host's module from its folder.
folder() {
	go mod edit -require=example.com/app@v0.0.0 -replace=example.com/app="${1:-../app}"
	if [ -e ../app/api/go.mod ]; then
		go mod edit -require=example.com/app/api@v0.0.0 -replace=example.com/app/api=../app/api
	fi
	GOWORK=off tidy
}

# atwork FLAGS: the host in a workspace with its dependency.
atwork() {
	mkdir ws
	mv app ws/
	cp -r modules/example.com/dep@v1.1.0 ws/dep
	(cd ws && go work init ./app ./dep)
	(cd ws/app && GOWORK=off tidy)
	(cd ws/app && go build "$@" -o "$W/bin/host" ./cmd/host)
}

# vendored FLAGS: the host from a vendor folder, which is gone afterwards.
vendored() {
	(cd app && tidy && go mod vendor)
	build "$@"
	rm -r app/vendor
}

# repo: the host's folder is a git repository.
repo() { (cd app && tidy && git init -q && git add -A && git commit -qm one); }

# outside, inside: the host takes a dependency from a folder.
outside() {
	cp -r modules/example.com/dep@v1.1.0 dep
	(cd app && go mod edit -replace=example.com/dep=../dep)
}
inside() {
	mkdir app/third_party
	cp -r modules/example.com/dep@v1.1.0 app/third_party/dep
	(cd app && go mod edit -replace=example.com/dep=./third_party/dep)
}
forked() { (cd app && go mod edit -replace=example.com/dep=example.com/fork@v1.0.0); }

# nested: the host's package api becomes a module of its own.
nested() {
	printf 'module example.com/app/api\n\ngo 1.21\n\nrequire (\n\texample.com/contract v1.0.0\n\texample.com/dep v1.1.0\n)\n' > app/api/go.mod
	(cd app/api && tidy)
	(cd app && go mod edit -require=example.com/app/api@v0.0.0 -replace=example.com/app/api=./api)
}

# inhost: the plugin is a package of the host's module.
inhost() {
	mkdir -p app/plugins
	mv plug app/plugins/hello
	rm app/plugins/hello/go.mod
}

# rootmain: the host's main package lies in the module's root.
rootmain() {
	mkdir app/visit
	sed 's/^package app/package visit/' app/app.go > app/visit/app.go
	mv app/cmd/host/main.go app/main.go
	rm app/app.go
	sed -i -e 's#"example.com/app"#app "example.com/app/visit"#' app/main.go plug/main.go
}

# gopath, gobuild: the host's source and its modules in $W/gopath/src.
gopath() {
	(cd app && tidy && go mod vendor)
	mkdir -p gopath/src/example.com
	cp -r app gopath/src/example.com/app
	cp -r app/vendor/. gopath/src/
	rm -r app/vendor gopath/src/example.com/app/vendor
	find gopath/src -name go.mod -delete
}
gobuild() { (cd gopath/src/example.com/app && GOPATH="$W/gopath" GOFLAGS= go build "$@" -o "$W/bin/host" ./cmd/host); }

# nocgo: a host that has nothing but the standard library.
nocgo() {
	mkdir -p nocgo/cmd/host
	printf 'module example.com/nocgo\n\ngo 1.21\n' > nocgo/go.mod
	cat > nocgo/cmd/host/main.go <<-'GO'
		package main

		import (
			"fmt"
			"os"
			"plugin"
		)

		func main() {
			for _, path := range os.Args[1:] {
				_, err := plugin.Open(path)
				fmt.Println("refused:", err)
			}
		}
	GO
}

# describe: plugtool's descriptor stands for the host.
describe() { "$PLUGTOOL" host "$W/bin/host" -o "$W/bin/host.json"; }

# oldest: host and plugin as of Go 1.16, without generic code, and with requirements
# that are not complete.
oldest() {
	sed -i -E -e 's/\[T( any)?\]//' -e 's/\bT\b/int/g' app/bag/bag.go
	sed -i 's/bag.Bag\[int\]/bag.Bag/' plug/main.go
	for d in app plug; do (cd $d && go mod edit -go=1.16); done
}

# golangci: golangci-lint as its makers build it, from PATH or from the module proxy.
golangci() {
	if command -v golangci-lint >/dev/null; then
		cp "$(command -v golangci-lint)" bin/host
	else
		GOMODCACHE="$FIT_MODCACHE" GOPROXY="$FIT_PROXY" GOBIN="$W/bin" GOFLAGS=-buildvcs=false go install -trimpath github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
		mv bin/golangci-lint bin/host
	fi
}

# lint: what golangci-lint says when it opens $PLUGIN.
lint() {
	mkdir -p linted
	cd linted
	printf 'module example.com/linted\n\ngo 1.25\n' > go.mod
	printf 'package main\n\nfunc main() {}\n' > main.go
	cat > .golangci.yml <<-YML
		version: "2"
		linters:
		  default: none
		  enable: [fit]
		  settings:
		    custom:
		      fit: {path: $PLUGIN, description: a plugin, original-url: example.com/fit}
	YML
	"$W/bin/host" run 2>&1 | sed -n -e 's/.*plugin\.Open([^)]*): /refused: /p' -e 's/.*\(loads: [a-z]*\).*/\1/p'
}
