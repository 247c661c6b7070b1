package faults

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// one is a plan of one kill.
func one(name, target string, at, length time.Duration) Plan {
	return Plan{Step: kill(name, target, at, length)}
}

// schedule prints what was planned, a line for each injection.
func schedule(steps []Step) []string {
	var lines []string
	for _, s := range steps {
		line := fmt.Sprintf("%s at %v for %v", s.Name, s.At, s.For)
		for _, a := range s.After {
			line += fmt.Sprintf(" after %s+%v", a.Step, a.Delay)
			if a.Recovered {
				line += " recovered"
			}
		}
		if s.Floats {
			line += " floats"
		}
		lines = append(lines, line)
	}
	return lines
}

func TestExpand(t *testing.T) {
	t.Parallel()
	plans := []Plan{
		{Step: Step{Name: "row", At: 10 * sec}, Sequence: []Plan{one("a", "b1", 0, 5*sec), one("b", "same", 2*sec, 5*sec)}},
		{Step: Step{Name: "pair", At: 30 * sec}, Parallel: []Plan{one("c", "b1", 0, 5*sec), one("d", "b2", sec, 5*sec)}},
		{Step: one("e", "leader", 50*sec, 5*sec).Step, Repeat: 2, Every: 20 * sec},
		{Step: one("f", "leader", 3*sec, 5*sec).Step, Follows: "pair", Recovered: true},
		{Step: Step{Name: "rows", At: 200 * sec}, Repeat: 2, Every: 60 * sec, Sequence: []Plan{one("g", "b1", 0, 5*sec), one("h", "b2", 0, 5*sec)}},
	}
	want := []string{
		"a at 10s for 5s",
		"b at 17s for 5s after a+2s floats",
		"c at 30s for 5s",
		"d at 31s for 5s",
		"e #1 at 50s for 5s",
		"e #2 at 1m10s for 5s after e #1+0s",
		"f at 49s for 5s after c+3s recovered after d+3s recovered floats",
		"g #1 at 3m20s for 5s",
		"h #1 at 3m25s for 5s after g #1+0s floats",
		"g #2 at 4m20s for 5s after g #1+0s after h #1+0s",
		"h #2 at 4m25s for 5s after g #2+0s floats",
	}
	steps := Expand(plans, 1, 10*sec)
	if got := schedule(steps); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if s := steps[9]; s.Of != "g" || s.Group != "rows" || !s.Planned(0).Is("rows") || !s.Planned(0).Is("g") || s.Planned(0).Is("h") {
		t.Errorf("%+v", s)
	}
}

// Phases and random schedules come from the seed: the same twice, others for another seed.
func TestExpandIsSeeded(t *testing.T) {
	t.Parallel()
	plans := func() []Plan {
		return []Plan{
			{Step: one("e", "any", 0, 5*sec).Step, Repeat: 5, Every: 20 * sec, Phase: 2 * sec},
			{Step: Step{Name: "soak", At: 200 * sec, For: 20 * time.Minute}, Random: &Random{Every: 30 * sec, AtMost: 1, Stable: 10 * sec, Of: []Choice{
				{Step: kill("", "any", 0, 5*sec), Weight: 3}, {Step: slow("", "any -> peers", 0, 15*sec), Weight: 1}}}},
		}
	}
	a, again, other := Expand(plans(), 7, sec), Expand(plans(), 7, sec), Expand(plans(), 8, sec)
	if !reflect.DeepEqual(schedule(a), schedule(again)) {
		t.Error("the same seed plans something else")
	}
	if slices.Equal(schedule(a)[:5], schedule(other)[:5]) || slices.Equal(schedule(a)[5:], schedule(other)[5:]) {
		t.Error("another seed plans the same")
	}
	for i, s := range a[:5] {
		if phase := s.At - time.Duration(i)*20*sec; phase < 0 || phase >= 2*sec {
			t.Errorf("%s is %v late", s.Name, phase)
		}
	}
}

// A random schedule keeps its rate, its weights, and its distances.
func TestRandomSchedule(t *testing.T) {
	t.Parallel()
	for _, r := range []Random{
		{Every: 30 * sec, AtMost: 1, Stable: 10 * sec},
		{Every: 10 * sec, AtMost: 2, Stable: 0},
		{Every: 10 * sec, AtMost: 3, Stable: 5 * sec, Except: []string{"latency"}},
	} {
		r.Of = []Choice{{Step: kill("", "any", 0, 5*sec), Weight: 3}, {Step: slow("", "any -> peers", 0, 15*sec), Weight: 1}}
		length := 10 * time.Hour
		steps := Expand([]Plan{{Step: Step{Name: "soak", For: length}, Random: &r}}, 3, sec)
		kills := 0
		for i, s := range steps {
			on := 0
			for _, o := range steps[:i] {
				if o.End() > s.At {
					on++
				}
			}
			if on >= r.AtMost {
				t.Fatalf("%s begins while %d are on", s.Name, on)
			}
			if i > 0 && on == 0 && s.At-steps[i-1].End() < r.Stable {
				t.Errorf("%s begins %v after %s", s.Name, s.At-steps[i-1].End(), steps[i-1].Name)
			}
			if s.Kind == "kill" {
				kills++
			}
			if s.End() > length || s.Limits == nil || s.Limits.AtMost != r.AtMost {
				t.Errorf("%+v", s)
			}
		}
		share := float64(kills) / float64(len(steps))
		if want := 0.75; len(r.Except) == 0 && (share < want-0.06 || share > want+0.06) || len(r.Except) > 0 && share != 1 {
			t.Errorf("%d of %d are kills", kills, len(steps))
		}
		if mean := length / time.Duration(len(steps)); mean < r.Every*9/10 || mean > r.Every*13/10 && r.AtMost > 1 {
			t.Errorf("%d faults, one every %v", len(steps), mean)
		}
	}
}
