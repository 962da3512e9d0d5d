package builder

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/plugtool/plugtool/inspector"
)

// known holds what the builds of one batch find out only once: about the
// machine, about each package's source, and about each host.
type known struct {
	machine once[struct{}, GoEnv]
	sdks    once[string, []SDK]  // by Go release
	sources once[string, Source] // by package as it is given
	hosts   once[*inspector.Host, Host]
	hostSrc once[*inspector.Host, bool] // whether Options.HostSrc holds modules of the host's
	ccs     once[*inspector.Host, Compiler]
}

// paths says, as one text, what the host's compiler recorded of its modules' folders.
func (f *hostFacts) paths() string {
	var b strings.Builder
	for _, mod := range slices.Sorted(maps.Keys(f.roots)) {
		fmt.Fprintf(&b, "\n%s %s", mod, f.roots[mod])
	}
	return b.String()
}

// once computes a value for each key once, whoever asks first. The zero value is ready.
type once[K comparable, V any] struct {
	mu      sync.Mutex
	entries map[K]func() (V, error)
}

func (o *once[K, V]) get(key K, compute func() (V, error)) (V, error) {
	o.mu.Lock()
	f := o.entries[key]
	if f == nil {
		if o.entries == nil {
			o.entries = map[K]func() (V, error){}
		}
		f = sync.OnceValues(compute)
		o.entries[key] = f
	}
	o.mu.Unlock()
	return f()
}

// hostFacts reads from a host what a plan needs.
func (k *known) hostFacts(h *inspector.Host) (Host, error) {
	return k.hosts.get(h, func() (Host, error) { return HostFacts(h) })
}

// goEnv asks the go command for its settings.
func (k *known) goEnv(ctx context.Context, opts Options) (GoEnv, error) {
	return k.machine.get(struct{}{}, func() (GoEnv, error) { return loadGoEnv(ctx, opts) })
}

// compiler finds the C compiler for a host's plugins.
func (k *known) compiler(ctx context.Context, h *inspector.Host, src *Source, opts Options) (Compiler, error) {
	return k.ccs.get(h, func() (Compiler, error) { return findCompiler(ctx, h.Binary(), src, opts) })
}

// source reads the part of a package's source that has nothing to do with a host.
func (k *known) source(ctx context.Context, opts Options) (Source, error) {
	return k.sources.get(opts.Package, func() (src Source, err error) {
		if src.Go, err = k.goEnv(ctx, opts); err != nil {
			return src, err
		}
		start, err := src.locate(opts)
		if err != nil {
			return src, err
		}
		if err := src.readModule(); err != nil {
			return src, err
		}
		return src, src.readWorkspace(start, opts)
	})
}

// load is Load with what is known already.
func (k *known) load(ctx context.Context, host Host, opts Options) (Source, error) {
	f, err := host.index()
	if err != nil {
		return Source{}, err
	}
	src, err := k.source(ctx, opts)
	if err != nil {
		return src, err
	}
	if err := src.readFolders(f, opts); err != nil {
		return src, err
	}
	src.findCheckout(f)
	src.findSums(f)
	if err := src.findProfile(f, opts); err != nil {
		return src, err
	}
	release, _ := goRelease(host.Binary.GoVersion)
	src.SDKs, err = k.sdks.get(release, func() ([]SDK, error) { return findSDKs(release, src.Go, opts), nil })
	return src, err
}
