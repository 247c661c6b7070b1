package loadgen

import (
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

const ms = time.Millisecond

// play marks what was due and what succeeded in one partition, rolling once a second, and returns the silences until end.
func play(due, done []time.Duration, end time.Duration) []report.Silence {
	s := newSilences(report.Produce, 1, NewPhases(report.Phase{Kind: report.Baseline}), 0)
	for at := time.Second; at <= end+time.Second; at += time.Second {
		dueSlots, doneSlots := newSlots(1), newSlots(1)
		dueSlots.reset(at - time.Second)
		doneSlots.reset(at - time.Second)
		for _, d := range due {
			if d >= at-time.Second && d < at {
				dueSlots.set(0, d)
			}
		}
		for _, d := range done {
			if d >= at-time.Second && d < at {
				doneSlots.set(0, d)
			}
		}
		s.merge(&dueSlots, &doneSlots)
		s.look(at)
	}
	s.finish(end, end)
	return s.found
}

func every(step, from, to time.Duration) (times []time.Duration) {
	for t := from; t < to; t += step {
		times = append(times, t)
	}
	return times
}

func TestSilences(t *testing.T) {
	steady := every(10*ms, 0, 20*time.Second)
	tests := []struct {
		name      string
		due, done []time.Duration
		want      []report.Silence
	}{
		{"steady", steady, every(10*ms, 3*ms, 20*time.Second+3*ms), nil},
		{"steady but 700 ms late is no silence", steady, every(10*ms, 700*ms, 20*time.Second), []report.Silence{{From: 0, To: 700 * ms}}},
		{"five seconds", steady, append(every(10*ms, 3*ms, 8*time.Second), every(10*ms, 13*time.Second, 20*time.Second)...),
			[]report.Silence{{From: 8 * time.Second, To: 13 * time.Second}}},
		{"nothing due is no silence", append(every(10*ms, 0, 5*time.Second), every(10*ms, 9*time.Second, 20*time.Second)...),
			append(every(10*ms, 3*ms, 5*time.Second), every(10*ms, 9*time.Second+3*ms, 20*time.Second)...), nil},
		{"never back", steady, every(10*ms, 3*ms, 12*time.Second), []report.Silence{{From: 12 * time.Second, To: 20 * time.Second, Open: true}}},
		{"too short to keep", steady, append(every(10*ms, 3*ms, 8*time.Second), every(10*ms, 8*time.Second+90*ms, 20*time.Second)...), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := play(tt.due, tt.done, 20*time.Second)
			if len(got) != len(tt.want) {
				t.Fatalf("found %v, want %v", got, tt.want)
			}
			for i, w := range tt.want {
				w.Direction = report.Produce
				if got[i] != w {
					t.Errorf("found %+v, want %+v", got[i], w)
				}
			}
		})
	}
}
