package testcontainers

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-228c25e4/squall/broker"
)

// work has a task done as a helper does it, and returns what it printed.
func work(t *testing.T, task diskTask) (string, error) {
	t.Helper()
	text, err := json.Marshal(task)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "task.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	err = ServeDisk(file, &out)
	return out.String(), err
}

func TestServeDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	listed := func() string {
		t.Helper()
		out, err := work(t, diskTask{Dir: dir, List: true})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	edit := func(edits ...broker.Edit) error {
		_, err := work(t, diskTask{Dir: dir, Edits: edits})
		return err
	}
	write("a/b c.log", "0123456789")
	write(".hidden", "")
	if got := listed(); got != "0 .hidden\n10 a/b c.log\n"+lastLine+"\n" {
		t.Errorf("listed %q", got)
	}
	if err := edit(broker.Edit{Path: "a/b c.log", At: 1, Data: []byte{0, '\''}}, broker.Edit{Path: "a/b c.log", At: 4, Zero: 2}, broker.Edit{Path: "a/b c.log", Truncate: true, Size: 8}); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "a/b c.log")); err != nil || string(got) != "0\x00'3\x00\x0067" {
		t.Errorf("%q, %v", got, err)
	}
	for _, wrong := range []broker.Edit{{Path: "x", Remove: true}, {Path: "x", Truncate: true}, {Path: "x", Zero: 1}, {Path: "a", Data: []byte{1}}} {
		if edit(wrong) == nil {
			t.Errorf("%+v was done", wrong)
		}
	}
	write(filling+"1", "x")
	if _, err := work(t, diskTask{Dir: dir, Free: true}); err != nil || strings.Contains(listed(), filling) {
		t.Errorf("freed, and there is %q: %v", listed(), err)
	}
	if err := edit(broker.Edit{Path: "a", Remove: true}); err != nil || strings.Contains(listed(), "a/") {
		t.Errorf("removed, and there is %q: %v", listed(), err)
	}
	if err := edit(broker.Edit{Path: ".", Remove: true}); err != nil || listed() != lastLine+"\n" {
		t.Errorf("wiped, and there is %q: %v", listed(), err)
	}
	if _, err := work(t, diskTask{Dir: filepath.Join(dir, "nowhere"), List: true}); err == nil {
		t.Error("a directory that is not there was listed")
	}
}
