//go:build !integration

package builder_test

// withGit says that tests may use git: the README's test command needs no more than
// Go and gcc, and what needs a repository is tested with the tag integration.
const withGit = false
