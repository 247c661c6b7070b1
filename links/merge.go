package links

import (
	"errors"
	"fmt"

	"github.com/seed-228c25e4/squall/broker"
)

// merge adds up what several impairments do to one link.
func merge(all ...broker.Impairment) (broker.Impairment, error) {
	var sum broker.Impairment
	for _, imp := range all {
		if err := check(imp); err != nil {
			return broker.Impairment{}, err
		}
		sum.Requests = mergeHalf(sum.Requests, imp.Requests)
		sum.Replies = mergeHalf(sum.Replies, imp.Replies)
		sum.Refuse = sum.Refuse || imp.Refuse
		if imp.Reset && (!sum.Reset || imp.After < sum.After) {
			sum.Reset, sum.After = true, imp.After
		}
	}
	return sum, check(sum)
}

func mergeHalf(a, b broker.Half) broker.Half {
	a.Delay += b.Delay
	a.Jitter += b.Jitter
	a.Close += b.Close
	a.Rate = lowest(a.Rate, b.Rate)
	a.Slice = lowest(a.Slice, b.Slice)
	a.Limit = lowest(a.Limit, b.Limit)
	a.Pause = max(a.Pause, b.Pause)
	a.Hold = a.Hold || b.Hold
	a.Drop = a.Drop || b.Drop
	return a
}

// lowest returns the lower of two limits, of which 0 is none.
func lowest(a, b int64) int64 {
	if a == 0 || b > 0 && b < a {
		return b
	}
	return a
}

// check returns what is impossible about an impairment.
func check(imp broker.Impairment) error {
	switch {
	case imp.Share < 0 || imp.Share > 1:
		return fmt.Errorf("a share of %v is none: it lies between 0 and 1", imp.Share)
	case imp.After < 0:
		return errors.New("a reset cannot come before its connection")
	case imp.After > 0 && !imp.Reset:
		return errors.New("there is a time until a reset, and no reset")
	}
	if err := checkHalf(imp.Requests); err != nil {
		return fmt.Errorf("requests: %w", err)
	}
	if err := checkHalf(imp.Replies); err != nil {
		return fmt.Errorf("replies: %w", err)
	}
	return nil
}

func checkHalf(h broker.Half) error {
	switch {
	case h.Delay < 0 || h.Jitter < 0 || h.Rate < 0 || h.Slice < 0 || h.Pause < 0 || h.Limit < 0 || h.Close < 0:
		return errors.New("delay, jitter, rate, slice, pause, limit and close cannot be negative")
	case h.Jitter > h.Delay:
		return fmt.Errorf("the jitter (%v) is larger than the delay (%v)", h.Jitter, h.Delay)
	case h.Pause > 0 && h.Slice == 0:
		return errors.New("a pause is between slices, and there is no slice")
	case h.Hold && h.Drop:
		return errors.New("cannot hold and drop at the same time: what is held arrives later, and what is dropped never does")
	}
	return nil
}
