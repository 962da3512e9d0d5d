package trial

import (
	"slices"
	"strings"
)

// CleanEnv gives the environment without what would change how plugins are opened, as
// a verdict takes it: settings of the dynamic linker, of sanitizers and of Go's
// runtime; and without the passwords of signing keys. A process that dies prints all its
// stacks.
func CleanEnv(env []string) []string {
	dropped := func(setting string) bool {
		name, _, _ := strings.Cut(setting, "=")
		return strings.HasPrefix(name, "LD_") || strings.HasSuffix(name, "SAN_OPTIONS") ||
			slices.Contains([]string{"GLIBC_TUNABLES", "MALLOC_CHECK_", "GODEBUG", "GOTRACEBACK", "GOCOVERDIR",
				"PLUGTOOL_PASSWORD", "COSIGN_PASSWORD"}, name)
	}
	return append(slices.DeleteFunc(slices.Clone(env), dropped), "GOTRACEBACK=all")
}
