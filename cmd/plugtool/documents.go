package main

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/plugtool/plugtool/builder"
	"github.com/plugtool/plugtool/sbom"
)

// Names that documents get in a folder, behind the plugin's.
const (
	provenanceExtension = ".intoto.json"
	sbomExtension       = ".cdx.json"
)

func documentFlags() []cli.Flag {
	return []cli.Flag{
		switchFlag("check-reproducible", "build twice, in two folders, and write the plugin only if it is the same"),
		&cli.StringFlag{Name: "provenance", Usage: "write how the plugin was built, as in-toto SLSA provenance, to `FILE`, or into a folder"},
		&cli.StringFlag{Name: "sbom", Usage: "write what is in the plugin, as CycloneDX, to `FILE`, or into a folder"},
	}
}

// documents lists what is to accompany a plugin for a host.
func (o buildOptions) documents(host string) []builder.Document {
	var list []builder.Document
	if o.dryRun {
		return nil
	}
	if o.provenance != "" {
		p := builder.Provenance{HostFile: host, Version: version()}
		list = append(list, builder.Document{File: within(o.here, o.provenance), Extension: provenanceExtension, Make: p.Make})
	}
	if o.sbom != "" {
		options := sbom.Options{Version: version(), Time: sourceDate(o.Env)}
		list = append(list, builder.Document{File: within(o.here, o.sbom), Extension: sbomExtension, Make: func(_ context.Context, b *builder.Built) ([]byte, error) {
			return options.Make(b.Output, b.Data)
		}})
	}
	return list
}

// namedDocuments lists what is to accompany one of many plugins. The files' names may
// be templates, as that of the output.
func (o buildOptions) namedDocuments(host string, values map[string]string) ([]builder.Document, error) {
	for _, file := range []*string{&o.provenance, &o.sbom} {
		if !isTemplate(*file) {
			continue
		}
		name, err := parseOutputName(*file)
		if err != nil {
			return nil, err
		}
		*file = name.file(values)
	}
	return o.documents(host), nil
}

// sourceDate is the time that documents are to be of, where SOURCE_DATE_EPOCH says one:
// without it, equal plugins have equal documents.
func sourceDate(env environment) time.Time {
	epoch, _ := env.lookup("SOURCE_DATE_EPOCH")
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil || seconds < 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}

// mayWriteDocuments refuses documents that would overwrite what the run reads.
func (o buildOptions) mayWriteDocuments() error {
	inputs := slices.Concat(o.hosts, o.keys)
	for flag, file := range map[string]string{"--provenance ": o.provenance, "--sbom ": o.sbom} {
		if file == "" {
			continue
		}
		if err := mayWrite(flag+file, within(o.here, file), inputs...); err != nil {
			return err
		}
	}
	return nil
}
