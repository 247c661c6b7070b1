package faults

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

// whyEmulated is why faults of the protocol need emulated brokers.
const whyEmulated = "a real broker answers what it answers, and nobody between it and its clients knows the protocol"

func needsProtocolFaulter(v Victims) error {
	if _, ok := v.Cluster.(broker.ProtocolFaulter); !ok {
		return errors.New("what these brokers answer cannot be changed; write run: embedded")
	}
	return nil
}

// leads reports whether a victim leads the partition: those are whom clients ask.
func leads(v Victims, p broker.PartitionState) bool {
	return slices.Contains(nodeNames(v.Nodes), p.Leader)
}

// misanswer changes answers of the victims, or the share of them that is drawn. What it did is told at the end by done; that it did nothing, as what
// nobody asked for.
func (v Victims) misanswer(ctx context.Context, m broker.Misanswer, share Share, done func(broker.Misanswered) string, asked string) (Revert, error) {
	if share < 1 {
		m.Drawn = func() bool { return v.Chance.Float64() < float64(share) }
	}
	changed, undo, err := v.Cluster.(broker.ProtocolFaulter).Misanswer(ctx, m, v.Nodes...)
	if err != nil {
		return undo, err
	}
	v.Witness.Effective(time.Now())
	told := false
	return func(ctx context.Context) error {
		if err := undo(ctx); err != nil || told {
			return err
		}
		told = true
		n := changed()
		if n.Answers == 0 {
			v.Witness.Wrong("no answer was changed: nobody %s", asked)
			return nil
		}
		v.Witness.Note("%s", done(n))
		return nil
	}, nil
}

// checkShare wants a part of the answers.
func checkShare(s Share) error {
	if s <= 0 || s > 1 {
		return errors.New("of how many answers? write share: 50%, or leave it out for all")
	}
	return nil
}

func shareParam(s *Share) Param {
	return Param{Name: "share", About: "the part of the answers that is drawn for it", Value: s}
}

func apiParam(api *string) Param {
	return Param{Name: "api", About: "the requests whose answers change: produce, fetch, metadata, find-coordinator, join-group, heartbeat, offset-commit, ...", Value: api}
}

// checkAPI wants one of the kind's requests.
func checkAPI(api string, k broker.Kind) error {
	if slices.Contains(k.APIs, api) {
		return nil
	}
	return fmt.Errorf("answers to %q cannot be changed%s; it can be done to %s", api, report.Suggest(api, k.APIs), strings.Join(k.APIs, ", "))
}

// answers prints a number of answers to a kind of request.
func answers(n int, api string) string {
	if n == 1 {
		return "1 answer to " + api
	}
	return fmt.Sprintf("%d answers to %s", n, api)
}
