package faults

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

// settling is how long after an impairment is in force its links are first looked at: what a connection was just passing on is through by then, and
// no count is older than the impairment.
const settling = 100 * time.Millisecond

// A span is what passed one link while it was watched, and how long that was.
type span struct {
	link          broker.Link
	first         broker.LinkTraffic // when it was still whole
	before, after broker.LinkTraffic
	lasted        time.Duration
}

// requests and replies are the bytes that passed; made are the connections that were accepted.
func (s span) requests() uint64 { return s.after.Requests - s.before.Requests }
func (s span) replies() uint64  { return s.after.Replies - s.before.Replies }
func (s span) made() uint64     { return s.after.Made - s.before.Made }

// cut and late are connections that the impairment ended, and whose end it passed on late, since it began.
func (s span) cut() uint64  { return s.after.Cut - s.first.Cut }
func (s span) late() uint64 { return s.after.Late - s.first.Late }

// hit are the connections that the impairment acted on since it began.
func (s span) hit() uint64 { return s.after.Open + s.after.Made - s.first.Made + s.cut() }

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

// kept returns how the halves that a fault acts on were passed on.
func (s span) kept(h Half) (all []broker.Kept) {
	if h != Replies {
		all = append(all, kept(s.before.RequestsKept, s.after.RequestsKept))
	}
	if h != Requests {
		all = append(all, kept(s.before.RepliesKept, s.after.RepliesKept))
	}
	return all
}

func kept(before, after broker.Kept) broker.Kept {
	return broker.Kept{Pieces: after.Pieces - before.Pieces, Sum: after.Sum - before.Sum}
}

// mean returns how long a piece was in the link, on average; 0 where there was none.
func mean(k broker.Kept) time.Duration { return k.Sum / time.Duration(max(1, k.Pieces)) }

// A judge looks at what passed one link while it was impaired.
type judge struct {
	// obeyed says what the link did that it was not to do.
	obeyed func(span) error
	// felt reports whether anybody had to do with the impairment; nil: that is not to be known. Where no link felt it, unfelt says what there was not.
	felt   func(span) bool
	unfelt string
}

// watch does the same to all the victims' links at once, and has each judged before it is undone. Where one did what it was not to do, or none felt
// what was done, that is told, and the run is then inconclusive.
func (v Victims) watch(ctx context.Context, imp broker.Impairment, j judge) (Revert, error) {
	hit, undo, err := v.impair(ctx, imp)
	if err != nil {
		return undo, err
	}
	if !sleep(ctx, settling) {
		return undo, ctx.Err()
	}
	before, unknown := hit.traffic(ctx)
	begun := time.Now()
	judged := false
	return func(ctx context.Context) error {
		if !judged { // a way back that is gone again finds links that are whole already
			judged = true
			after, err := hit.traffic(ctx)
			hit.judge(before, after, time.Since(begun), j, errors.Join(hit.unknown, unknown, err))
		}
		return undo(ctx)
	}, nil
}

func (h impaired) judge(before, after []broker.LinkTraffic, lasted time.Duration, j judge, unknown error) {
	if unknown != nil {
		h.Witness.Wrong("whether the links did as they were told is not known: %v", unknown)
		return
	}
	felt := j.felt == nil
	for i, l := range h.Links {
		s := span{l, h.first[i], before[i], after[i], lasted}
		if err := j.obeyed(s); err != nil {
			h.Witness.Wrong("%s: %v", linkName(l), err)
		}
		felt = felt || j.felt(s)
	}
	if !felt {
		h.Witness.Wrong("nobody felt it: %s", j.unfelt)
	}
}

// passedSome reports whether anything passed the halves that a fault acts on, while it did.
func (v Victims) passedSome(s span) bool {
	return slices.ContainsFunc(s.kept(v.Half), func(k broker.Kept) bool { return k.Pieces > 0 })
}

const nothingPassed = "nothing passed the links while it lasted"

// unlessCut is for faults that cut links: of those between nodes, the cluster can go on without the nodes that are cut off, if it can lose them; whoever
// dials a broker itself is served again only when the fault is over.
func unlessCut(victims, nodes []string, partitions []broker.PartitionState) bool {
	return len(victims) > 0 && survivesLoss(victims, nodes, partitions)
}

// notWhileCut is for what is done to a part of the requests: service may be back and gone again before the fault is over.
func notWhileCut(_, _ []string, _ []broker.PartitionState) bool { return false }

// unlessNeeded is for cuts that come and go, each too short to be got used to: what needs a node that is cut off is interrupted by every cut anew, also where
// the cluster could do without the node for good. Only where no partition has it in sync is nothing interrupted.
func unlessNeeded(victims, nodes []string, partitions []broker.PartitionState) bool {
	needed := func(p broker.PartitionState) bool {
		return slices.ContainsFunc(victims, func(n string) bool { return p.Leader == n || slices.Contains(p.InSync, n) })
	}
	return unlessCut(victims, nodes, partitions) && !slices.ContainsFunc(partitions, needed)
}

// mostlyWhole is the largest share of connections of which those who dial again soon have one that was not drawn: the second, on average.
const mostlyWhole Share = 0.5

// isRedialed reports whether of connections that end, only a share does, and one dialed in their place is as likely to be whole.
func isRedialed(share Share) bool { return share > 0 && share <= mostlyWhole }
