package main

import (
	"github.com/urfave/cli/v2"

	"github.com/plugtool/plugtool/inspector"
)

// readTarget reads which machine the plugins are to load on.
func (p *program) readTarget(c *cli.Context, conf config, o *verifyOptions) error {
	o.sysroot = p.fromConfig(conf, "sysroot", c.String("sysroot"), conf.Verify.Sysroot)
	if c.IsSet("sysroot") && o.sysroot == "" {
		return usagef("--sysroot / is this machine", "--sysroot is empty, want the folder that holds a machine's file system")
	}
	if o.sysroot != "" {
		if err := inspector.CheckSysroot(o.sysroot); err != nil {
			return usageError(err, "--sysroot takes the root of a machine's file system, such as an unpacked image")
		}
	}
	o.maxGlibc = c.String("max-glibc")
	if o.maxGlibc == "" && !c.IsSet("max-glibc") {
		if o.maxGlibc = conf.Verify.MaxGlibc; o.maxGlibc != "" {
			p.noticef("max-glibc %s comes from %s", o.maxGlibc, conf.file)
		}
		if o.maxGlibc == "" {
			return nil
		}
	}
	if !inspector.ValidGlibc(o.maxGlibc) {
		return usagef("as in --max-glibc 2.28", "--max-glibc is %q, want a release of glibc", o.maxGlibc)
	}
	return nil
}
