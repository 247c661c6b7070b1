package nats

import (
	"testing"
	"time"
)

// Heartbeats that are missing now and then are no silence; those that are missing one after another are, from the first of them on.
func TestSilence(t *testing.T) {
	begin := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var s silence
	for _, c := range []struct{ at, want time.Duration }{
		{0, 0}, {time.Minute, 0}, {2 * time.Minute, 0}, // each a miss by itself
		{2*time.Minute + 2*time.Second, 2 * time.Second}, {2*time.Minute + 4*time.Second, 4 * time.Second}, {2*time.Minute + 6*time.Second, 6 * time.Second},
		{3 * time.Minute, 0},
	} {
		if got := s.since(begin.Add(c.at)); got != c.want {
			t.Errorf("after %v: silent for %v, want %v", c.at, got, c.want)
		}
	}
}
