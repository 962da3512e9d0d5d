package inspector

// DocsURL is where a finding's page is: DocsURL + ID + ".md".
const DocsURL = "https://github.com/plugtool/plugtool/blob/main/docs/findings/"

// FindingKind is a kind of finding: an id that is stable for ever, and its name.
type FindingKind struct {
	ID, Slug string
}

// The kinds of findings. Each has a page in docs/findings.
var (
	hostWithoutCgo      = FindingKind{"PT101", "host-without-cgo"}
	hostWithoutPlugins  = FindingKind{"PT102", "host-without-plugins"}
	hostNotDynamic      = FindingKind{"PT103", "host-not-dynamic"}
	hostCannotStart     = FindingKind{"PT104", "host-cannot-start"}
	fileMissing         = FindingKind{"PT201", "file-missing"}
	fileNotLoadable     = FindingKind{"PT202", "file-not-loadable"}
	otherPlatform       = FindingKind{"PT203", "other-platform"}
	fileTruncated       = FindingKind{"PT204", "file-truncated"}
	fileExecutable      = FindingKind{"PT205", "file-executable"}
	fileNotPlugin       = FindingKind{"PT206", "not-a-plugin"}
	fileUnreadable      = FindingKind{"PT207", "file-unreadable"}
	otherRelease        = FindingKind{"PT301", "go-release"}
	otherLayout         = FindingKind{"PT302", "runtime-layout"}
	otherTrimpath       = FindingKind{"PT303", "trimpath"}
	otherSetting        = FindingKind{"PT304", "build-setting"}
	sanitizerMissing    = FindingKind{"PT305", "sanitizer"}
	packageMismatch     = FindingKind{"PT401", "package-mismatch"}
	otherFolder         = FindingKind{"PT402", "source-folder"}
	moduleReplaced      = FindingKind{"PT403", "module-replaced"}
	sourceEdited        = FindingKind{"PT404", "source-edited"}
	libraryPatched      = FindingKind{"PT405", "standard-library-patched"}
	hostIsTest          = FindingKind{"PT406", "host-is-test"}
	samePluginPath      = FindingKind{"PT501", "same-plugin-path"}
	pluginsDisagree     = FindingKind{"PT502", "plugins-disagree"}
	previousFailure     = FindingKind{"PT503", "previous-failure"}
	afterCrash          = FindingKind{"PT504", "after-crash"}
	opensForEver        = FindingKind{"PT505", "opens-for-ever"}
	noOrder             = FindingKind{"PT506", "no-order"}
	symbolNotExported   = FindingKind{"PT601", "symbol-not-exported"}
	contractSymbol      = FindingKind{"PT602", "contract-symbol-missing"}
	contractType        = FindingKind{"PT603", "contract-type"}
	contractInterface   = FindingKind{"PT604", "contract-interface"}
	contractUnknown     = FindingKind{"PT605", "contract-unknown"}
	libraryMissing      = FindingKind{"PT701", "library-missing"}
	libraryVersion      = FindingKind{"PT702", "library-version"}
	symbolUndefined     = FindingKind{"PT703", "symbol-undefined"}
	libraryDamaged      = FindingKind{"PT704", "library-damaged"}
	glibcTooNew         = FindingKind{"PT705", "glibc-too-new"}
	staticTLS           = FindingKind{"PT706", "static-tls"}
	otherLibc           = FindingKind{"PT707", "other-libc"}
	executableStack     = FindingKind{"PT708", "executable-stack"}
	sameHashOtherModule = FindingKind{"PT801", "same-hash-other-code"}
	otherPatch          = FindingKind{"PT802", "go-patch"}
	newerProcessor      = FindingKind{"PT803", "newer-processor"}
	linkerValue         = FindingKind{"PT804", "linker-value"}
	debugDefault        = FindingKind{"PT805", "godebug-default"}
	ownCopies           = FindingKind{"PT806", "own-copies"}
	sharedState         = FindingKind{"PT807", "once-per-process"}
	privateCopies       = FindingKind{"PT808", "private-copies"}
)

// FindingKinds lists all kinds of findings that Check makes, by id.
func FindingKinds() []FindingKind {
	return []FindingKind{
		hostWithoutCgo, hostWithoutPlugins, hostNotDynamic, hostCannotStart,
		fileMissing, fileNotLoadable, otherPlatform, fileTruncated, fileExecutable, fileNotPlugin, fileUnreadable,
		otherRelease, otherLayout, otherTrimpath, otherSetting, sanitizerMissing,
		packageMismatch, otherFolder, moduleReplaced, sourceEdited, libraryPatched, hostIsTest,
		samePluginPath, pluginsDisagree, previousFailure, afterCrash, opensForEver, noOrder,
		symbolNotExported, contractSymbol, contractType, contractInterface, contractUnknown,
		libraryMissing, libraryVersion, symbolUndefined, libraryDamaged, glibcTooNew, staticTLS, otherLibc, executableStack,
		sameHashOtherModule, otherPatch, newerProcessor, linkerValue, debugDefault, ownCopies, sharedState, privateCopies,
	}
}

// finding begins a finding of severity error.
func (k FindingKind) finding(title string) Finding {
	return Finding{ID: k.ID, Slug: k.Slug, Severity: Error, Title: title, Docs: DocsURL + k.ID + ".md"}
}
