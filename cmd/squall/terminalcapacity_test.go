package main_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-228c25e4/squall/capacity"
	"github.com/seed-228c25e4/squall/report"
)

const calmSearch = `
name: calm
broker: { kind: kafka, run: embedded, nodes: 1 }
topic: { partitions: 2, replicas: 1 }
load: { rate: 150/s, size: 100B, producers: { count: 1 }, consumers: { count: 1 } }
expect: [ lost == 0, ack.p99 < 2s ]
`

// A search is looked at on a terminal, which shows the points as they are saved; q ends it in good order, and what is told then goes on with it.
func TestSearchOnATerminal(t *testing.T) {
	squall, dir := executable(t), t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "calm.yaml"), []byte(calmSearch), 0o600); err != nil {
		t.Fatal(err)
	}
	term := openTerminal(t, 140, 40, fmt.Sprintf("cd %s; stty -a > before; %s capacity calm.yaml --out out --from 100/s --to 3k/s --settle 1s --measure 3s; echo ended $?; stty -a > after", dir, squall))
	term.until(soon, "squall capacity  calm", "What is the highest rate that kafka on 1 broker carries", "looking for a bracket", "settling", "Rate msg/s")
	term.until(soon, "measuring", "lag p99", "acked")
	wide := term.until(2*soon, "002 healthy", "003 healthy")
	term.tmux("resize-window", "-x", "80", "-y", "24")
	small := term.until(soon, "003 healthy", "Question", "run ")
	if lines := strings.Split(strings.TrimRight(small, "\n"), "\n"); len(lines) != 24 {
		t.Errorf("%d lines on 24:\n%s", len(lines), small)
	}
	term.press("q")
	term.until(soon, "ended 130", "squall capacity --resume out goes on from there")
	term.isAsBefore(dir)
	r := resultIn(t, filepath.Join(dir, "out"))
	if r.Stopped != "Ctrl-C" {
		t.Errorf("stopped by %q", r.Stopped)
	}
	for _, screen := range []string{wide, small} {
		if n := rowsAsSaved(t, r, screen); n < 2 {
			t.Errorf("%d points are shown of %d:\n%s", n, len(r.Curves[0].Points), screen)
		}
	}
}

func resultIn(t *testing.T, dir string) *capacity.Result {
	t.Helper()
	file, err := os.Open(filepath.Join(dir, capacity.ResultFile))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r, err := capacity.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// rowsAsSaved returns how many of the saved points a screen shows; a row that says something else of one is an error.
func rowsAsSaved(t *testing.T, r *capacity.Result, screen string) (n int) {
	t.Helper()
	perSecond := func(v float64) string { return report.Thousands(uint64(math.Round(v))) + "/s" }
	for i := range r.Curves[0].Points {
		p := &r.Curves[0].Points[i]
		outcome := map[bool]string{true: "held", false: "missed"}[p.Held]
		switch p.Validity {
		case capacity.GeneratorLimit:
			outcome = "generator"
		case capacity.Inconclusive:
			outcome = "unknown"
		}
		for _, row := range strings.Split(screen, "\n") {
			if !strings.Contains(row, p.ID+" "+r.Curves[0].Name) {
				continue
			}
			n++
			for _, want := range []string{perSecond(p.Rate), perSecond(p.Achieved), report.Human(p.Ack.P99), outcome} {
				if !strings.Contains(row, " "+want+" ") {
					t.Errorf("point %s is saved with %s, and shown as %s", p.ID, want, row)
				}
			}
		}
	}
	return n
}

// Where nobody looks, a search is told in lines, and where somebody wants that; a terminal that is none cannot be drawn on.
func TestSearchWithoutATerminal(t *testing.T) {
	squall, dir := executable(t), t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "calm.yaml"), []byte(calmSearch), 0o600); err != nil {
		t.Fatal(err)
	}
	term := openTerminal(t, 120, 36, fmt.Sprintf("trap : INT; cd %s; %s capacity calm.yaml --ui plain --out out --from 100/s --to 3k/s --settle 1s --measure 3s; echo ended $?", dir, squall))
	term.until(soon, "capacity plan points=~", "capacity point n=1 of=~", "capacity done n=1")
	term.press("C-c")
	term.until(soon, "ended 130", "--resume out goes on from there")
}
