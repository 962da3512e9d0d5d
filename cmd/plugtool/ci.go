package main

import (
	"bytes"
	"fmt"
	"os"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/plugtool/plugtool/report"
)

// A ciService is a CI service that shows more than a log.
type ciService string

const (
	ciOff    ciService = "off"
	ciGitHub ciService = "github"
	ciGitLab ciService = "gitlab"
)

func ciFlag() cli.Flag {
	return &cli.StringFlag{
		Name:  "ci",
		Usage: "add what a CI `SERVICE` shows: github (step summary, annotations), gitlab (a folded section of the log), off, or auto (the default)",
	}
}

// ciService finds the service that the run is in.
func (p *program) ciService(flag string, conf config) (ciService, error) {
	value, where := flag, "--ci"
	if flag == "" {
		value, where = conf.Verify.CI, conf.file+": verify.ci"
	}
	switch s := ciService(value); {
	case s == ciOff || s == ciGitHub || s == ciGitLab:
		return s, nil
	case value != "" && value != "auto":
		return "", usagef("", "%s %s: want auto, github, gitlab or off", where, value)
	case p.env.get("GITHUB_ACTIONS") == "true":
		return ciGitHub, nil
	case p.env.get("GITLAB_CI") == "true":
		return ciGitLab, nil
	}
	return ciOff, nil
}

// tellCI adds what the service shows beside the log. It supplements the report:
// where it fails, that is a warning, and the exit code stays what it is.
func (p *program) tellCI(r *report.Report, o verifyOptions) {
	switch o.ci {
	case ciGitHub:
		p.tellGitHub(r, o)
	case ciGitLab:
		p.tellGitLab(r)
	}
}

// tellGitHub appends to the step's summary and writes annotations to standard
// error: GitHub reads them from both streams, and standard output is the
// report's. What was asked for by --format is not said twice.
func (p *program) tellGitHub(r *report.Report, o verifyOptions) {
	if !o.outputs.writes(formatGitHub) {
		if err := report.WriteGitHub(p.err, r); err != nil {
			p.warningf("the annotations for GitHub could not be written: %v", err)
		}
	}
	summary := p.env.get("GITHUB_STEP_SUMMARY")
	if summary == "" || o.outputs.writes(formatMarkdown) {
		return
	}
	var text bytes.Buffer
	err := report.WriteMarkdown(&text, r)
	if err == nil {
		err = appendTo(summary, text.Bytes())
	}
	if err != nil {
		p.warningf("the step's summary could not be written: %v", err)
	}
}

func appendTo(file string, data []byte) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}

// tellGitLab writes the whole report as a section of the job's log that is folded
// until somebody wants to see it. GitLab has no annotations in logs.
func (p *program) tellGitLab(r *report.Report) {
	const name = "plugtool_verify"
	var text bytes.Buffer
	if err := report.WriteText(&text, r, report.Style{Verbose: true}); err != nil {
		p.warningf("the section for GitLab could not be written: %v", err)
		return
	}
	now := time.Now().Unix()
	fmt.Fprintf(p.err, "\x1b[0Ksection_start:%d:%s[collapsed=true]\r\x1b[0Kplugtool verify: all details\n", now, name)
	p.err.Write(text.Bytes())
	fmt.Fprintf(p.err, "\x1b[0Ksection_end:%d:%s\r\x1b[0K\n", now, name)
}
