package capacity_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/capacity"
)

// A cluster that gets faster while it is searched is told so, and one that stays what it is never is, whatever chance does to its points.
func TestDrift(t *testing.T) {
	for seed := range uint64(3) {
		for _, warms := range []time.Duration{0, 30 * time.Minute} {
			m := &modelled{t: t, seed: seed, mu: 2000, down: 0.7, catching: 0.6, warms: warms}
			o := m.options(scenario)
			o.Faults = capacity.FaultsOn
			r := m.search(o)
			d := r.Analysis.Drift
			if (d != nil) != (warms > 0) {
				t.Errorf("seed %d, warm after %v: %+v", seed, warms, d)
			}
			var page bytes.Buffer
			if err := capacity.HTML(&page, r); err != nil {
				t.Fatal(err)
			}
			if told := strings.Contains(page.String(), "got faster while it was searched"); told != (warms > 0) {
				t.Errorf("seed %d, warm after %v: the page says so: %v", seed, warms, told)
			}
		}
	}
}
