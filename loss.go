package squall

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/ledger"
	"github.com/seed-228c25e4/squall/loadgen"
	"github.com/seed-228c25e4/squall/report"
)

// confirm reads once more, by offset, where the messages should be that the final read did not find: nothing is called lost that one reader alone missed.
func (r *run) confirm(ctx context.Context, driver broker.Reader) {
	where := places(r.ledger.Losses(r.final), r.final.Ends)
	if len(where) == 0 {
		return
	}
	found := 0
	err := r.readPatiently(ctx, driver, where, func(batch []broker.Delivery) { found += r.ledger.Reader().Again(batch) })
	if found > 0 {
		r.finding("%s messages that the final read had passed over were found when they were looked for once more", report.Thousands(uint64(found)))
	}
	if err != nil {
		r.finding("what seems lost could not be looked for once more: %v", err)
	}
}

// places returns of each partition the stretch of the log that holds every offset at which something was acknowledged that is lost.
func places(losses []ledger.Loss, ends []report.Partition) map[int32]broker.Range {
	where := map[int32]broker.Range{}
	for _, e := range ends {
		for _, x := range losses {
			at := broker.Range{Start: max(x.Start, e.Start), End: min(x.End, e.End)}
			if x.Partition != e.Partition || at.Start >= at.End {
				continue
			}
			if so, known := where[e.Partition]; known {
				at = broker.Range{Start: min(at.Start, so.Start), End: max(at.End, so.End)}
			}
			where[e.Partition] = at
		}
	}
	return where
}

// loss says how much is lost, and how far back in time; nil: nothing is.
func (r *run) loss(losses []ledger.Loss) *report.Loss {
	if len(losses) == 0 {
		return nil
	}
	l := recoveryPoint(losses, r.faults, r.options.Start)
	stretches := make([]map[int32][]loadgen.Stretch, len(r.senders))
	for _, x := range losses {
		if stretches[x.Producer] == nil {
			stretches[x.Producer] = map[int32][]loadgen.Stretch{}
		}
		stretches[x.Producer][x.Partition] = append(stretches[x.Producer][x.Partition], loadgen.Stretch{First: x.First, Last: x.Last})
	}
	for i, of := range stretches {
		if of != nil {
			l.Bytes += loadgen.Bytes(r.options, i, len(stretches), of)
		}
	}
	return &l
}

// recoveryPoint tells how long before its fault took effect the oldest lost message had been acknowledged. A stretch is lost to the fault that took effect
// next behind its newest message; if none did, to the last one before, which was on.
func recoveryPoint(losses []ledger.Loss, faults []report.Fault, start time.Duration) report.Loss {
	var far report.Loss
	for _, x := range losses {
		f := culprit(x, faults)
		if f == nil {
			continue
		}
		oldest := max(0, f.Effective-max(x.Oldest.From, start))
		if far.Fault == "" || oldest > far.Oldest {
			far.Fault, far.Oldest = f.Name, oldest
		}
		far.Youngest = max(far.Youngest, f.Effective-x.Oldest.To)
	}
	return far
}

func culprit(x ledger.Loss, faults []report.Fault) *report.Fault {
	var before, behind *report.Fault
	for i := range faults {
		switch f := &faults[i]; {
		case !f.Took():
		case f.Effective >= x.Newest.From:
			if behind == nil || f.Effective < behind.Effective {
				behind = f
			}
		case before == nil || f.Effective > before.Effective:
			before = f
		}
	}
	if behind != nil {
		return behind
	}
	return before
}

// testify adds to the examples of what is lost who led the partition when they were acknowledged, and which fault was on.
func testify(examples []report.Anomaly, losses []ledger.Loss, states []report.StateChange, faults []report.Fault) {
	for i := range examples {
		a := &examples[i]
		for _, x := range losses {
			if a.Kind == "lost" && a.Producer == x.Producer && a.Partition == x.Partition && a.First >= x.First && a.First <= x.Last {
				a.Note = strings.Join(nonEmpty(a.Note, leaders(x, states), circumstances(x, faults)), "; ")
				break
			}
		}
	}
}

func nonEmpty(all ...string) (some []string) {
	for _, s := range all {
		if s != "" {
			some = append(some, s)
		}
	}
	return some
}

// leaders tells who led a partition while a loss was acknowledged, as the observer saw it; every one where it changed meanwhile.
func leaders(x ledger.Loss, states []report.StateChange) string {
	var led []string
	for i, s := range states {
		if i+1 < len(states) && states[i+1].At <= x.Oldest.From || s.At > x.Newest.To {
			continue
		}
		for _, p := range s.Partitions {
			if told := fmt.Sprintf("%s in epoch %d", cmp.Or(p.Leader, "nobody"), p.Epoch); p.Partition == x.Partition && (len(led) == 0 || led[len(led)-1] != told) {
				led = append(led, told)
			}
		}
	}
	const most = 4
	if n := len(led); n > most {
		led = append(led[:most], fmt.Sprintf("%d others", n-most))
	}
	if len(led) == 0 {
		return ""
	}
	return "led by " + strings.Join(led, ", then ")
}

// circumstances tells which faults were on while a loss was acknowledged, and where none was, which took effect next.
func circumstances(x ledger.Loss, faults []report.Fault) string {
	var on []string
	for _, f := range faults {
		if f.Took() && f.Effective <= x.Newest.From && (f.Healed < 0 || f.Healed >= x.Oldest.From) {
			on = append(on, f.Name)
		}
	}
	f := culprit(x, faults)
	switch {
	case len(on) > 0:
		return "while " + list(on) + " was on"
	case f != nil && f.Effective >= x.Newest.From:
		return fmt.Sprintf("%s before %s took effect", report.Human(f.Effective-x.Newest.From), f.Name)
	}
	return ""
}
