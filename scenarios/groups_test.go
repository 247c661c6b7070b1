package scenarios

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

// Every scenario of the library is in one group; controls and the track record are those that state a failure, smoke is what needs nothing and does not last, and nightly
// what needs real brokers.
func TestGroups(t *testing.T) {
	t.Parallel()
	var grouped []string
	for _, g := range Groups() {
		if g.About == "" || !slices.Equal(Group(g.Name), g.Names) || slices.Contains(Library(), g.Name) {
			t.Errorf("group %q: about %q, found %v", g.Name, g.About, Group(g.Name))
		}
		load := 0.0
		for _, name := range g.Names {
			s := inLibrary(t, name)
			if fails := s.Verdict.Outcome == report.Fail; fails != (g.Name == "controls" || g.Name == "track-record") {
				t.Errorf("%s is in %s, and states %q", name, g.Name, s.Verdict)
			}
			if g.Name == "smoke" && s.Broker.Run != Embedded {
				t.Errorf("%s is in smoke, and needs containers", name)
			}
			if g.Name == "nightly" && s.Broker.Run == Embedded {
				t.Errorf("%s is in nightly, and its brokers are emulated", name)
			}
			load += s.LoadEnd().Seconds()
		}
		if g.Name == "smoke" && load > 60 {
			t.Errorf("smoke loads for %v s: with starts and drains much more than a minute", load)
		}
		grouped = append(grouped, g.Names...)
	}
	slices.Sort(grouped)
	if !slices.Equal(grouped, Library()) {
		t.Errorf("grouped %v, the library has %v", grouped, Library())
	}
	if Group("nightli") != nil {
		t.Error("there is a group nightli")
	}
}

// docs/library.md has a row for each scenario, which says what the file does; the last columns, time and what was seen, are stated by hand.
func TestLibraryPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/library.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range Groups() {
		for _, name := range g.Names {
			s := inLibrary(t, name)
			verdict := "pass"
			if s.Verdict.Outcome == report.Fail {
				verdict = fmt.Sprint(s.Verdict)
			}
			if row := fmt.Sprintf("\n| %s | %s | %s | %s | ", name, g.Name, s.About, verdict); !strings.Contains(string(page), row) {
				t.Errorf("docs/library.md lacks the row%s", row)
			}
		}
	}
	if rows := strings.Count(string(page), "\n| ") - 1; rows != len(Library()) {
		t.Errorf("docs/library.md has %d rows, and the library %d scenarios", rows, len(Library()))
	}
}

// libraryKinds are those of the library's scenarios.
var libraryKinds = map[string]broker.Kind{
	"kafka":    kinds["kafka"],
	"nats":     {Name: "nats", Roles: []string{"controller", "coordinator"}, Places: map[string]broker.Place{Containers: {In: "containers", Copies: true}, Embedded: {In: "processes of their own", Copies: true}}},
	"rabbitmq": {Name: "rabbitmq", Places: map[string]broker.Place{Containers: {In: "containers", Copies: true}}},
}

func inLibrary(t *testing.T, name string) *Scenario {
	t.Helper()
	file, data, err := Open(name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Parse(file, data, Options{Kinds: libraryKinds})
	if err != nil {
		t.Fatal(err)
	}
	return s
}
