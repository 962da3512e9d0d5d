package main

import (
	"os"
	"slices"
)

// mayWrite refuses an output that is one of the files which the run reads, by whatever
// name: writing it would end the plugin or host that the result is about. what is the
// flag as it was given. A device or pipe may be both, and so may a file that is not there.
func mayWrite(what, output string, inputs ...string) error {
	to, err := os.Stat(output)
	if err != nil || !to.Mode().IsRegular() {
		return nil
	}
	for _, input := range inputs {
		from, err := os.Stat(input)
		if err == nil && os.SameFile(from, to) {
			return usagef("name another file", "%s would overwrite %s, which this run reads", what, input)
		}
	}
	return nil
}

// mayWrite refuses files of --format that the run reads.
func (o outputs) mayWrite(inputs ...string) error {
	for _, f := range o.files {
		if err := mayWrite("--format "+f.format+"="+f.file, f.file, inputs...); err != nil {
			return err
		}
	}
	return nil
}

func (o verifyOptions) mayWrite() error {
	inputs := slices.Concat(o.plugins, o.hosts, o.trust.files)
	if err := o.outputs.mayWrite(inputs...); err != nil || o.baseline == "" {
		return err
	}
	return mayWrite("--write-baseline "+o.baseline, o.baseline, inputs...)
}

// mayWrite takes the output as it was given.
func (o buildOptions) mayWrite(output string) error {
	inputs := slices.Concat(o.hosts, o.keys)
	if err := o.outputs.mayWrite(inputs...); err != nil || o.Output == "" {
		return err
	}
	return mayWrite("-o "+output, o.Output, inputs...)
}
