package faults_test

import (
	"regexp"
	"slices"
	"testing"

	"github.com/seed-228c25e4/squall/faults"
)

// What is refused is no fault, and what is named in its place is one.
func TestRefused(t *testing.T) {
	why, ok := faults.Refused("throttle-disk")
	if !ok || !regexp.MustCompile(`buffered writes.* write fill-disk .*limit-memory .*latency `).MatchString(why) {
		t.Errorf("throttle-disk: %q", why)
	}
	if slices.Contains(faults.KindNames(), "throttle-disk") {
		t.Error("throttle-disk is refused, and a kind")
	}
	for _, instead := range []string{"fill-disk", "limit-memory", "bandwidth", "latency", "pause"} {
		if _, ok := faults.FindKind(instead); !ok {
			t.Errorf("%s is to be written in its place, and is no fault", instead)
		}
	}
	if why, ok := faults.Refused("throttle-disc"); ok {
		t.Errorf("throttle-disc: %q", why)
	}
}
