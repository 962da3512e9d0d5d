package inspector

import (
	"maps"
	"slices"
)

// InEveryPlugin lists the packages that are said to be in every plugin of a release,
// where the release has them.
func InEveryPlugin(version string) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(everyPlugin)), func(pkg string) bool { return everyPlugin[pkg] > minorOf(version) })
}
