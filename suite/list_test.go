package suite_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/suite"
)

// A list says what would run, and judges nothing.
func TestListJSON(t *testing.T) {
	var b bytes.Buffer
	if err := suite.ListJSON(&b, suite.Plan(suiteOf("one", "two"), time.Unix(0, 0))); err != nil {
		t.Fatal(err)
	}
	var list map[string]any
	if err := json.Unmarshal(b.Bytes(), &list); err != nil {
		t.Fatal(err)
	}
	runs, _ := list["runs"].([]any)
	if list["name"] != "night" || list["order"] == nil || len(runs) != 2 {
		t.Fatalf("%s", b.String())
	}
	for i, name := range []string{"one", "two"} {
		run := runs[i].(map[string]any)
		if run["name"] != name || run["n"] != float64(i+1) || run["estimate_ns"] == nil || run["needs"] == nil {
			t.Errorf("run %d is %v", i, run)
		}
		for _, judged := range []string{"outcome", "exit_code", "sentence", "not_run", "took_ns"} {
			if _, ok := run[judged]; ok {
				t.Errorf("run %d has %s", i, judged)
			}
		}
	}
	for _, judged := range []string{"verdict", "started", "took_ns"} {
		if _, ok := list[judged]; ok {
			t.Errorf("the list has %s", judged)
		}
	}
}
