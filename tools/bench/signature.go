package main

import (
	"fmt"
	"path/filepath"
	"time"
)

// mostMore is how much more time than openssl's digest of the file a verification with
// a key may take, in milliseconds.
const mostMore = 10

// signature compares a verification by key with a digest of the same plugin by openssl,
// in turn.
func signature(dir, plugtool, plugin string, rounds int) error {
	prefix := filepath.Join(dir, "bench")
	env := []string{"PLUGTOOL_PASSWORD="}
	if err := command(dir, env, plugtool, "generate-key-pair", "--output-key-prefix", prefix); err != nil {
		return err
	}
	if err := command(dir, env, plugtool, "sign", "--key", prefix+".key", plugin); err != nil {
		return err
	}
	var verify, digest []time.Duration
	var peak int64
	for range rounds + 1 {
		d, _, err := timed("openssl", "dgst", "-sha256", plugin)
		if err != nil {
			return err
		}
		digest = append(digest, d)
		d, rss, err := timed(plugtool, "verify", "--key", prefix+".pub", plugin)
		if err != nil {
			return err
		}
		verify, peak = append(verify, d), max(peak, rss)
	}
	a, b := ms(median(verify[1:])), ms(median(digest[1:]))
	fmt.Printf("plugtool verify --key    %6.1f ms (median of %d), peak memory %.1f MB\n", a, rounds, float64(peak)/1e6)
	fmt.Printf("openssl dgst -sha256     %6.1f ms\n", b)
	fmt.Printf("difference               %6.1f ms (bound %d), ratio %.2f\n", a-b, mostMore, a/b)
	if a-b > mostMore {
		return fmt.Errorf("verifying takes %.1f ms longer than the digest, at most %d are allowed", a-b, mostMore)
	}
	return nil
}
