//go:build sweep

package main

// otherCases are refusals that no package hash causes, and warnings.
func otherCases() []fixCase {
	return []fixCase{
		{name: "host without package plugin", host: `sed -i 's/plugin.Open(file)/os.Open("nowhere"+file)/; /"plugin"/d' cmd/host/main.go && ` + built, plugin: plain,
			want:  []string{"PT102 ../bin/host never loads plugins"},
			edits: map[string]string{`import "plugin"`: `cd ../host && sed -i 's/os.Open("nowhere"+file)/plugin.Open(file)/; s/^\t"os"/\t"os"\n\t"plugin"/' cmd/host/main.go`}},
		{name: "host linked internally", host: `go build -trimpath -ldflags=-linkmode=internal -o ../bin/host ./cmd/host`, plugin: fromDir,
			want: []string{"PT103 ../bin/host imports package plugin, but was linked statically or internally"}},
		{name: "no file", plugin: `true`, want: []string{"PT201 there is no file ./a.so"}},
		{name: "text", plugin: `seq 100 > a.so`, want: []string{"PT202 ./a.so is not a shared object"}},
		{name: "cut", plugin: plain + ` && truncate -s 100000 a.so`, want: []string{"PT204 ./a.so is cut off"}},
		{name: "program", plugin: `sed 's/^func Run.*/func main() {}\n\n&/' main.go > /dev/null; cp -r ../host/cmd/host prog && go build -trimpath -o a.so ./prog && rm -r prog`,
			want: []string{"PT205 ./a.so is a program, not a plugin"}},
		{name: "C library", plugin: `echo 'int f(void) { return 1; }' > /tmp/$$.c && cc -shared -fPIC -o a.so /tmp/$$.c`, want: []string{"PT206 ./a.so is a shared library, but no Go plugin"}},
		{name: "symbolic", plugin: `go build -trimpath -ldflags=-extldflags=-Wl,-Bsymbolic -buildmode=plugin -o a.so .`, want: []string{"PT206 ./a.so is a shared library, but no Go plugin"}},
		{name: "asan", plugin: `go build -trimpath -asan -buildmode=plugin -o a.so .`, want: []string{"PT305 ./a.so was built with -asan"}},
		{name: "plugins disagree", list: "./a.so ./b.so", host: `sed -i '/two"/d; s/two.Two()/2/' cmd/host/main.go; go build -o ../bin/host ./cmd/host`,
			plugin: `go mod edit -replace=example.com/host=../host && go build -buildmode=plugin -o a.so . && go get example.com/two@v1.1.0 && mkdir b && cp main.go b && go build -buildmode=plugin -o b.so ./b`,
			want:   []string{"PT502 ./a.so has example.com/two v1.0.0, ./b.so has v1.1.0 | ./a.so: v1.0.0 | ./b.so: v1.1.0"}},
		{name: "poisoned", list: "./a.so ./b.so", host: `sed -i '/two"/d; s/two.Two()/2/' cmd/host/main.go; ` + built,
			plugin: workspace(`go build -buildmode=plugin -o a.so . && mkdir b && cp main.go b && go build -trimpath -buildmode=plugin -o b.so ./b`),
			want:   []string{"PT502 ./a.so was built without -trimpath, ./b.so with"}},
		{name: "previous failure", list: "./a.so ./a.so", plugin: `go build -buildmode=plugin -o a.so .`, want: []string{"PT503 ./a.so was refused before in the same process"}},
		{name: "plugin path", plugin: `go build -trimpath -ldflags=-pluginpath=elsewhere -buildmode=plugin -o a.so .`, want: []string{"PT601 ./a.so says that it exports Run"}},
		{name: "file mode, same path", list: "./b.so ./a.so", plugin: `go build -trimpath -buildmode=plugin -o a.so main.go && cp a.so b.so`, want: []string{"PT501 ./b.so and ./a.so have the same plugin path"},
			edits: map[string]string{"main package": `go mod edit -module example.com/plugin/again`}},
	}
}
