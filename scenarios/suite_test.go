package scenarios_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/kafka"
	"github.com/seed-228c25e4/squall/scenarios"
)

var suiteOptions = scenarios.Options{Kinds: map[string]broker.Kind{kafka.Kind.Name: kafka.Kind}}

func parseSuite(t *testing.T, text string) (*scenarios.Suite, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "night.yaml")
	mine := "name: mine\nbroker: { kind: kafka, run: embedded }\nexpect: [ lost == 0 ]\n"
	if err := os.WriteFile(filepath.Join(filepath.Dir(file), "mine.yaml"), []byte(mine), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(file), "inner.yaml"), []byte("scenarios: [ mine.yaml ]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"smoke", "nights"} {
		if err := os.Mkdir(filepath.Join(filepath.Dir(file), folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return scenarios.ParseSuite(file, []byte(text), suiteOptions)
}

func TestSuiteRuns(t *testing.T) {
	s, err := parseSuite(t, `
name: nightly
budget: 90m
order: seeded
seed: 7
fail-fast: true
baseline: { dir: before, min-share: 30%, min-time: 50ms }
rerun-inconclusive: 1
scenarios:
  - quickstart
  - mine.yaml
  - scenario: mine.yaml
    set: { load.rate: 5k/s, "topic.config[min.insync.replicas]": 1, "broker.config": { a.b: "x, y" } }
    matrix: { broker.nodes: [3, 5], load.producers.acks: [all, "1"] }
    repeat: 2
    quarantine: { reason: flaky, until: 2027-01-31 }
`)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range s.Runs {
		names = append(names, r.Name)
	}
	want := []string{"quickstart", "mine"}
	for _, of := range []string{"broker.nodes=3,load.producers.acks=all", `broker.nodes=3,load.producers.acks="1"`, "broker.nodes=5,load.producers.acks=all", `broker.nodes=5,load.producers.acks="1"`} {
		want = append(want, "mine["+of+"]#1", "mine["+of+"]#2")
	}
	if !slices.Equal(names, want) {
		t.Errorf("%q\nwant %q", names, want)
	}
	last := s.Runs[len(s.Runs)-1]
	if is := last.Scenario; is.Broker.Nodes != 5 || is.Load.Rate != 5000 || is.Load.Producers.Acks != "1" || is.Broker.Config["a.b"] != "x, y" || is.Topic.Config["min.insync.replicas"] != "1" {
		t.Errorf("%+v", is)
	}
	if s.Budget != 90*time.Minute || s.Order != scenarios.Seeded || *s.Seed != 7 || !s.FailFast || s.Rerun != 1 || last.Quarantine.Reason != "flaky" || last.Line != 12 {
		t.Errorf("%+v, %+v", s, last)
	}
	if l := s.Baseline.Limits; l.MinShare != 0.3 || l.MinTime != 50*time.Millisecond || l.Alpha != 0.05 {
		t.Errorf("limits %+v", l)
	}
}

func TestMistakesOfSuites(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"name: x", "1:1: scenarios: which scenarios?"},
		{"scenarios: []", "wants a list of scenarios, as in [ quickstart, mine.yaml ], not an empty one"},
		{"scenarios: 3", "not the number 3"},
		{"name: x\nscenarois: [ quickstart ]", `2:1: there is no field "scenarois" here`},
		{"name: x\nscenarois: [ quickstart ]", `did you mean "scenarios"?`},
		{"scenarios: [ quickstart,\n  inner.yaml ]", "2:3: scenarios[1]: "},
		{"scenarios: [ inner.yaml ]", "is a suite, and a suite runs no other; name its scenarios here"},
		{"scenarios: [ quickstart, controls, nights ]", `is a folder; name the scenario files in it`},
		{"scenarios: [ { scenario: quickstart, matrix: { broker.nodes: [] } } ]", "wants a list of values, as in [3, 5], not an empty one"},
		{"scenarios: [ quickstar ]", `no scenario of that name in the library, and no file`},
		{"scenarios: [ quickstar ]", `did you mean "quickstart"?`},
		{"scenarios: [ none.yaml ]", "there is no file"},
		{"scenarios: [ { repeat: 3 } ]", "which scenario?"},
		{"scenarios: [ { scenario: quickstart, repeat: 0 } ]", "scenarios[0].repeat: 0 is out of bounds"},
		{"scenarios: [ { scenario: quickstart, matrix: { broker.nodes: 3 } } ]", "wants a list of values, as in [3, 5], not the number 3"},
		{"scenarios: [ { scenario: quickstart, matrix: { broker.nodes: [3, 0] } } ]", "1:66: scenarios[0].set.broker.nodes: of quickstart: 0 is out of bounds"},
		{"scenarios: [ { scenario: quickstart, quarantine: { reason: x, until: soon } } ]", "wants a day such as 2027-01-31"},
		{"scenarios: [ { scenario: quickstart, quarantine: { until: 2027-01-31 } } ]", "wants a reason and the last day"},
		{"scenarios: [ quickstart ]\nbudget: 5", "2:9: budget: 5 has no unit"},
		{"scenarios: [ quickstart ]\nbaseline: { dir: x, min-share: 20 }", "baseline.min-share: 20 has no unit; write a share such as 50%"},
		{"scenarios: [ quickstart ]\norder: random", "wants as-written or seeded"},
		{"scenarios: [ quickstart ]\nfail-fsat: true", `did you mean "fail-fast"`},
		{"scenarios: [ quickstart ]\nrerun-inconclusive: 99", "out of bounds"},
		{"scenarios: [ { scenario: mine.yaml, matrix: { seed: [1,2,3,4,5,6,7,8,9,10,11] }, repeat: 100 } ]", "more than 1000 runs"},
	} {
		_, err := parseSuite(t, c.text)
		var all scenarios.Errors
		if !errors.As(err, &all) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v\nwant %s", c.text, err, c.want)
		}
	}
}

// Runs that differ in nothing but what their entries set are told apart by that, and others are called by their scenario alone. A group is one, whatever folders there are.
func TestNamesOfRuns(t *testing.T) {
	s, err := parseSuite(t, `
scenarios:
  - { scenario: mine.yaml, set: { load.rate: 1/s }, matrix: { seed: [1, 2] } }
  - { scenario: mine.yaml, set: { load.rate: 2/s }, matrix: { seed: [2] }, repeat: 2 }
  - { scenario: mine.yaml, set: { load.rate: 3/s } }
  - { scenario: mine.yaml, set: { load.rate: 4/s, broker.nodes: 5 } }
  - { scenario: mine.yaml, set: { "broker.config[ssl.key.password]": hunter22 } }
  - { scenario: quickstart, set: { load.rate: 100/s } }
`)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range s.Runs {
		names = append(names, r.Name)
	}
	want := []string{"mine[seed=1]", "mine[seed=2]", "mine[seed=2]#1", "mine[seed=2]#2", "mine[load.rate=3/s]", "mine[load.rate=4/s,broker.nodes=5]", "mine[broker.config[ssl.key.password]=***]", "quickstart"}
	if !slices.Equal(names, want) {
		t.Errorf("%q\nwant %q", names, want)
	}
	if s, err = parseSuite(t, "scenarios: [ smoke ]"); err != nil || len(s.Runs) != len(scenarios.Group("smoke")) {
		t.Errorf("%+v, %v", s, err)
	}
}

// A file with a mistake in the one word that makes it a suite is one.
func TestIsSuite(t *testing.T) {
	for text, want := range map[string]bool{"scenarios: [ a ]": true, "scenarois: [ a ]": true, "scenario: a": true, "name: x\nScenarios: []": true, "name: scenarios": false,
		"broker: { kind: kafka }": false, "[ scenarios ]": false, "": false} {
		if scenarios.IsSuite([]byte(text)) != want {
			t.Errorf("%q: want %v", text, want)
		}
	}
}

// What comes from standard input is bounded as files are.
func TestReadIsBounded(t *testing.T) {
	if data, err := scenarios.Read(strings.NewReader("name: x")); string(data) != "name: x" || err != nil {
		t.Errorf("%q, %v", data, err)
	}
	if _, err := scenarios.Read(strings.NewReader(strings.Repeat(" ", 1<<20+1))); err == nil || !strings.Contains(err.Error(), "larger than 1024 KiB") {
		t.Error(err)
	}
}
