package main

import (
	"fmt"
	"io"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/plugtool/plugtool/builder"
	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/report"
	"github.com/plugtool/plugtool/signer/bundle"
)

func (p *program) doctorCommand() *cli.Command {
	return &cli.Command{
		Name:      "doctor",
		Usage:     "say what this machine lacks for building plugins, and how to get it",
		UsageText: "plugtool doctor [--host HOST]...",
		Description: "Looks at the go command, the C compiler and linker (which compile and link a small file),\n" +
			"disks, caches and settings; with --host at what plugins for that host need. Nothing leaves\n" +
			"this machine unless --network is given.\n\n" +
			"Exit code: 0 nothing that is needed is lacking, 1 something is, 3 no plugin loads into a host\n" +
			"that was given, 2 wrong usage.",
		Flags: []cli.Flag{
			&cli.StringSliceFlag{Name: "host", Usage: "look at what plugins for this `HOST`, a binary or a descriptor, need (repeatable)"},
			hostKeyFlag(),
			&cli.StringFlag{Name: "toolchain", Usage: "the host's Go is `auto` (download it if need be) or a GOROOT"},
			switchFlag("network", "ask the module proxy whether it answers"),
			formatsFlag(),
			switchFlag("quiet", "tell only what is lacking or may be"),
		},
		Action: p.doctor,
	}
}

func (p *program) doctor(c *cli.Context) error {
	p.quiet = c.Bool("quiet")
	outputs, err := parseFormats(c.StringSlice("format"), plainFormats)
	if err != nil {
		return err
	}
	if c.NArg() > 0 {
		return usagef("--host HOST names a host", "doctor takes no arguments, got %s", c.Args().First())
	}
	conf, err := loadConfig(".")
	if err != nil {
		return err
	}
	files := p.allFromConfig(conf, "host", c.StringSlice("host"), conf.Build.Host)
	if err := outputs.mayWrite(files...); err != nil {
		return err
	}
	keys, err := p.hostKeys(c, conf, conf.Build.HostKey)
	if err != nil {
		return err
	}
	hosts, unreadable, err := openDoctorHosts(files, keys)
	for _, h := range hosts {
		defer h.Close()
	}
	if err != nil {
		return err
	}
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	found, err := builder.Doctor(c.Context, hosts, builder.DoctorOptions{
		Dir: dir, Env: p.env, Toolchain: toolchain(dir, c.String("toolchain")), Network: c.Bool("network"), Unreadable: unreadable,
	})
	if err != nil {
		return err
	}
	err = p.tell(outputs, p.style(), map[string]writer{
		formatText: func(w io.Writer, s report.Style) error { return tellDiagnosis(w, found, s) },
		formatJSON: func(w io.Writer, _ report.Style) error { return report.WriteDocument(w, found) },
	})
	for _, u := range unreadable {
		if err == nil && asFailure(u.Err).code == exitFailure {
			err = u.Err
		}
	}
	switch {
	case err != nil:
		return err
	case found.NoFit():
		return told(exitRefused)
	case !found.Ready:
		return told(exitFailure)
	}
	return nil
}

// openDoctorHosts opens hosts. Those that are none, or cannot be read, are part of what is
// told; one that is not signed as was demanded is not looked at, nor the rest.
func openDoctorHosts(files []string, keys []*bundle.PublicKey) (hosts []*inspector.Host, unreadable []builder.UnreadableHost, err error) {
	for _, file := range files {
		h, err := openBuildHost(file, keys, nil)
		switch code := asFailure(err).code; {
		case err == nil:
			hosts = append(hosts, h)
		case code == exitUsage || code == exitUntrusted:
			return hosts, nil, err
		default:
			unreadable = append(unreadable, builder.UnreadableHost{File: file, Err: err})
		}
	}
	return hosts, unreadable, nil
}

// tellDiagnosis tells what was found, a line each, with what to do below it.
func tellDiagnosis(w io.Writer, found *builder.Diagnosis, s report.Style) error {
	lacking, host := 0, ""
	for _, c := range found.Checks {
		if c.Status == builder.StatusLacking {
			lacking++
		}
		if s.Quiet && c.Status == builder.StatusOK {
			continue
		}
		if c.Host != host {
			if host = c.Host; host != "" {
				fmt.Fprintf(w, "for %s:\n", report.Printable(host))
			} else {
				fmt.Fprintln(w, "for all:")
			}
		}
		fmt.Fprintf(w, "%-8s %s: %s\n", c.Status, c.Check, report.Printable(c.Detail))
		for _, fix := range c.Fix {
			fmt.Fprintf(w, "         fix: %s\n", report.Printable(fix))
		}
	}
	var err error
	switch {
	case found.NoFit():
		_, err = fmt.Fprintln(w, "no plugin can be built for a host that was given, on any machine")
	case lacking > 0:
		_, err = fmt.Fprintf(w, "lacking for building plugins here: %d\n", lacking)
	case !s.Quiet:
		_, err = fmt.Fprintln(w, "this machine has what building plugins needs")
	}
	return err
}
