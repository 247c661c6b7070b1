package faults

import (
	"context"
	"errors"
	"strconv"
)

var lowerMaxMessageBytesKind = Kind{
	Name:      "lower-max-message-bytes",
	About:     "lets the topic take smaller batches only: larger ones are refused for good, and counted as rejected",
	Target:    Nowhere,
	New:       func() Fault { return &LowerMaxMessageBytes{} },
	Survives:  anyTime,
	Affects:   everyPartition,
	LeavesUp:  true,
	Needs:     needsConfigurer,
	Elsewhere: OwnReach,
}

// LowerMaxMessageBytes sets the topic's max.message.bytes.
type LowerMaxMessageBytes struct{ To Bytes }

// Params is the size.
func (l *LowerMaxMessageBytes) Params() []Param {
	return []Param{{Name: "to", About: "the largest batch of messages that the topic takes, as it is sent", Value: &l.To}}
}

// Check wants a size.
func (l *LowerMaxMessageBytes) Check() error {
	if l.To <= 0 {
		return errors.New("how large may a batch be? write to: 1KiB")
	}
	return nil
}

// Needs wants the topic to have another limit.
func (l *LowerMaxMessageBytes) Needs(v Victims) error { return l.change(v).needs() }

// Inject returns when the limit is in force on every node that answers.
func (l *LowerMaxMessageBytes) Inject(ctx context.Context, v Victims) (Revert, error) {
	return l.change(v).inject(ctx)
}

func (l *LowerMaxMessageBytes) change(v Victims) change {
	return change{v: v, topic: v.Topic, setting: "max.message.bytes", to: strconv.FormatInt(int64(l.To), 10)}
}
