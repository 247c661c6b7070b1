package testcontainers

import "testing"

// What was asked for before no longer counts: nothing is started again that somebody has ended since.
func TestKeeper(t *testing.T) {
	t.Parallel()
	var k keeper
	started := k.ask()
	k.kept = started
	if !k.keeps() {
		t.Error("a start that is watched is not")
	}
	k.ask() // it is killed
	if k.keeps() {
		t.Error("what was killed may be started again")
	}
	again := k.ask()
	k.kept = again
	k.done(started) // who watched the first notices late
	if !k.keeps() {
		t.Error("the first start's end is taken for the second's")
	}
	if k.done(again); k.keeps() {
		t.Error("what is over goes on")
	}
}
