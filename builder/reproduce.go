package builder

// noVCS keeps the state of the plugin's repository out of its bytes: a copy of the
// source without its repository, or beside an untracked file such as the last build's
// output, would give others. It stands in the provenance instead. A repository of
// another user's would also end the build (git: dubious ownership).
const noVCS = "-buildvcs=false"

// lastGcflags gives one more -gcflags argument, to stand behind those that rewrite
// folders. Of several arguments the go command records the last in the plugin
// (cmd/go/internal/load, PerPackageFlag.set), and the others name folders of this
// machine. It is for the packages named on the command line, the plugin's main package
// alone, which has the same flags without it.
func (p *planner) lastGcflags(list []pkgFlags) (string, error) {
	return pkgFlags{flags: gcflagsFor(list, p.src.Path, false)}.argument()
}
