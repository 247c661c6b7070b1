package scenarios

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/faults"
	"github.com/seed-228c25e4/squall/report"
)

// What recovery needs to be told, as package report judges it.
const (
	leastRate     = 20   // messages per second and partition
	leastBaseline = 1000 // messages in the baseline
	// performanceNeeds is the stretch of good service that ends the recovery of performance.
	performanceNeeds = 5 * time.Second
)

// warnings are all things to know before a run that are no mistakes, one a line.
var warnings = []func(*Scenario, broker.Kind) []string{
	noObjective,
	tooThin,
	shortBaseline,
	noConsumers,
	idleConsumers,
	slowConsumers,
	atMostOnce,
	slowTransactions,
	fastClient,
	emulated,
	cutShort,
	mayMeet,
	noRecovery,
	neverDetected,
	onlyHealHelps,
	notWatchedLongEnough,
	shortDelivery,
	closedLoopLoad,
	ofKind,
	strangeSettings,
	openPassword,
}

// Warnings returns what should be known before the run, a sentence each: what cannot be judged, and what will be judged in vain.
func Warnings(s *Scenario, k broker.Kind) []string {
	var all []string
	for _, w := range warnings {
		for _, text := range w(s, k) {
			if !slices.Contains(all, text) {
				all = append(all, text)
			}
		}
	}
	return all
}

// strangeSettings warns of settings that the kind's usual version does not have: brokers pass over them in silence.
func strangeSettings(s *Scenario, k broker.Kind) []string {
	var all []string
	for of, sets := range map[string]struct {
		set   map[string]string
		names []string
	}{"broker": {s.Broker.Config, k.BrokerSettings}, "topic": {s.Topic.Config, k.TopicSettings}} {
		for _, name := range slices.Sorted(maps.Keys(sets.set)) {
			if len(sets.names) > 0 && !slices.Contains(sets.names, name) && !strings.HasPrefix(name, "listener.name.") {
				all = append(all, fmt.Sprintf("%s.config: the version of %s that runs where no image is named has no setting %s; a broker passes over what it does not know.", of, k.Name, name))
			}
		}
	}
	slices.Sort(all)
	return all
}

// eachFault warns of every fault of the file: of its first injection that there is something to say of.
func (s *Scenario) eachFault(of func(faults.Step) []string) []string {
	var all []string
	told := map[string]bool{}
	for _, f := range s.Faults {
		if w := of(f); !told[f.Of] && len(w) > 0 {
			told[f.Of], all = true, append(all, w...)
		}
	}
	return all
}

// warn returns one warning where it applies.
func warn(applies bool, format string, args ...any) []string {
	if !applies {
		return nil
	}
	return []string{fmt.Sprintf(format, args...)}
}

func noObjective(s *Scenario, _ broker.Kind) []string {
	return warn(len(s.Expect) == 0, "Nothing is expected: only a violation of the broker's contract, or service that does not come back, can fail the run.")
}

func tooThin(s *Scenario, _ broker.Kind) []string {
	each := s.SlowestPartition()
	return warn(each < leastRate && len(s.Faults) > 0,
		"%.3g messages per second and partition are too few to tell a gap: recovery will be inconclusive; at least %d are needed.", each, leastRate)
}

func shortBaseline(s *Scenario, _ broker.Kind) []string {
	n := s.Curve().Count(s.BaselineEnd()) - s.Curve().Count(s.Phases.WarmUp)
	return warn(n < leastBaseline && !s.Load.ClosedLoop() && len(s.Faults) > 0,
		"The baseline has %.0f messages: recovery will be inconclusive; at least %d are needed.", n, leastBaseline)
}

func noConsumers(s *Scenario, k broker.Kind) []string {
	if k.OffsetsOf(s.Settings()) == broker.NoOffsets {
		return warn(s.Load.Consumers.Count == 0, "Nothing is consumed, and what is in a queue cannot be read otherwise: nobody can know whether anything is lost.")
	}
	return warn(s.Load.Consumers.Count == 0, "Nothing is consumed: end-to-end latency is not measured, and only the final read tells what was stored.")
}

func idleConsumers(s *Scenario, k broker.Kind) []string {
	c := s.Load.Consumers
	return warn(c.Group != "" && !k.Shared && c.Count > s.Topic.Partitions, "%d of %d consumers get no partition: a partition goes to one of the group.",
		c.Count-s.Topic.Partitions, c.Count)
}

func fastClient(s *Scenario, _ broker.Kind) []string {
	return warn(s.Load.Client == ClientFast, "Fast clients ask soon who leads: outages look shorter than users with the library's own settings feel them.")
}

func emulated(s *Scenario, _ broker.Kind) []string {
	return warn(s.Broker.Place.Emulated, "The brokers are emulated in this process: what they promise about durability is not tested.")
}

func cutShort(s *Scenario, _ broker.Kind) []string {
	return s.eachFault(func(f faults.Step) []string {
		watched := s.watched(f)
		if f.For == 0 || f.Limits != nil || f.When.Set() || f.Until.Set() {
			return nil
		}
		return append(warn(watched < f.For, "%s is still on when the next fault begins: what follows is the work of both.", f.Name),
			warn(watched >= f.For && watched < f.For+s.Phases.Recovery,
				"The recovery of %s is watched for %s only: then the next fault begins.", f.Name, writeDuration(watched-f.For))...)
	})
}

// comesBack is how much longer than planned a node may be down: a fault lasts from when it is in force, and its way back takes time.
const comesBack = 2 * time.Second

// mayMeet finds faults that need a node for themselves, and may come to one that another fault has.
func mayMeet(s *Scenario, _ broker.Kind) []string {
	needsNode := func(f faults.Step) bool {
		k, ok := faults.FindKind(f.Kind)
		return ok && k.Exclusive && k.Target == faults.Nodes && f.Limits == nil
	}
	inOrder := s.inOrder()
	return s.eachFault(func(f faults.Step) (all []string) {
		for _, o := range inOrder {
			if o.Name == f.Name {
				break
			}
			apart := behind(f, o) || f.Target.Fixed() && o.Target.Fixed() && f.Target.String() != o.Target.String()
			all = append(all, warn(needsNode(f) && needsNode(o) && !apart && until(o)+comesBack > f.At,
				"%s may find its node already down by %s: then it does nothing, and the run cannot be judged.", f.Name, o.Name)...)
		}
		return all
	})
}

// behind reports whether a fault waits for another one to be over.
func behind(f, o faults.Step) bool {
	return slices.ContainsFunc(f.After, func(a faults.Anchor) bool { return a.Step == o.Name })
}

func noRecovery(s *Scenario, _ broker.Kind) []string {
	return s.eachFault(func(f faults.Step) []string {
		return warn(f.For == 0, "%s lasts until heal, when the load is over: what comes after heal is not measured.", f.Name)
	})
}

// neverDetected finds faults that are over before the broker can have noticed.
func neverDetected(s *Scenario, k broker.Kind) []string {
	comes := map[faults.Noticed]struct{ timer, nothing string }{
		faults.AsNode:     {k.Decisive.Node, "there may be no failover"},
		faults.AsFollower: {k.Decisive.Follower, "the in-sync set may stay as it is"},
		faults.AsMember:   {k.Decisive.Member, "the group may never notice"},
	}
	return s.eachFault(func(f faults.Step) []string {
		what, ok := comes[f.Noticed()]
		t := timer(s, k, what.timer)
		return warn(ok && f.For > 0 && f.For < t.Value, "%s is over after %s, before %s (%s) can take effect: %s.",
			f.Name, writeDuration(f.For), t.Name, report.Human(t.Value), what.nothing)
	})
}

// timer returns the timer of that name with its value in force; zero: there is none.
func timer(s *Scenario, k broker.Kind, name string) broker.Timer {
	if k.Timers != nil {
		for _, t := range k.Timers(s.Settings()) {
			if t.Name == name {
				return t
			}
		}
	}
	return broker.Timer{}
}

// detection returns the timer that decides how soon the broker notices a dead node; zero: none is known.
func detection(s *Scenario, k broker.Kind) broker.Timer {
	if k.Timers != nil {
		for _, t := range k.Timers(s.Settings()) {
			if t.Part == "detection" {
				return t // the most decisive comes first
			}
		}
	}
	return broker.Timer{}
}

// onlyHealHelps finds objectives that brokers can hardly meet: service may not be back for good before the heal, and that is later.
func onlyHealHelps(s *Scenario, _ broker.Kind) []string {
	var all []string
	s.eachObjective(func(e report.Expectation, f faults.Step) {
		if s.survives(f) || e.Metric == "recovery.detect" || sinceHealed(e.Metric) {
			return
		}
		all = append(all, warn(f.For == 0 || e.Value < f.For.Seconds(), "%q can hardly be met: service may not be back for good before the end of %s.", e.Text, f.Name)...)
	})
	return all
}

func notWatchedLongEnough(s *Scenario, _ broker.Kind) []string {
	var all []string
	s.eachObjective(func(e report.Expectation, f faults.Step) {
		watched := s.watched(f)
		if sinceHealed(e.Metric) {
			watched -= f.For
		}
		all = append(all, warn(e.Value > watched.Seconds(), "%q: %s is watched for %s only, so missing it may be inconclusive.", e.Text, f.Name, writeDuration(watched))...)
		all = append(all, warn(e.Metric == "recovery.performance" && watched < performanceNeeds,
			"%q: it takes %s of good service to tell, and %s is watched for %s only.", e.Text, writeDuration(performanceNeeds), f.Name, writeDuration(watched))...)
	})
	return all
}

// sinceHealed reports whether a recovery figure counts from the heal.
func sinceHealed(metric string) bool {
	return metric == "recovery.redundancy" || metric == "recovery.drained" || metric == "recovery.service-since-healed"
}

// eachObjective goes through the upper bounds of recovery times, with each fault that they are about.
func (s *Scenario) eachObjective(do func(report.Expectation, faults.Step)) {
	for _, e := range s.Expect {
		if m, _, ok := report.FindMetric(e.Metric); !ok || m.Unit != report.UnitDuration || !strings.HasPrefix(e.Metric, "recovery.") || !strings.HasPrefix(e.Op, "<") {
			continue
		}
		told := map[string]bool{} // one injection of several speaks for all
		for _, f := range s.Faults {
			if told[f.Of] || f.Limits != nil {
				continue
			}
			told[f.Of] = true
			if e.Of == "" || f.Planned(0).Is(e.Of) {
				do(e, f)
			}
		}
	}
}

// survives says whether the cluster can be expected to serve while a fault lasts, as far as it can be known without a cluster: the victim leads
// every partition.
func (s *Scenario) survives(f faults.Step) bool {
	nodes := s.NodeNames()
	replicas := nodes[:min(s.Topic.Replicas, len(nodes))]
	ours := []broker.PartitionState{{Topic: s.Topic.Name, Leader: nodes[0], Replicas: replicas, InSync: slices.Clone(replicas)}}
	return f.Survives(nodes[:f.Target.Loses(s.Place())], nodes, ours)
}

// shortDelivery finds producers that give up before the broker can have found a new leader.
func shortDelivery(s *Scenario, k broker.Kind) []string {
	t := detection(s, k)
	return warn(len(s.Faults) > 0 && s.Load.Producers.DeliveryTimeout <= t.Value,
		"Producers give up after %s, before %s (%s) can take effect: many messages may end unknown.",
		writeDuration(s.Load.Producers.DeliveryTimeout), t.Name, report.Human(t.Value))
}

func ofKind(s *Scenario, k broker.Kind) []string {
	if k.Warn == nil {
		return nil
	}
	return k.Warn(s.Settings())
}

func closedLoopLoad(s *Scenario, _ broker.Kind) []string {
	return warn(s.Load.ClosedLoop(), "The load is a closed loop (rate: max): it finds ceilings, and its latencies are not those that users would see.")
}

func openPassword(s *Scenario, _ broker.Kind) []string {
	x := s.Broker.External
	return warn(x.SASL.Mechanism == broker.MechanismPlain && !x.TLS.Used, "The password goes over the network in plain text: write broker.external.tls, or a scram mechanism.")
}
