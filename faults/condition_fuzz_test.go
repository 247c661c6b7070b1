package faults

import (
	"testing"

	"github.com/seed-228c25e4/squall/broker"
)

// Whatever is written as a condition or a target is read or refused with a reason, and what is read reads the same when it is written.
func FuzzCondition(f *testing.F) {
	for _, form := range ConditionForms() {
		f.Add(form[0])
	}
	for _, form := range Forms() {
		f.Add(form.Write)
	}
	f.Add("isr of orders/0 == 1")
	f.Add("leader of orders/5 != nobody")
	f.Add("any two not leader | rest")
	in := Place{Nodes: []string{"b1", "b2", "b3"}, Clients: []string{"producer-0", "consumer-0"}, Topic: broker.Topic{Name: "orders", Partitions: 6, Replicas: 3}, Group: "billing"}
	f.Fuzz(func(t *testing.T, text string) {
		same := func(what, written string, err, again error) {
			switch {
			case err != nil && err.Error() == "":
				t.Errorf("%s %q is refused without a reason", what, text)
			case err == nil && again != nil:
				t.Errorf("%s %q is written as %q, which is refused: %v", what, text, written, again)
			}
		}
		c, err := ParseCondition(text, in)
		_, again := ParseCondition(c.String(), in)
		same("condition", c.String(), err, again)
		for what, parse := range map[string]func(string) (Target, error){
			"node":   func(s string) (Target, error) { return ParseNode(s, in) },
			"link":   func(s string) (Target, error) { return ParseLink(s, "", "", in) },
			"client": func(s string) (Target, error) { return ParseClient(s, "", in) },
			"sides":  func(s string) (Target, error) { return ParseSides(s, in) },
		} {
			got, err := parse(text)
			written := ""
			if err == nil {
				written = got.Write()
			}
			_, again := parse(written)
			same(what, written, err, again)
		}
	})
}
