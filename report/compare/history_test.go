package compare

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

func nights(id string, values ...float64) []Run {
	runs := made(id, values...)
	for i := range runs {
		runs[i].Started = time.Date(2026, 1, 1+i, 2, 0, 0, 0, time.UTC)
	}
	return runs
}

func addAll(t *testing.T, h History, runs []Run) {
	t.Helper()
	for _, r := range runs {
		if added, err := h.Add(r); err != nil || !added {
			t.Fatal(added, err)
		}
	}
}

func TestHistoryKeepsTheNewestOfEachKind(t *testing.T) {
	h := History{Dir: t.TempDir(), Keep: 5}
	other := nights("o", 1, 2, 3)
	for i := range other {
		other[i].Machine = "another"
	}
	addAll(t, h, other)
	addAll(t, h, nights("a", 1, 2, 3, 4, 5, 6, 7, 8))
	failed := nights("f", 9)[0]
	failed.NoBaseline = "its verdict is fail"
	if added, err := h.Add(failed); added || err != nil {
		t.Error("a run that failed entered the history", err)
	}
	rolling, pinned, damaged, err := h.Runs("s")
	if err != nil || len(rolling) != 8 || len(pinned)+len(damaged) != 0 {
		t.Fatalf("%d runs, %d pinned, %q, %v", len(rolling), len(pinned), damaged, err)
	}
	if last := rolling[7]; last.Figures[0].Value != 8 || !last.Started.Equal(time.Date(2026, 1, 8, 2, 0, 0, 0, time.UTC)) {
		t.Errorf("the newest is %+v", last)
	}
}

func TestWritersLoseNothing(t *testing.T) {
	h := History{Dir: t.TempDir(), Keep: 100}
	var all sync.WaitGroup
	for w := range 4 {
		all.Go(func() { addAll(t, h, nights(string(rune('a'+w)), steady...)) })
	}
	all.Wait()
	if rolling, _, damaged, err := h.Runs("s"); len(rolling) != 4*len(steady) || len(damaged) != 0 || err != nil {
		t.Errorf("%d runs of %d, %q, %v", len(rolling), 4*len(steady), damaged, err)
	}
}

func TestDamagedFilesAreTold(t *testing.T) {
	h := History{Dir: t.TempDir()}
	addAll(t, h, nights("a", steady...))
	for name, content := range map[string]string{"half.json": `{"schema":1,"id":"x`, "later.json": `{"schema":2,"id":"x","scenario":"s"}`, "empty.json": "", "other.json": "{}",
		".new-123": "half"} {
		if err := os.WriteFile(filepath.Join(h.Dir, "s", name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	sets, damaged, err := h.Sets(nights("n", 4), nil)
	if err != nil || len(sets) != 1 || len(sets[0].Base) != len(steady) || len(damaged) != 4 {
		t.Fatalf("%d sets, %q, %v", len(sets), damaged, err)
	}
	told := strings.Join(damaged, "\n")
	for _, want := range []string{"half.json: line 1 is damaged: unexpected end", "later.json: line 1 is of a later squall, its schema is 2", "empty.json: it is empty", "other.json: line 1 is no run"} {
		if !strings.Contains(told, want) {
			t.Errorf("%q is not told:\n%s", want, told)
		}
	}
}

// Each night is 1 % slower than the one before, which no single night can show, nor the rolling baseline, which drifts as well.
func TestSlowDriftShowsAgainstThePinned(t *testing.T) {
	h := History{Dir: t.TempDir(), Keep: 12}
	addAll(t, h, nights("a", steady...))
	if n, err := h.Pin("s"); n != len(steady) || err != nil {
		t.Fatal(n, err)
	}
	drift := steady[0]
	for night := range 40 {
		drift *= 1.01
		run := nights("d", drift*steady[night%len(steady)]/4)[0]
		run.ID, run.Started = run.ID+string(rune('A'+night)), time.Date(2026, 3, 1+night, 2, 0, 0, 0, time.UTC)
		sets, _, err := h.Sets([]Run{run}, nil)
		if err != nil || len(sets) != 2 {
			t.Fatal(len(sets), err)
		}
		c := Compare(sets, Defaults())
		before, pinned := c.Against[0].Figures[0], c.Against[1].Figures[0]
		if before.Outcome != report.Unclear {
			t.Errorf("night %d by itself: %s", night, before.Text)
		}
		if late := night >= 35; late != (pinned.Outcome == report.Unconfirmed) && (late || night < 15) {
			t.Errorf("night %d against the pinned: %s", night, pinned.Text)
		}
		addAll(t, h, []Run{run})
	}
	if n, err := h.Pin("s"); n != 12 || err != nil {
		t.Error(n, err)
	}
	if _, pinned, _, _ := h.Runs("s"); len(pinned) != 12 || pinned[0].Started.Month() != 4 && pinned[0].Started.Month() != 3 {
		t.Errorf("%d are pinned, from %v", len(pinned), pinned[0].Started)
	}
}

func TestNothingToCompareWith(t *testing.T) {
	h := History{Dir: filepath.Join(t.TempDir(), "new")}
	sets, damaged, err := h.Sets(nights("n", 4), nil)
	if err != nil || len(damaged) != 0 || len(sets) != 1 {
		t.Fatal(sets, damaged, err)
	}
	if c := Compare(sets, Defaults()); c.Sentence != "cannot tell: there is no earlier run to compare with" {
		t.Error(c.Sentence)
	}
}
