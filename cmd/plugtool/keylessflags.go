package main

import (
	"fmt"

	"github.com/urfave/cli/v2"
)

// keylessLimit is the most that a trusted root or a signing config may have, in bytes.
const keylessLimit = 1 << 20

// keylessSignFlags say as which identity, and with whose help, to sign. They bear cosign's
// names.
func keylessSignFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "identity-token", Usage: "sign as the identity in this OpenID Connect `TOKEN`, or in a file with one, instead of with a key; GitHub Actions and GitLab CI give one where it is not given"},
		&cli.StringFlag{Name: "signing-config", Usage: "the services that certify, log and date signatures are in `FILE`"},
		&cli.StringFlag{Name: "trusted-root", Usage: "whom to believe of them is in `FILE`: what is signed is verified with it"},
		switchFlag("insecure-ignore-tlog", "verify without a transparency log, where there is none"),
		switchFlag("insecure-ignore-sct", "verify certificates that are in no certificate transparency log"),
	}
}

// asksKeyless tells whether an identity is to sign.
func asksKeyless(c *cli.Context) bool {
	return c.String("identity-token") != "" || c.String("signing-config") != "" || c.String("trusted-root") != ""
}

// lenienceAlone refuses what is to be overlooked of an identity's signature where a key
// signs: it would be overlooked itself.
func lenienceAlone(c *cli.Context) error {
	for _, flag := range []string{"insecure-ignore-tlog", "insecure-ignore-sct"} {
		if c.Bool(flag) && !asksKeyless(c) {
			return usagef("--identity-token TOKEN --signing-config FILE --trusted-root FILE", "--%s is given, and no identity that it is for", flag)
		}
	}
	return nil
}

// keylessFile reads a file that keyless signatures need, and that nothing stands in for.
func keylessFile(c *cli.Context, flag string) ([]byte, error) {
	file := c.String(flag)
	if file == "" {
		return nil, usagef("--"+flag+" FILE names it; `cosign "+flag+" create` makes one", "--%s is missing: nothing is fetched, and none is assumed", flag)
	}
	data, err := readSmall(file, keylessLimit)
	if err != nil {
		return nil, usageError(fmt.Errorf("--%s: %w", flag, err), "")
	}
	return data, nil
}
