package loadgen

import (
	"time"

	"github.com/seed-228c25e4/squall/report"
)

const (
	// silenceFloor is the shortest silence that is kept. Recovery's threshold is never below 500 ms.
	silenceFloor = 100 * time.Millisecond
	// silencesKept bounds how many silences a run keeps in each direction.
	silencesKept = 20_000
	// ringMillis is how much later than the last look the next one may come.
	ringMillis = 16384
	// holdBack is how long a millisecond waits for what was due in it and is told late.
	holdBack = 300
)

// silences finds the stretches of each partition from the first millisecond in which something was due after a success, to the next success.
// It looks at milliseconds in order, some time after they have passed, when every recording of them is in.
type silences struct {
	direction report.Direction
	phases    *Phases
	from      int64 // the next millisecond to look at
	lanes     []lane
	found     []report.Silence
	dropped   uint64
	spacing   *latencies // between successes of one partition, during the baseline
}

// lane is one partition's milliseconds, in a ring, and where looking at them has got.
type lane struct {
	due, done [ringMillis / 64]uint64
	succeeded int64 // the last success; -1: none yet
	waiting   int64 // the first due after it; -1: nothing waits
}

func newSilences(d report.Direction, partitions int, phases *Phases, now time.Duration) *silences {
	s := &silences{direction: d, phases: phases, from: int64(now / time.Millisecond), lanes: make([]lane, partitions), spacing: newLatencies()}
	for i := range s.lanes {
		s.lanes[i].succeeded, s.lanes[i].waiting = -1, -1
	}
	return s
}

// merge adds a recording's milliseconds.
func (s *silences) merge(due, done *slots) {
	for p := range s.lanes {
		l := &s.lanes[p]
		due.each(p, func(ms int64) { s.mark(&l.due, ms) })
		done.each(p, func(ms int64) { s.mark(&l.done, ms) })
	}
}

func (s *silences) mark(ring *[ringMillis / 64]uint64, ms int64) {
	i := min(max(ms, s.from), s.from+ringMillis-1) % ringMillis
	ring[i/64] |= 1 << (i % 64)
}

// look goes on until some time before now.
func (s *silences) look(now time.Duration) { s.lookUntil(int64(now/time.Millisecond) - holdBack) }

func (s *silences) lookUntil(end int64) {
	for p := range s.lanes {
		for ms := s.from; ms < min(end, s.from+ringMillis); ms++ {
			word, bit := ms%ringMillis/64, uint64(1)<<(ms%64)
			l := &s.lanes[p]
			if (l.due[word]|l.done[word])&bit == 0 {
				continue
			}
			s.step(int32(p), l, ms, l.due[word]&bit != 0, l.done[word]&bit != 0)
			l.due[word] &^= bit
			l.done[word] &^= bit
		}
	}
	s.from = max(s.from, end)
}

func (s *silences) step(partition int32, l *lane, ms int64, due, done bool) {
	if done {
		if l.waiting >= 0 {
			s.keep(partition, l.waiting, ms, false)
		}
		at := time.Duration(ms) * time.Millisecond
		if l.succeeded >= 0 && s.phases.kindAt(time.Duration(l.succeeded)*time.Millisecond) == report.Baseline && s.phases.kindAt(at) == report.Baseline {
			s.spacing.add(time.Duration(ms-l.succeeded) * time.Millisecond)
		}
		l.succeeded, l.waiting = ms, -1
	}
	if due && l.waiting < 0 {
		l.waiting = ms
	}
}

func (s *silences) keep(partition int32, from, to int64, open bool) {
	silence := report.Silence{Direction: s.direction, Partition: partition, Open: open,
		From: time.Duration(from) * time.Millisecond, To: time.Duration(to) * time.Millisecond}
	switch {
	case silence.Length() < silenceFloor:
	case len(s.found) >= silencesKept:
		s.dropped++
	default:
		s.found = append(s.found, silence)
	}
}

// finish looks at everything that is left. What still waits for a success had waited at least until the end of the load.
func (s *silences) finish(now, loadEnd time.Duration) {
	s.lookUntil(int64(now/time.Millisecond) + 1)
	for p := range s.lanes {
		if l := &s.lanes[p]; l.waiting >= 0 {
			s.keep(int32(p), l.waiting, int64(loadEnd/time.Millisecond), true)
			l.waiting = -1
		}
	}
}
