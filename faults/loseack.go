package faults

import (
	"context"
	"fmt"

	"github.com/seed-228c25e4/squall/broker"
)

var loseAckKind = Kind{
	Name:     "lose-ack",
	About:    "has brokers store what producers send and close the connection in the place of an acknowledgement: what a client sends again is there already",
	Target:   Nodes,
	New:      func() Fault { return &LoseAck{Share: 1} },
	Survives: notWhileCut,
	Affects:  leads,
	LeavesUp: true,
	Needs:    needsProtocolFaulter,
	Only:     OnlyEmbedded,
	Why:      whyEmulated,
}

// LoseAck loses the victims' acknowledgements.
type LoseAck struct{ Share Share }

// Params is the share.
func (l *LoseAck) Params() []Param { return []Param{shareParam(&l.Share)} }

// Check wants a share.
func (l *LoseAck) Check() error { return checkShare(l.Share) }

// Inject returns when acknowledgements get lost.
func (l *LoseAck) Inject(ctx context.Context, v Victims) (Revert, error) {
	return v.misanswer(ctx, broker.Misanswer{LoseAck: true}, l.Share, func(n broker.Misanswered) string {
		return fmt.Sprintf("%d acknowledgements were lost, for %d messages that are stored", n.Answers, n.Messages)
	}, "sent anything to "+list(nodeNames(v.Nodes))+" that was acknowledged")
}
