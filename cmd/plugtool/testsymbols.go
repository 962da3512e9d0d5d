package main

import (
	"fmt"
	"strings"

	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/inspector/gotype"
	"github.com/plugtool/plugtool/report"
	"github.com/plugtool/plugtool/trial"
)

// judgeSymbol says whether a symbol is what a line of the contract wants: by the type
// assertion that was made, or else by comparing types that are no interfaces.
func judgeSymbol(r inspector.Requirement, s trial.Symbol, asserted bool, v inspector.PluginVerdict) report.TestedSymbol {
	_, wants, typed := strings.Cut(r.String(), "=")
	t := report.TestedSymbol{Name: s.Name, Wants: r.String(), Type: s.Type, Error: s.Error, Foretold: foretoldSymbol(r, v)}
	is, err := gotype.Parse(s.Type)
	if err == nil {
		t.Type = is.String()
	}
	switch {
	case s.Type == "":
		t.Status = report.SymbolMissing
	case !typed, asserted && s.Error == "":
		t.Status = report.SymbolFits
	case asserted:
		t.Status = report.SymbolDiffers
	default:
		t.Error = ""
		t.Status = compareTypes(wants, is)
	}
	if t.Status != t.Foretold && t.Status != report.SymbolUnknown && t.Foretold != report.SymbolUnknown {
		t.Difference = &trial.Difference{By: trial.ByPlugtool,
			Text: fmt.Sprintf("of %s the verdict says %s, and really it is: %s", t.Wants, t.Foretold, strings.TrimSuffix(string(t.Status)+" "+t.Error, " "))}
	}
	return t
}

func compareTypes(wants string, is *gotype.Type) report.SymbolStatus {
	want, err := gotype.Parse(wants)
	switch {
	case err != nil || is == nil:
		return report.SymbolUnknown
	case gotype.Equal(want, is):
		return report.SymbolFits
	case want.Kind == gotype.Func || want.Kind == gotype.Pointer:
		return report.SymbolDiffers
	}
	return report.SymbolUnknown // an interface, or a type that may be one
}

// foretoldSymbol finds what a verdict says of a line of the contract.
func foretoldSymbol(r inspector.Requirement, v inspector.PluginVerdict) report.SymbolStatus {
	for _, f := range v.Findings {
		if !r.Concerns(f) {
			continue
		}
		switch f.Slug {
		case "contract-symbol-missing":
			return report.SymbolMissing
		case "contract-unknown":
			return report.SymbolUnknown
		}
		return report.SymbolDiffers
	}
	return report.SymbolFits
}
