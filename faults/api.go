package faults

import (
	"context"
	"time"
)

// shownWithin is how long the cluster may take until it shows what it was asked to change.
const shownWithin = 10 * time.Second

// shown looks again and again until nothing is missing, and returns what was missing last.
func shown(ctx context.Context, look func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, shownWithin)
	defer cancel()
	for {
		err := look(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(50 * time.Millisecond):
		}
	}
}
