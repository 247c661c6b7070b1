package scenarios

import (
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/loadgen"
	"github.com/seed-228c25e4/squall/report"
)

// processing is how long a consumer works on a message: one duration, or a log-normal distribution.
type processing struct{ p *loadgen.Processing }

func (v processing) spread() whole {
	return whole{"{ median: 2ms, sigma: 0.5, max: 100ms }", section{
		{"median", duration{p: &v.p.Median, least: time.Nanosecond}, "Half of the messages take less."},
		{"sigma", decimal{&v.p.Sigma, 0, 10, true}, "How wide the distribution is: the standard deviation of the time's logarithm."},
		{"max", duration{p: &v.p.Most, least: time.Nanosecond}, "No message takes more."},
	}}
}

func (v processing) read(r *reader, field string, n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		duration{p: &v.p.Median}.read(r, field, n)
		return
	}
	before := len(r.mistakes)
	if v.spread().read(r, field, n); len(r.mistakes) == before && v.p.Most < v.p.Median {
		r.note(n, field, "", "the median is above max")
	}
}

func (v processing) write() *yaml.Node {
	switch {
	case v.p.Sigma > 0:
		return v.spread().write()
	case v.p.Median > 0:
		return scalar(writeDuration(v.p.Median))
	}
	return nil
}

// checkConsumers tells what is wrong between the consumers' settings that are right each for itself.
func (d *draft) checkConsumers() {
	c := &d.s.Load.Consumers
	wrong := func(field, format string, args ...any) {
		if field = "load.consumers." + field; d.has(field) && !d.wrong(field) {
			d.note(d.at(field), field, "", format, args...)
		}
	}
	if end := d.s.LoadEnd(); c.Start >= end {
		wrong("start", "the load is over after %s: the consumers would never read of it; begin earlier, or make the phases longer", writeDuration(end))
	}
	if c.Group == "" && c.Commit != broker.CommitAfter {
		wrong("commit", "without a group nothing is committed; name a group, or leave this out")
	}
	if c.CommitInterval > 0 && (c.Group == "" || c.Commit == broker.CommitNever) {
		wrong("commit-interval", "nothing is ever committed here; leave this out")
	}
}

// slowConsumers warns of consumers that can't keep up.
func slowConsumers(s *Scenario, _ broker.Kind) []string {
	c := s.Load.Consumers
	each := c.Processing.Mean()
	if each == 0 || c.Count == 0 || s.Load.ClosedLoop() {
		return nil
	}
	working := min(c.Count, s.Topic.Partitions) // a partition goes to one of the group
	if c.Group == "" {
		working = 1 // each of them reads everything
	}
	can := float64(working) / each.Seconds()
	mean := s.Curve().Count(s.LoadEnd()) / s.LoadEnd().Seconds()
	return warn(can < mean, "The consumers work %s on a message, so that together they take %s messages a second of the %s that are sent: they fall behind, and the drain may not reach the end.",
		report.Human(each), thousands(can), thousands(mean))
}

// atMostOnce warns of messages that nobody may be given.
func atMostOnce(s *Scenario, _ broker.Kind) []string {
	return warn(s.Load.Consumers.Commit == broker.CommitBefore && s.Load.Consumers.Count > 0,
		"The group commits before it processes: messages that nobody in it was given are counted, and no violation.")
}
