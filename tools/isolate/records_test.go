package main

import (
	"os"
	"testing"
)

// modules.txt reads and writes as it is, and every record has been tried.
func TestRecords(t *testing.T) {
	text, err := os.ReadFile("modules.txt")
	if err != nil {
		t.Fatal(err)
	}
	header, records, err := parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	if got := format(header, records); got != string(text) {
		t.Errorf("modules.txt is written differently:\n%s", got)
	}
	if len(records) < 20 {
		t.Errorf("there are %d records", len(records))
	}
	for _, r := range records {
		if r.says[0] == "" || r.says[0] == r.says[1] {
			t.Errorf("%s says %q and %q", r.name, r.says[0], r.says[1])
		}
	}
}

func TestRecordsThatLack(t *testing.T) {
	for _, text := range []string{"name x\n", "name x\nhost a@v1\nplugin a@v2\nimport a\n", "nothing x\n", "name\n"} {
		if _, _, err := parse(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}
