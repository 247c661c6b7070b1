package faults

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

var delayResponseKind = Kind{
	Name:     "delay-response",
	About:    "has brokers do what they are asked at once, and answer later; what is asked behind it on the same connection waits, too",
	Target:   Nodes,
	New:      func() Fault { return &DelayResponse{API: "produce", Share: 1} },
	Survives: anyTime,
	Affects:  leads,
	LeavesUp: true,
	Needs:    needsProtocolFaulter,
	Only:     OnlyEmbedded,
	Why:      whyEmulated + "; latency delays everything that passes a link",
}

// DelayResponse delays the victims' answers.
type DelayResponse struct {
	Add   time.Duration
	API   string // in the broker's own words
	Share Share
}

// Params are the delay, the requests and the share.
func (d *DelayResponse) Params() []Param {
	return []Param{{Name: "add", About: "how much later the answer comes", Value: &d.Add}, apiParam(&d.API), shareParam(&d.Share)}
}

// Check wants a delay and a share.
func (d *DelayResponse) Check() error {
	if d.Add <= 0 {
		return errors.New("how much later do answers come? write add: 500ms")
	}
	return checkShare(d.Share)
}

// CheckWords wants requests that the kind of broker knows.
func (d *DelayResponse) CheckWords(k broker.Kind) error { return checkAPI(d.API, k) }

// Inject returns when answers are delayed.
func (d *DelayResponse) Inject(ctx context.Context, v Victims) (Revert, error) {
	return v.misanswer(ctx, broker.Misanswer{API: d.API, Delay: d.Add}, d.Share, func(n broker.Misanswered) string {
		return fmt.Sprintf("%s came %s later", answers(n.Answers, d.API), report.Human(d.Add))
	}, "waited for an answer to "+d.API+" of "+list(nodeNames(v.Nodes)))
}
