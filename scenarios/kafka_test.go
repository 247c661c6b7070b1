package scenarios_test

import (
	"strings"
	"testing"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/kafka"
	"github.com/seed-228c25e4/squall/scenarios"
)

// The library holds what a real kind of broker takes, and promises what its scenarios expect.
func TestLibraryOnKafka(t *testing.T) {
	t.Parallel()
	for _, name := range scenarios.Library() {
		file, data, err := scenarios.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		s, err := scenarios.Parse(file, data, scenarios.Options{Kinds: map[string]broker.Kind{"kafka": kafka.Kind}})
		if err != nil {
			t.Fatal(err)
		}
		if c := kafka.Kind.Contract(s.Settings()); !c.Durable || !c.Ordered || !c.Unique {
			t.Errorf("%s expects that nothing is lost, of a broker that promises %+v", name, c)
		}
		if text := scenarios.Explain(s, kafka.Kind); strings.Contains(text, "inconclusive") || strings.Contains(text, "cannot be met") {
			t.Errorf("%s asks for what it cannot come to:\n%s", name, text)
		}
	}
}
