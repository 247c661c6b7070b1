package capacity

import (
	"strings"
	"testing"
)

func TestParseGoal(t *testing.T) {
	for _, c := range []struct {
		target, growth string
		size, needed   float64
		err            string
	}{
		{"50MiB/s", "2x", 1024, 102_400, ""}, {"5k/s", "1.5", 0, 7_500, ""}, {"120k/min", "", 0, 2_000, ""},
		{"50MiB/s", "", 0, 0, "the size of a message is not known"}, {"fast", "", 1, 0, "--target: \"fast\" is not a rate"}, {"0/s", "", 1, 0, "no rate"}, {"5k/s", "0.5x", 1, 0, "--growth"},
		{"5k/s", "NaN", 1, 0, "--growth"}, {"5k/s", "1e9x", 1, 0, "--growth"}, {"", "2x", 1, 0, "give --target"},
	} {
		g, err := ParseGoal(c.target, c.growth, c.size)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s %s: %v, want %q", c.target, c.growth, err, c.err)
			}
			continue
		}
		if err != nil || g.Needed() != c.needed {
			t.Errorf("%s %s: %+v, %v; want %g/s", c.target, c.growth, g, err, c.needed)
		}
	}
	if g, err := ParseGoal("", "", 0); g != nil || err != nil {
		t.Errorf("%+v, %v", g, err)
	}
}
