package squall

import (
	"fmt"
	"testing"

	"github.com/seed-228c25e4/squall/broker"
)

// restless is a node that was started again.
type restless struct {
	broker.Node
	restarts []broker.Restart
}

func (*restless) Name() string                 { return "b2" }
func (r *restless) Restarts() []broker.Restart { return r.restarts }

// Each restart that nobody asked for is a finding, once.
func TestRestartsAreTold(t *testing.T) {
	t.Parallel()
	var told []string
	n := &restless{}
	g := &guard{nodes: []broker.Node{n}, again: map[string]int{}, finding: func(format string, args ...any) { told = append(told, fmt.Sprintf(format, args...)) }}
	g.restarts()
	n.restarts = []broker.Restart{{Why: "BOOT FAILED"}}
	g.restarts()
	g.restarts()
	n.restarts = append(n.restarts, broker.Restart{Why: "BOOT FAILED again"})
	g.restarts()
	const says = "b2 gave up its start and was started again, as what supervises it would do: BOOT FAILED"
	if len(told) != 2 || told[0] != says || told[1] != says+" again" {
		t.Errorf("%q", told)
	}
}
