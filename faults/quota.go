package faults

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

var quotaKind = Kind{
	Name:      "quota",
	About:     "lets each producing or consuming client move only so much in a second on each broker; afterwards the limit is as it was",
	Target:    Nowhere,
	New:       func() Fault { return &Quota{Of: broker.Producers} },
	Survives:  anyTime,
	Affects:   everyPartition,
	LeavesUp:  true,
	Needs:     needsQuotas,
	Only:      OnlyContainers,
	Why:       "emulated brokers take quotas and hold nobody back",
	Elsewhere: WideReach,
}

// Quota limits clients by the broker's own means.
type Quota struct {
	Of    string
	Limit BytesPerSecond
}

// Params are whom it holds for and how much it is.
func (q *Quota) Params() []Param {
	return []Param{
		{Name: "of", About: "who is limited", Value: &q.Of, OneOf: []string{broker.Producers, broker.Consumers}},
		{Name: "limit", About: "what each client may move on each broker", Value: &q.Limit},
	}
}

// Check wants a limit.
func (q *Quota) Check() error {
	if q.Limit <= 0 {
		return errors.New("how much may a client move? write limit: 100KiB/s")
	}
	return nil
}

func needsQuotas(v Victims) error {
	if _, ok := v.Driver.(broker.Quotas); !ok {
		return errors.New("this kind of broker has no quotas; limit the links instead")
	}
	return nil
}

// Inject returns when the cluster shows the limit.
func (q *Quota) Inject(ctx context.Context, v Victims) (Revert, error) {
	driver := v.Driver.(broker.Quotas)
	limit := float64(q.Limit)
	before, err := driver.Quota(ctx, q.Of)
	switch {
	case err != nil:
		return nothing, err
	case sameQuota(before, &limit):
		return nothing, fmt.Errorf("the quota of %s is %s already, so nothing would change", q.Of, q.Limit)
	}
	back := func(ctx context.Context) error {
		now, err := driver.Quota(ctx, q.Of)
		if err != nil {
			return err
		}
		if !sameQuota(now, &limit) && !sameQuota(now, before) { // another fault's, which puts ours back when it ends
			return fmt.Errorf("the quota of %s has been set to %s meanwhile", q.Of, quotaText(now))
		}
		return q.set(ctx, v, before)
	}
	if err := q.set(ctx, v, &limit); err != nil {
		return back, err
	}
	v.Witness.Effective(time.Now())
	return back, nil
}

// set returns when the cluster shows the limit.
func (q *Quota) set(ctx context.Context, v Victims, limit *float64) error {
	driver := v.Driver.(broker.Quotas)
	if err := driver.SetQuota(ctx, q.Of, limit); err != nil {
		return err
	}
	return shown(ctx, func(ctx context.Context) error {
		now, err := driver.Quota(ctx, q.Of)
		switch {
		case err != nil:
			return err
		case !sameQuota(now, limit):
			return fmt.Errorf("the cluster took a quota of %s, and shows %s", quotaText(limit), quotaText(now))
		}
		v.Witness.Note("the cluster's quota of %s is %s", q.Of, quotaText(now))
		return nil
	})
}

func sameQuota(a, b *float64) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }

func quotaText(limit *float64) string {
	if limit == nil {
		return "not set"
	}
	return BytesPerSecond(*limit).String()
}
