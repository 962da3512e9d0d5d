//go:build integration

package builder_test

// withGit says that tests may use git.
const withGit = true
