// Command host opens a plugin that identities must have signed: its arguments are the
// policy, the trusted root and the plugin.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/plugtool/plugtool/loader"
	"github.com/plugtool/plugtool/loader/keyless"
)

func main() {
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func run(policyFile, rootFile, plugin string) error {
	text, err := os.ReadFile(policyFile)
	if err != nil {
		return err
	}
	policy, err := loader.ParsePolicy(text)
	if err != nil {
		return err
	}
	root, err := os.ReadFile(rootFile)
	if err != nil {
		return err
	}
	policy.Certificates = keyless.Certificates(root)
	p, err := loader.Open(context.Background(), plugin, policy)
	if err != nil {
		return err
	}
	variant, err := loader.Lookup[func() string](p, "Variant")
	if err != nil {
		return err
	}
	fmt.Println(variant(), p.Signature.Signers[0].Identity)
	return nil
}
