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
	names, ci := map[string]bool{}, 0
	for _, r := range records {
		if names[r.name] {
			t.Errorf("there are two records %s", r.name)
		}
		names[r.name] = true
		if r.part == "ci" {
			ci++
		}
		if r.says[0] == "" || r.says[0] == r.says[1] {
			t.Errorf("%s says %q and %q", r.name, r.says[0], r.says[1])
		}
		if (r.shared.why != "") != (r.shared.says != "") || r.shared.why != "" && r.refused != "" {
			t.Errorf("%s: shared is %q, and says %q", r.name, r.shared.why, r.shared.says)
		}
		if (len(r.after.exprs) > 0) != (r.after.says != "") && r.refused == "" {
			t.Errorf("%s: after is %q, and says %q", r.name, r.after.exprs, r.after.says)
		}
	}
	if len(records) < 20 || ci < 2 {
		t.Errorf("there are %d records, %d of them for CI", len(records), ci)
	}
}

func TestRecordsThatLack(t *testing.T) {
	for _, text := range []string{"name x\n", "name x\nhost a@v1\nplugin a@v2\nimport a\n", "nothing x\n", "name\n",
		"name x\nname y\nhost a@v1\nplugin a@v2\nimport a\nexpr a.A\n",
		"name x\nhost a@v1\nplugin b@v2\nimport a\nexpr a.A\n",
		"name x\nhost a@v1\nplugin a@v1\nimport a\nexpr a.A\n",
	} {
		if _, _, err := parse(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}
