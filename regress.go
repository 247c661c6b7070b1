package squall

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

const (
	// backFor is how long the cluster has to tell a lower leader epoch, while no fault is on, before that counts: a node that was cut off tells an old story
	// until it has caught up, and now and then it is the only one that answers in time.
	backFor = 5 * time.Second
	// commitsEvery is how often the group's committed offsets are asked for.
	commitsEvery = time.Second
	mostBack     = 32      // examples
	mostDoubts   = 1 << 12 // of one partition; beyond, nothing is said of it any more
	wentBack     = "leader epoch"
	commitBack   = "committed offset"
)

// epochsBack returns where the cluster told a lower leader epoch than before, and kept to it.
func epochsBack(states []report.StateChange, faults []report.Fault, end time.Duration) []report.Regression {
	type course struct {
		highest int32
		calm    time.Duration // for how long a lower one has been told without a fault
	}
	var all []report.Regression
	courses := map[int32]*course{}
	for i, s := range states {
		until := end
		if i+1 < len(states) {
			until = states[i+1].At
		}
		calm := calmTime(s.At, until, faults)
		for _, p := range s.Partitions {
			c := courses[p.Partition]
			if c == nil {
				c = &course{highest: p.Epoch}
				courses[p.Partition] = c
			}
			if p.Epoch >= c.highest || p.Epoch < 0 {
				c.highest, c.calm = max(c.highest, p.Epoch), 0
				continue
			}
			if c.calm += calm; c.calm >= backFor {
				all = append(all, report.Regression{Of: wentBack, Partition: p.Partition, From: int64(c.highest), To: int64(p.Epoch), Where: "seen at " + report.Human(s.At)})
				c.highest, c.calm = p.Epoch, 0
			}
		}
	}
	return all
}

// calmTime returns how much of a stretch of time no fault was on in.
func calmTime(from, to time.Duration, faults []report.Fault) time.Duration {
	calm := to - from
	at := from
	sorted := slices.SortedFunc(slices.Values(faults), func(a, b report.Fault) int { return cmp.Compare(a.Commanded, b.Commanded) })
	for _, f := range sorted {
		healed := f.Healed
		if healed < 0 {
			healed = to
		}
		if f.Commanded < 0 || healed <= at || f.Commanded >= to {
			continue
		}
		begin := max(at, f.Commanded)
		at = min(to, healed)
		calm -= at - begin
	}
	return max(0, calm)
}

// A commitWatch asks for the group's committed offsets while no fault is on, when a coordinator tells no old story, and finds those that went back to what no
// member has committed since.
type commitWatch struct {
	ask   func(context.Context) (map[int32]int64, error)
	calm  func() bool
	clock broker.Clock

	mu     sync.Mutex
	last   map[int32]int64
	recent []broker.Commit          // since last was asked for, of what is lower
	doubt  map[int32]map[int64]bool // commits that may come into force at any time
	back   []regress
}

// A regress is one that no commit has explained so far.
type regress struct {
	report.Regression
	seen time.Duration
}

func newCommitWatch(clock broker.Clock, calm func() bool, ask func(context.Context) (map[int32]int64, error)) *commitWatch {
	return &commitWatch{ask: ask, calm: calm, clock: clock, last: map[int32]int64{}, doubt: map[int32]map[int64]bool{}}
}

// run asks until ctx ends.
func (w *commitWatch) run(ctx context.Context) {
	ticker := time.NewTicker(commitsEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			w.look(ctx)
		}
	}
}

// look asks once. What was told while a fault began says nothing.
func (w *commitWatch) look(ctx context.Context) {
	if !w.calm() {
		return
	}
	asked := w.clock.Now()
	ctx, cancel := context.WithTimeout(ctx, watchPatient)
	defer cancel()
	committed, err := w.ask(ctx)
	if err != nil || !w.calm() {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for p, at := range committed {
		if before, known := w.last[p]; known && at < before && !w.explained(p, at) {
			now := w.clock.Now()
			w.back = append(w.back, regress{report.Regression{Of: commitBack, Partition: p, From: before, To: at, Where: "seen at " + report.Human(now)}, now})
		}
		w.last[p] = at
	}
	w.recent = slices.DeleteFunc(w.recent, func(c broker.Commit) bool { return c.At < asked })
}

// explained reports whether a member committed, or may have, just this offset.
func (w *commitWatch) explained(partition int32, offset int64) bool {
	return w.doubt[partition][offset] || len(w.doubt[partition]) == mostDoubts ||
		slices.ContainsFunc(w.recent, func(c broker.Commit) bool { return c.Partition == partition && c.Offset == offset })
}

// committed is told how a commit ended, which may be after it was seen to be in force.
func (w *commitWatch) committed(c broker.Commit) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.back = slices.DeleteFunc(w.back, func(b regress) bool {
		return b.Partition == c.Partition && b.To == c.Offset && c.At-b.seen < watchPatient+commitsEvery
	})
	if c.Err != nil {
		if w.doubt[c.Partition] == nil {
			w.doubt[c.Partition] = map[int64]bool{}
		}
		if len(w.doubt[c.Partition]) < mostDoubts {
			w.doubt[c.Partition][c.Offset] = true
		}
	}
	if before, known := w.last[c.Partition]; known && c.Offset >= before {
		return
	}
	w.recent = append(w.recent, c)
}

// found returns what went back.
func (w *commitWatch) found() (all []report.Regression) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, b := range w.back {
		all = append(all, b.Regression)
	}
	return all
}

// regressions adds to the balance what went back as the cluster told it.
func (r *run) regressions(s *report.Safety, h report.History, end time.Duration) {
	if r.final.Renewed {
		return
	}
	epochs := epochsBack(h.States, r.faults, end)
	s.EpochRegression += uint64(len(epochs))
	s.Regressions = append(s.Regressions, epochs[:min(len(epochs), mostBack)]...)
	if r.commits != nil {
		commits := r.commits.found()
		s.CommitRegression = uint64(len(commits))
		s.Regressions = append(s.Regressions, commits[:min(len(commits), mostBack)]...)
	}
}

// watchCommits makes the watch over what the group commits, where there is something to be watched.
func (r *run) watchCommits() {
	driver, ok := r.bed.Driver.(broker.Committed)
	c := &r.scenario.Load.Consumers
	if !ok || c.Count == 0 || c.Group == "" || c.Commit == broker.CommitNever {
		return
	}
	calm := func() bool {
		return r.phases.Current().Kind != report.During && settled(r.watcher.state(), len(r.bed.Cluster.Nodes()))
	}
	r.commits = newCommitWatch(r.clock, calm, func(ctx context.Context) (map[int32]int64, error) {
		return driver.Committed(ctx, c.Group, r.scenario.Topic.Name)
	})
}
