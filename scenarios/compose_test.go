package scenarios

import (
	"reflect"
	"strings"
	"testing"

	"github.com/seed-228c25e4/squall/faults"
)

const composed = `
name: composed
seed: 7
broker: { kind: kafka }
topic: { name: orders, partitions: 6 }
load: { consumers: { count: 2, group: billing } }
phases: { recovery: 20s }
faults:
  - { name: death, at: 0s, for: 10s, kill: leader, repeat: 3 }
  - name: row
    after: death recovered
    at: 5s
    sequence:
      - { for: 10s, isolate: leader }
      - { for: 5s, kill: same, at: 2s }
      - { for: 12s, split: leader | rest }
  - name: pair
    at: 400s
    repeat: 2
    every: 90s
    phase: 0s
    parallel:
      - { for: 10s, data-only: follower }
      - { at: 3s, for: 10s, latency: { add: 50ms }, link: clients -> not leader }
  - { name: late, at: 600s, when: isr of orders/0 == 2, within: 20s, for: 30s, until: lag > 10k, kill: any not leader }
  - { after: leader-changed, for: 10s, swizzle: { by: refuse }, node: all }
  - name: soak
    at: 700s
    for: 3m
    random:
      of:
        - { weight: 3, for: 5s, kill: any }
        - { for: 15s, latency: { add: 200ms }, link: any -> peers }
      every: 20s
      blast-radius: 34%
      never: [b1, latency]
expect:
  - recovery.service < 15s of death
  - "recovery.service < 15s of death #2"
  - recovery.service < 15s of row
  - recovery.detect < 15s of soak
`

// What is composed is explained injection by injection, and what is written out reads the same.
func TestComposed(t *testing.T) {
	t.Parallel()
	s := mustParse(t, composed)
	golden(t, "testdata/composed.golden", Explain(s, kinds["kafka"]))
	again, err := Parse(s.Source, Effective(s), Options{Kinds: kinds})
	if err != nil || !reflect.DeepEqual(again, s) {
		t.Errorf("%v\ngot  %+v\nwant %+v", err, again, s)
	}
	var soak int
	for _, f := range s.Faults {
		if f.Group == "soak" {
			if soak++; f.Kind != "kill" {
				t.Errorf("%s is a %s, which is never to be drawn", f.Name, f.Kind)
			}
		}
	}
	if soak < 5 {
		t.Errorf("%d random faults", soak)
	}
}

// Another seed, on the command line too, is another plan.
func TestSeedDecidesThePlan(t *testing.T) {
	t.Parallel()
	parse := func(seed *uint64) string {
		s, err := Parse("test.yaml", []byte(composed), Options{Kinds: kinds, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		explainTimeline(&b, s)
		return b.String()
	}
	seven, eight := uint64(7), uint64(8)
	if parse(nil) != parse(&seven) || parse(nil) == parse(&eight) {
		t.Error("the seed does not decide")
	}
}

// What squall list faults shows as an example of a kind reads as such, where it needs no text of one's own.
func TestExamplesOfKinds(t *testing.T) {
	t.Parallel()
	for _, k := range faults.Kinds() {
		if strings.Contains(k.Example(), "...") {
			continue
		}
		run := k.Only
		if run == "" {
			run = Containers
		}
		text := "broker: { kind: kafka, nodes: 5, run: " + run + " }\nfaults: [ " + k.Example() + " ]\n"
		if _, err := Parse("x.yaml", []byte(text), Options{Kinds: kinds}); err != nil {
			t.Errorf("%s: %v", k.Name, err)
		}
	}
}
