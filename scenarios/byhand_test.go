package scenarios

import (
	"strings"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/faults"
)

const touchable = `
broker: { kind: kafka, run: containers, nodes: 3 }
topic: { name: orders, partitions: 6 }
faults:
  - { name: planned, at: 10s, for: 20s, kill: b1 }
  - { name: cut, at: 60s, for: 20s, isolate: leader }
`

func touched(t *testing.T) *Scenario {
	t.Helper()
	s, err := Parse("test.yaml", []byte(touchable), Options{Kinds: kinds})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestParseFault(t *testing.T) {
	t.Parallel()
	s := touched(t)
	for line, want := range map[string]string{
		"{ kill: leader, for: 20s }":                                      "kill leader 20s",
		"{ kill: leader of orders/3 }":                                    "kill leader of orders/3 0s",
		"{ latency: { add: 200ms }, link: producers -> leader, for: 1m }": "latency producers -> leader 1m0s",
		"kill: b2": "kill b2 0s",
		"{ kill: any, for: 1m, until: leader-changed }":                        "kill any 1m0s",
		"{ split: leader | rest, for: 5s }":                                    "split leader | rest 5s",
		"{ latency: { add: 1s }, link: b1 -> peers, plane: data, share: 50% }": "latency b1 -> peers (data, 50% of the connections) 0s",
	} {
		f, err := s.ParseFault(line, kinds)
		if got := f.Kind + " " + f.Target.String() + " " + f.For.String(); err != nil || got != want || f.Fault == nil {
			t.Errorf("%s: got %s, %v; want %s", line, got, err, want)
		}
	}
}

// What is wrong with a line is told with its place and the nearest right word, as in a file.
func TestParseFaultMistakes(t *testing.T) {
	t.Parallel()
	s := touched(t)
	for line, want := range map[string]string{
		"":                      "by hand:1:1: wants a fault in one line, as in { kill: leader, for: 20s }",
		"kill: b1\nfor: 2s":     "by hand:1:1: wants a fault in one line",
		"boom":                  `by hand:1:1: fault: wants a fault, as in { kill: leader, for: 20s }, not "boom"`,
		"# nothing":             "by hand:1:1: wants a fault in one line",
		"{ kil: leader }":       `by hand:1:3: fault: there is no field and no fault "kil"; fields are for, until, node, link, client, sides, plane, only, share, and squall list faults names the faults; did you mean "kill"?` + "\n    { kil: leader }\n      ^",
		"{ kill: leeder }":      `did you mean "leader"?`,
		"{ kill: b9, for: 20 }": `by hand:1:18: fault.for: `,
		"{ at: 0s, kill: b1 }":  "by hand:1:3: fault: a fault by hand is one fault that begins now; leave at out, or write it into a scenario",
		"{ sequence: [ { kill: b1, for: 1s } ] }":          "leave sequence out",
		"{ kill: leader of ordres/0 }":                     `did you mean "orders"?`,
		"{ for: 20s }":                                     "what breaks? write a kind of fault, as in kill: leader",
		"{ kill: b1, pause: b2 }":                          "one fault does one thing",
		"{ kill: !leader }":                                "tags",
		"{ kill: leader":                                   "this is no YAML",
		"{ error: { code: NOT_COORDINATOR, api: fetch } }": "needs run: embedded",
	} {
		_, err := s.ParseFault(line, kinds)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v; want %s", line, err, want)
		}
	}
}

// byHandStep is a line with its name and times.
func byHandStep(t *testing.T, s *Scenario, name, line string, at, length time.Duration) faults.Step {
	t.Helper()
	f, err := s.ParseFault(line, kinds)
	if err != nil {
		t.Fatal(err)
	}
	f.Name, f.At, f.For, f.ByHand = name, at, length, true
	return f
}

// What was done by hand is written at its time, reads as a scenario that has it, and the scenario itself stays as it was.
func TestWithByHand(t *testing.T) {
	t.Parallel()
	s := touched(t)
	before := string(Effective(s))
	more, notes := WithByHand(s, []faults.Step{
		byHandStep(t, s, "by-hand-1", "{ kill: leader }", -3*time.Second, 2*time.Second),
		byHandStep(t, s, "by-hand-2", "{ latency: { add: 200ms }, link: producers -> leader }", -time.Second, 5*time.Second),
		byHandStep(t, s, "by-hand-3", "{ kill: b1 }", 29500*time.Millisecond, 5*time.Second), // the planned kill was over a little earlier than planned
		byHandStep(t, s, "by-hand-4", "{ pause: b2 }", 45*time.Second, 0),
		byHandStep(t, s, "by-hand-5", "{ pause: b2 }", 90*time.Second, time.Second),
	})
	if !more.Shorten("cut", 7*time.Second) || more.Shorten("nobody", time.Second) {
		t.Error("the entry was not found, or one that there is not was")
	}
	want := []string{
		"the baseline ends 3s earlier: where the first fault by hand began",
		"by-hand-3 begins 500ms later: what it hurts is down until then",
		"by-hand-5 is left out: what it hurts is down until heal then",
	}
	if got := strings.Join(notes, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("notes:\n%s", got)
	}
	text := Annotated(more, notes)
	again, err := Parse("again.yaml", text, Options{Kinds: kinds})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	var got []string
	for _, f := range again.Faults {
		got = append(got, f.Name+" "+f.At.String()+" "+f.For.String())
	}
	if all := strings.Join(got, ", "); all != "planned 13s 20s, cut 1m3s 7s, by-hand-1 0s 2s, by-hand-2 2s 5s, by-hand-3 33s 5s, by-hand-4 48s 0s" {
		t.Errorf("%s\n%s", all, text)
	}
	if !strings.HasPrefix(string(text), "# the baseline ends 3s earlier") || string(Effective(s)) != before {
		t.Errorf("%s", text)
	}
}
