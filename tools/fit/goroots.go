package main

var goroots = []variant{
	{name: "a copied GOROOT, untrimmed", host: "cp -al $GOBASE sdk 2>/dev/null || cp -r $GOBASE sdk; PATH=$W/sdk/bin:$PATH build", author: "folder"},
	{name: "a copied GOROOT, trimmed", host: "cp -al $GOBASE sdk 2>/dev/null || cp -r $GOBASE sdk; PATH=$W/sdk/bin:$PATH build -trimpath; rm -r sdk", author: "folder"},
	{name: "a GOROOT reached by a symbolic link", host: "ln -s $GOBASE sdk; GOROOT=$W/sdk PATH=$W/sdk/bin:$PATH build", author: "folder"},
	{name: "GOROOT_FINAL, untrimmed", release: "go1.22.12", host: "GOROOT_FINAL=/usr/lib/go build", author: "folder"},
	{name: "a distribution's Go, with experiments", host: "GOEXPERIMENT=nogreenteagc build -trimpath", author: "folder"},
}
