package squall

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/ledger"
	"github.com/seed-228c25e4/squall/report"
)

// lossAt is a loss of which the first and the last message were acknowledged at about these seconds.
func lossAt(oldest, newest float64) ledger.Loss {
	about := func(s float64) report.Span {
		at := time.Duration(s * float64(time.Second))
		return report.Span{From: at - 5*time.Millisecond, To: at + 5*time.Millisecond}
	}
	return ledger.Loss{First: 10, Last: 20, Oldest: about(oldest), Newest: about(newest)}
}

func faultAt(name string, effective, healed float64) report.Fault {
	return report.Fault{Name: name, Effective: time.Duration(effective * float64(time.Second)), Healed: time.Duration(healed * float64(time.Second))}
}

func TestRecoveryPoint(t *testing.T) {
	never := report.Fault{Name: "never", Effective: report.Never, Healed: report.Never, Error: "no such node"}
	cut, kill, last := faultAt("cut", 10, 13), faultAt("kill", 13, 30), faultAt("last", 60, 70)
	ms := time.Millisecond
	tests := []struct {
		name             string
		losses           []ledger.Loss
		faults           []report.Fault
		of               string
		youngest, oldest time.Duration
	}{
		{"the leader that was killed had been cut off before", []ledger.Loss{lossAt(10.1, 12.99)}, []report.Fault{cut, kill, last, never}, "kill", 2895 * ms, 2905 * ms},
		{"the oldest of several stretches", []ledger.Loss{lossAt(12.5, 12.9), lossAt(12, 12.9), lossAt(12.7, 12.9)}, []report.Fault{kill}, "kill", 995 * ms, 1005 * ms},
		{"the farthest of several faults", []ledger.Loss{lossAt(12.5, 12.9), lossAt(57, 59)}, []report.Fault{kill, last}, "last", 2995 * ms, 3005 * ms},
		{"acknowledged while the fault was on", []ledger.Loss{lossAt(62, 65)}, []report.Fault{kill, last}, "last", 0, 0},
		{"astride of the fault's beginning", []ledger.Loss{lossAt(59, 65)}, []report.Fault{kill, last}, "last", 995 * ms, 1005 * ms},
		{"no fault took effect", []ledger.Loss{lossAt(59, 65)}, []report.Fault{never}, "", 0, 0},
		{"nobody knows when", []ledger.Loss{{Oldest: report.Span{To: ledger.Later}, Newest: report.Span{To: ledger.Later}}}, []report.Fault{cut}, "cut", 0, 8 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := recoveryPoint(tt.losses, tt.faults, 2*time.Second); got != (report.Loss{Fault: tt.of, Youngest: tt.youngest, Oldest: tt.oldest}) {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestTestimony(t *testing.T) {
	state := func(at time.Duration, leader string, epoch int32) report.StateChange {
		return report.StateChange{At: at, Partitions: []report.PartitionState{{Partition: 0, Leader: leader, Epoch: epoch}, {Partition: 1, Leader: "b9", Epoch: 9}}}
	}
	states := []report.StateChange{state(0, "b1", 3), state(13500*time.Millisecond, "", 3), state(14*time.Second, "b2", 4)}
	faults := []report.Fault{faultAt("cut", 10, 13), faultAt("kill", 13, 30)}
	for _, tt := range []struct {
		loss ledger.Loss
		want string
	}{
		{lossAt(8, 9), "acknowledged; led by b1 in epoch 3; 1s before cut took effect"},
		{lossAt(10.5, 12), "acknowledged; led by b1 in epoch 3; while cut was on"},
		{lossAt(13.2, 15), "acknowledged; led by b1 in epoch 3, then nobody in epoch 3, then b2 in epoch 4; while kill was on"},
		{lossAt(40, 41), "acknowledged; led by b2 in epoch 4"},
	} {
		examples := []report.Anomaly{
			{Kind: "lost", First: 12, Last: 13, Note: "acknowledged"}, {Kind: "reordered", First: 12, Last: 13, Note: "acknowledged"},
			{Kind: "lost", First: 22, Last: 23, Note: "acknowledged"},
		}
		testify(examples, []ledger.Loss{tt.loss}, states, faults)
		if examples[0].Note = strings.Replace(examples[0].Note, "1.01s", "1s", 1); examples[0].Note != tt.want {
			t.Errorf("told %q, want %q", examples[0].Note, tt.want)
		}
		if examples[1].Note != "acknowledged" || examples[2].Note != "acknowledged" {
			t.Errorf("something is told of another: %+v", examples[1:])
		}
	}
}

func TestPlaces(t *testing.T) {
	losses := []ledger.Loss{
		{Partition: 0, Start: 40, End: 50}, {Partition: 0, Start: 20, End: 25}, {Partition: 1, Start: 90, End: 110},
		{Partition: 2, Start: 100, End: 110}, {Partition: 3, Start: 0, End: 1 << 60},
	}
	ends := []report.Partition{{Partition: 0, End: 100}, {Partition: 1, End: 100}, {Partition: 2, End: 100}, {Partition: 3, Start: 30, End: 100}}
	want := map[int32]broker.Range{0: {Start: 20, End: 50}, 1: {Start: 90, End: 100}, 3: {Start: 30, End: 100}}
	if got := places(losses, ends); !maps.Equal(got, want) {
		t.Errorf("%v", got)
	}
}
