package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// What is still broken stands in the run's folder, and nothing stands there when nothing is.
func TestStillBroken(t *testing.T) {
	t.Parallel()
	o := &output{dir: t.TempDir()}
	if err := o.Keep([]report.Fault{{Name: "leader-kill #3", Kind: "kill", Victims: []string{"b2"}, Commanded: time.Second}}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(o.dir, todoFile))
	if err != nil || !strings.Contains(string(data), `"leader-kill #3"`) || !strings.Contains(string(data), `"b2"`) {
		t.Errorf("%s, %v", data, err)
	}
	for range 2 {
		if err := o.Keep(nil); err != nil {
			t.Error(err)
		}
	}
	if left, _ := os.ReadDir(o.dir); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}
