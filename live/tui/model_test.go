package tui

import (
	"testing"
)

func TestFrozenViewStaysAsItIs(t *testing.T) {
	h := newHistory().baseline()
	m := shown(h.Board, 120, 36, Options{})
	press(m, "space")
	before := stripped(m)
	h.kill().run(5)
	m.ticked()
	if after := stripped(m); after != before {
		t.Errorf("the view was frozen, and changed to\n%s", after)
	}
	press(m, "space")
	if stripped(m) == before {
		t.Error("the view is no longer frozen, and does not change")
	}
}
