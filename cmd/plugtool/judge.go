package main

import (
	"cmp"
	"context"
	"runtime"
	"slices"
	"sync"

	"github.com/plugtool/plugtool/inspector"
)

// atOnce calls f for 0 to n-1, as many at a time as there are processors, and gives
// the error of the lowest number.
func atOnce(n int, f func(i int) error) error {
	if n == 1 {
		return f(0) // a thread more would cost more than it saves
	}
	errs := make([]error, n)
	free := make(chan struct{}, runtime.GOMAXPROCS(0))
	var all sync.WaitGroup
	for i := range n {
		free <- struct{}{}
		all.Go(func() {
			errs[i] = f(i)
			<-free
		})
	}
	all.Wait()
	return cmp.Or(errs...)
}

// readPlugins reads all plugins that are asked for. The caller closes them.
func readPlugins(o verifyOptions) []*inspector.Plugin {
	read := inspector.ReadSignedPlugin
	if o.trust.rules == nil {
		read = inspector.MapPlugin // nothing is proved of the bytes, so they need not be read
	}
	plugins := make([]*inspector.Plugin, len(o.plugins))
	atOnce(len(plugins), func(i int) error {
		plugins[i] = read(o.plugins[i])
		return nil
	})
	return plugins
}

// orNone stands for no host where none is given, so that plugins are judged
// alone.
func orNone(hosts []string) []string {
	if len(hosts) == 0 {
		return []string{""}
	}
	return hosts
}

// opener gives a host that is, or is about to be, open.
type opener func() (*inspector.Host, error)

// openHost opens a host. Where a proof about it is asked for, it is read into memory: the
// proof is to be about the host that is judged, whoever writes into its file meanwhile.
func (o verifyOptions) openHost(file string) (*inspector.Host, error) {
	if o.trust.rules != nil && o.trust.rules.AskProofs() {
		return readHosts{}.open(file, o.hostKeys)
	}
	return openHost(file, o.hostKeys)
}

// openFirst begins to read the first host while the plugins are read.
func (o verifyOptions) openFirst() opener {
	var host *inspector.Host
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		if len(o.hosts) == 0 {
			return
		}
		if host, err = o.openHost(o.hosts[0]); err == nil {
			o.options().Prepare(host)
		}
	}()
	return func() (*inspector.Host, error) {
		<-done
		return host, err
	}
}

// judgeAll gives the verdicts of all hosts. Of a host no more is in memory than while
// it is judged.
func (o verifyOptions) judgeAll(ctx context.Context, first opener, plugins []*inspector.Plugin) ([]judged, error) {
	hosts := orNone(o.hosts)
	verdicts := make([]judged, len(hosts))
	err := atOnce(len(hosts), func(i int) error {
		open := first
		if i > 0 {
			open = func() (*inspector.Host, error) { return o.openHost(hosts[i]) }
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		var err error
		verdicts[i], err = o.judge(open, plugins)
		return err
	})
	return verdicts, err
}

// judged is one host's verdict.
type judged struct {
	verdict *inspector.Verdict
	index   []int // with --any-order: the place of each plugin on the command line

	identities []string // of the host, where a policy asks for proofs about it
}

// reordered says whether --any-order found another order than the one given.
func (j judged) reordered() bool { return !slices.IsSorted(j.index) }

// options gives what a verdict is asked beyond the files.
func (o verifyOptions) options() inspector.Options {
	return inspector.Options{Costs: o.style.Verbose, Contract: o.contract, Sysroot: o.target.sysroot, MaxGlibc: o.target.maxGlibc}
}

// judge gives the verdict of one host, or of none where it is nil: on the
// plugins in order, with --each on every one by itself, and with --any-order in the
// order in which all load.
func (o verifyOptions) judge(open opener, plugins []*inspector.Plugin) (judged, error) {
	host, err := open()
	if err != nil {
		return judged{}, err
	}
	if host == nil {
		v, err := judgeAlone(plugins, o.options())
		return judged{verdict: v}, err
	}
	defer host.Close()
	options, identities := o.options(), o.hostIdentities(host)
	if o.anyOrder {
		order, err := options.AnyOrder(host, plugins)
		if err != nil {
			return judged{}, err
		}
		return judged{order.Verdict, order.Index, identities}, nil
	}
	if !o.each {
		v, err := options.Check(host, plugins)
		return judged{verdict: v, identities: identities}, err
	}
	var all inspector.Verdict
	for _, plugin := range plugins {
		v, err := options.Check(host, []*inspector.Plugin{plugin})
		if err != nil {
			return judged{}, err
		}
		all.Host = v.Host
		all.Plugins = append(all.Plugins, v.Plugins...)
	}
	return judged{verdict: &all, identities: identities}, nil
}
