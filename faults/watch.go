package faults

import (
	"context"
	"errors"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

// settling is how long after an impairment is in force its links are first looked at: what a connection was just passing on is through by then, and
// no count is older than the impairment.
const settling = 100 * time.Millisecond

// A span is what passed one link while it was watched, and how long that was.
type span struct {
	link          broker.Link
	before, after broker.LinkTraffic
	lasted        time.Duration
}

// requests and replies are the bytes that passed; made are the connections that were accepted.
func (s span) requests() uint64 { return s.after.Requests - s.before.Requests }
func (s span) replies() uint64  { return s.after.Replies - s.before.Replies }
func (s span) made() uint64     { return s.after.Made - s.before.Made }

// of returns the bytes that passed on the halves that a fault acts on.
func (s span) of(h Half) []uint64 {
	switch h {
	case Requests:
		return []uint64{s.requests()}
	case Replies:
		return []uint64{s.replies()}
	}
	return []uint64{s.requests(), s.replies()}
}

// watch does the same to all the victims' links at once, and has each judged before it is undone: a judge who finds that the links did what they were
// not to do says what, and the run is then inconclusive.
func (v Victims) watch(ctx context.Context, imp broker.Impairment, judge func(span) error) (Revert, error) {
	undo, err := v.act(ctx, imp)
	if err != nil {
		return undo, err
	}
	if !sleep(ctx, settling) {
		return undo, ctx.Err()
	}
	before, unknown := v.traffic(ctx)
	begun := time.Now()
	judged := false
	return func(ctx context.Context) error {
		if !judged { // a way back that is gone again finds links that are whole already
			judged = true
			after, err := v.traffic(ctx)
			v.judge(before, after, time.Since(begun), judge, errors.Join(unknown, err))
		}
		return undo(ctx)
	}, nil
}

func (v Victims) judge(before, after []broker.LinkTraffic, lasted time.Duration, judge func(span) error, unknown error) {
	if unknown != nil {
		v.Witness.Wrong("whether the links did as they were told is not known: %v", unknown)
		return
	}
	for i, l := range v.Links {
		if err := judge(span{l, before[i], after[i], lasted}); err != nil {
			v.Witness.Wrong("%s: %v", linkName(l), err)
		}
	}
}

// notWhileCut is for faults that nobody gets round: who is behind the link is served again when the fault is over.
func notWhileCut(_, _ []string, _ []broker.PartitionState) bool { return false }
