package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/urfave/cli/v2"
)

func TestArrange(t *testing.T) {
	kinds := flagKinds([]cli.Flag{
		&cli.StringSliceFlag{Name: "host"},
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}},
		&cli.StringFlag{Name: "run"},
		&cli.BoolFlag{Name: "quiet"},
		&cli.StringFlag{Name: isolateName},
	})
	type list = []string
	for _, test := range []struct {
		name string
		in   list
		want list // as arranged.line gives it
		rest list
	}{
		{"nothing", nil, list{"--"}, nil},
		{"flag first", list{"--host", "h", "a.so"}, list{"--host", "h", "--", "a.so"}, nil},
		{"flag last", list{"a.so", "--host", "h"}, list{"--host", "h", "--", "a.so"}, nil},
		{"between", list{"a", "--host", "h", "b", "--host", "g"}, list{"--host", "h", "--host", "g", "--", "a", "b"}, nil},
		{"equals sign", list{"a", "--host=h"}, list{"--host=h", "--", "a"}, nil},
		{"equals sign in value", list{"a", "--host", "x=y"}, list{"--host", "x=y", "--", "a"}, nil},
		{"bool takes no argument", list{"--quiet", "a"}, list{"--quiet", "--", "a"}, nil},
		{"bool with value", list{"a", "--quiet=false"}, list{"--quiet=false", "--", "a"}, nil},
		{"one dash", list{"a", "-host", "h"}, list{"-host", "h", "--", "a"}, nil},
		{"alias", list{"a", "-o", "f"}, list{"-o", "f", "--", "a"}, nil},
		{"value begins with a dash", list{"-o", "-f", "a"}, list{"-o", "-f", "--", "a"}, nil},
		{"value looks like a flag", list{"-o", "--quiet", "a"}, list{"-o", "--quiet", "--", "a"}, nil},
		{"value is two dashes", list{"-o", "--", "a"}, list{"-o", "--", "--", "a"}, nil},
		{"empty value that says something", list{"--run", "", "a"}, list{"--run", "", "--", "a"}, nil},
		{"lone dash", list{"-", "--quiet"}, list{"--quiet", "--", "-"}, nil},
		{"empty argument", list{"", "--quiet"}, list{"--quiet", "--", ""}, nil},
		{"two dashes end the flags", list{"a", "--", "--host", "b"}, list{"--", "a", "--host", "b"}, list{"--host", "b"}},
		{"only the first two dashes", list{"--", "--"}, list{"--", "--"}, list{"--"}},
		{"nothing after two dashes", list{"a", "--"}, list{"--", "a"}, list{}},
		{"isolate takes no argument", list{"--isolate", "a"}, list{"--isolate=auto", "--", "a"}, nil},
		{"isolate with value", list{"a", "--isolate=all"}, list{"--isolate=all", "--", "a"}, nil},
		{"help", list{"a", "-h"}, list{"-h", "--", "a"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := arrange(test.in, kinds)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got.line()); diff != "" {
				t.Errorf("line (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.rest, got.rest); diff != "" {
				t.Errorf("rest (-want +got):\n%s", diff)
			}
		})
	}
}

func TestArrangeErrors(t *testing.T) {
	kinds := map[string]flagKind{"host": valueFlag, "o": valueFlag, "quiet": boolFlag}
	for _, test := range []struct {
		in   []string
		want string
	}{
		{[]string{"a", "--hots", "h"}, "unknown flag --hots"},
		{[]string{"--hots=h"}, "unknown flag --hots"},
		{[]string{"-x"}, "unknown flag -x"},
		{[]string{"---host", "h"}, "unknown flag ---host"},
		{[]string{"a", "--host"}, "flag --host lacks its value"},
		{[]string{"-o"}, "flag -o lacks its value"},
		{[]string{"--=x"}, "unknown flag --"},
		{[]string{"-o", "", "a"}, "-o is empty: leave it out, or set the variable that stands for its value"},
		{[]string{"a", "--host="}, "--host is empty: leave it out, or set the variable that stands for its value"},
	} {
		_, err := arrange(test.in, kinds)
		if err == nil || err.Error() != test.want {
			t.Errorf("arrange(%q) = %v, want %s", test.in, err, test.want)
		}
	}
}
