package testcontainers_test

import (
	"slices"
	"testing"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/kafka"
	"github.com/seed-228c25e4/squall/testcontainers"
)

// What the testbed would refuse when it starts is told of a scenario before that.
func TestOwnedSettingsAreToldBefore(t *testing.T) {
	t.Parallel()
	for _, name := range testcontainers.Owned {
		problems := kafka.Kind.Check(broker.Settings{Config: map[string]string{name: "1"}})
		if !slices.ContainsFunc(problems, func(p broker.Problem) bool { return p.Field == "broker.config["+name+"]" }) {
			t.Errorf("nothing is told of %s: %v", name, problems)
		}
	}
}
