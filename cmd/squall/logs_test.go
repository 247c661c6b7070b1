package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed-228c25e4/squall"
	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/scenarios"
)

// A talker is a node that keeps what its processes wrote; a talkative cluster has two, and a node that does not.
type (
	talker struct {
		broker.Node
		name      string
		processes []string
		err       error
	}
	silent    struct{ broker.Node }
	talkative struct {
		broker.Cluster
		nodes []broker.Node
	}
)

func (t talker) Name() string { return t.name }
func (t talker) Logs(_ context.Context, open func(int) (io.WriteCloser, error)) error {
	for i, text := range t.processes {
		to, err := open(i + 1)
		if err != nil {
			return err
		}
		for len(text) > 0 { // in pieces that end anywhere
			n := min(len(text), 1000)
			if _, err := io.WriteString(to, text[:n]); err != nil {
				return err
			}
			text = text[n:]
		}
		if err := to.Close(); err != nil {
			return err
		}
	}
	return t.err
}

func (c talkative) Nodes() []broker.Node { return c.nodes }

func unpacked(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// keep keeps the logs of a run that came to an outcome, and returns the files and what was told.
func keep(t *testing.T, ctx context.Context, outcome report.Outcome, nodes ...broker.Node) (dir string, files []string, told string) {
	t.Helper()
	dir = t.TempDir()
	var progress bytes.Buffer
	o := &output{dir: dir}
	a := attempt{s: &scenarios.Scenario{Broker: scenarios.Broker{Config: map[string]string{"ssl.key.password": "hunter22"}}}, dir: o, progress: &plain{w: &progress}}
	a.keepLogs(ctx, talkative{nodes: nodes}, &report.Report{Verdict: report.Verdict{Outcome: outcome}})
	for _, f := range o.logs {
		files = append(files, filepath.Base(f))
	}
	return dir, files, progress.String()
}

// What did not pass leaves the brokers' logs, a file for each process, in which no secret is; what passed leaves none, nor does one that has no time for it.
func TestKeepLogs(t *testing.T) {
	b1 := talker{name: "b1", processes: []string{"started with hunter22\n\x1b[31mred\x1b[0m\nlast words", "again\n"}}
	b2 := talker{name: "b2", processes: []string{"half\n"}, err: errors.New("the engine is gone")}
	dir, files, told := keep(t, t.Context(), report.Fail, b1, b2, silent{})
	if want := []string{"b1-1.log.gz", "b1-2.log.gz", "b2-1.log.gz"}; !slices.Equal(files, want) {
		t.Fatalf("%v, want %v", files, want)
	}
	if text := unpacked(t, filepath.Join(dir, "b1-1.log.gz")); text != "started with ***\nred\nlast words\n" {
		t.Errorf("%q", text)
	}
	if !strings.Contains(told, "the log of b2 is not kept as a whole: the engine is gone") {
		t.Errorf("%q", told)
	}
	if info, err := os.Stat(filepath.Join(dir, "b1-1.log.gz")); err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info, err)
	}
	if all := afterExport(dir, dir); !slices.Contains(all, filepath.Join(dir, "b1-2.log.gz")) {
		t.Error(all)
	}
	if _, files, _ := keep(t, t.Context(), report.Pass, b1); files != nil {
		t.Errorf("a run that passed left %v", files)
	}
	if _, files, _ := keep(t, t.Context(), report.Inconclusive, silent{}); files != nil {
		t.Errorf("nobody kept anything, and there are %v", files)
	}
	for quick, want := range map[bool]int{true: 0, false: 2} {
		ctx, stop := context.WithCancelCause(t.Context())
		stop(squall.Stopped{By: "a signal", Quick: quick})
		if _, files, _ := keep(t, ctx, report.Inconclusive, b1); len(files) != want {
			t.Errorf("in a hurry: %t, and there are %v", quick, files)
		}
	}
}

// A long log is kept as far as there is room: its beginning, its end, and how much is missing between them.
func TestLongLogs(t *testing.T) {
	var b strings.Builder
	line := strings.Repeat("x", 1000)
	lines := (logHead + 2*logTail) / len(line)
	for i := range lines {
		fmt.Fprintf(&b, "%d %s\n", i, line)
	}
	b.WriteString(strings.Repeat("y", 2*longestLine))
	dir, _, _ := keep(t, t.Context(), report.Fail, talker{name: "b1", processes: []string{b.String()}})
	text := unpacked(t, filepath.Join(dir, "b1-1.log.gz"))
	if len(text) > logHead+logTail+100 || len(text) < logHead+logTail-longestLine {
		t.Errorf("%d bytes", len(text))
	}
	kept := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	missing := ""
	for _, l := range kept {
		if strings.HasSuffix(l, "lines are left out here ...") {
			missing = l
		}
	}
	if want := fmt.Sprintf("... %s lines are left out here ...", report.Thousands(uint64(lines+2-len(kept)))); missing != want {
		t.Errorf("%q, want %q", missing, want)
	}
	if !strings.HasPrefix(kept[0], "0 x") || kept[len(kept)-1] != strings.Repeat("y", longestLine) {
		t.Errorf("from %.20q to %.20q", kept[0], kept[len(kept)-1])
	}
}
