package main

import (
	"github.com/urfave/cli/v2"

	"github.com/plugtool/plugtool/inspector"
)

// A target is the machine that plugins are to load on.
type target struct {
	sysroot  string // "" for this machine
	maxGlibc string // "" for no limit
}

// readTarget reads into t which machine that is, from flags and from a section of plugtool.yaml.
func (p *program) readTarget(c *cli.Context, section targetSection, conf config, t *target) error {
	t.sysroot = p.fromConfig(conf, "sysroot", c.String("sysroot"), section.Sysroot)
	if t.sysroot != "" {
		if err := inspector.CheckSysroot(t.sysroot); err != nil {
			return usageError(err, "--sysroot takes the root of a machine's file system, such as an unpacked image")
		}
	}
	t.maxGlibc = c.String("max-glibc")
	if t.maxGlibc == "" && !c.IsSet("max-glibc") {
		if t.maxGlibc = section.MaxGlibc; t.maxGlibc != "" {
			p.noticef("max-glibc %s comes from %s", t.maxGlibc, conf.file)
		}
		if t.maxGlibc == "" {
			return nil
		}
	}
	if !inspector.ValidGlibc(t.maxGlibc) {
		return usagef("as in --max-glibc 2.28", "--max-glibc is %q, want a release of glibc", t.maxGlibc)
	}
	return nil
}
