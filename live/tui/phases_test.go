package tui

import (
	"strings"
	"testing"

	"github.com/seed-228c25e4/squall/report"
)

// Where faults overlap, the same phase comes twice, and its two parts are told apart by when they began.
func TestPhasesOfOneName(t *testing.T) {
	h := newHistory().baseline().kill().failover().healed()
	h.enter("during leader-kill", report.During, "leader-kill")
	h.run(5)
	m := shown(h.Board, 120, 36, Options{})
	press(m, "2")
	view := stripped(m)
	for _, want := range []string{"during leader-kill from 00:35.0", "during leader-kill from 01:25.2"} {
		if strings.Count(view, want) < 1 {
			t.Errorf("%q is not in\n%s", want, view)
		}
	}
}
