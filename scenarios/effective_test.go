package scenarios

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/faults"
	"github.com/seed-228c25e4/squall/loadgen"
	"github.com/seed-228c25e4/squall/report"
)

// What Effective writes reads as the same scenario.
func TestEffectiveReadsTheSame(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := anyScenario(t)
		data := Effective(want)
		got, err := Parse(want.Source, data, Options{Kinds: kinds})
		if err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got  %+v\nwant %+v\n%s", got, want, data)
		}
	})
}

// anyScenario draws a scenario that is right.
func anyScenario(t *rapid.T) *Scenario {
	s := defaults()
	anyName := rapid.StringMatching(`[A-Za-z0-9][A-Za-z0-9._-]{0,9}`)
	settings := rapid.MapOfN(rapid.StringMatching(`[a-z]{1,4}(\.[a-z]{1,4}){0,2}x`), rapid.OneOf(rapid.StringN(0, 8, -1),
		rapid.SampledFrom([]string{"1", "-1", "007", "0x1f", "1e3", "true", "yes", "null", "~", "", "a: b", "# c", "!x", "*y", "{}", "1s", "\t", "a\nb"})), 0, 3)
	some := func(m map[string]string) map[string]string {
		if len(m) == 0 {
			return nil
		}
		return m
	}
	length := func(least time.Duration) time.Duration {
		return time.Duration(rapid.Int64Range(int64(least), int64(2*time.Hour)).Draw(t, "duration"))
	}
	s.Name, s.Source, s.Seed = anyName.Draw(t, "name"), "x.yaml", rapid.Uint64().Draw(t, "seed")
	s.About = strings.TrimSpace(rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"3", "yes", "null", "a\n\nb", "- x", "'"})).Draw(t, "about"))
	s.Broker = Broker{Kind: "kafka", Run: rapid.SampledFrom([]string{Containers, Embedded}).Draw(t, "run"),
		Nodes: rapid.IntRange(1, 9).Draw(t, "nodes"), Config: some(settings.Draw(t, "config"))}
	s.Broker.Place = kinds["kafka"].Places[s.Broker.Run]
	if s.Broker.Run == Containers {
		s.Broker.Pull = rapid.SampledFrom([]string{PullMissing, PullNever}).Draw(t, "pull")
	}
	s.Topic = broker.Topic{Name: anyName.Draw(t, "topic"), Partitions: rapid.IntRange(1, 9).Draw(t, "partitions"),
		Replicas: rapid.IntRange(1, s.Broker.Nodes).Draw(t, "replicas"), Config: some(settings.Draw(t, "topic config"))}
	l := &s.Load
	anyPace(t, l)
	anyContent(t, s)
	l.Client = rapid.SampledFrom(presets).Draw(t, "client")
	l.Pacing = rapid.SampledFrom([]string{PacingAuto, "economical", "precise"}).Draw(t, "pacing")
	l.Producers.Acks = rapid.SampledFrom([]string{"all", "1", "0"}).Draw(t, "acks")
	l.Producers.Idempotent = l.Producers.Acks == "all" && rapid.Bool().Draw(t, "idempotent")
	l.Producers.Linger, l.Producers.DeliveryTimeout = length(0), length(time.Second)
	l.Producers.MetadataMinAge, l.Consumers.MetadataMinAge = length(time.Millisecond), length(time.Millisecond)
	l.Producers.BatchBytes = rapid.SampledFrom([]int{0, 1<<20 + batchOverhead, 3 << 20}).Draw(t, "batch")
	if l.Client == ClientJavaLike { // which leaves nothing to the library
		l.Producers.BatchBytes, l.Consumers.SessionTimeout = 3<<20, length(time.Millisecond)
	}
	l.Consumers.Group = rapid.String().Draw(t, "group")
	l.Consumers.Commit, l.Consumers.CommitInterval = broker.CommitAfter, 0
	if l.Consumers.Group != "" {
		l.Consumers.Commit = rapid.SampledFrom([]broker.CommitPolicy{broker.CommitAfter, broker.CommitBefore, broker.CommitNever}).Draw(t, "commit")
		if l.Consumers.Commit != broker.CommitNever {
			l.Consumers.CommitInterval = rapid.SampledFrom([]time.Duration{0, time.Second}).Draw(t, "interval")
		}
	}
	l.Producers.Transactions = rapid.SampledFrom([]broker.Transactions{{}, {Every: time.Second}, {Messages: 5, Abort: 0.5}, {Every: time.Minute, Messages: 1, Abort: 1}}).Draw(t, "transactions")
	l.Consumers.Isolation = rapid.SampledFrom([]broker.Isolation{broker.ReadCommitted, broker.ReadUncommitted}).Draw(t, "isolation")
	if l.Producers.Transactions.Used() {
		l.Producers.TransactionTimeout = length(time.Second)
	} else if rapid.Bool().Draw(t, "no isolation") {
		l.Consumers.Isolation = ""
	}
	l.Consumers.Processing = rapid.SampledFrom([]loadgen.Processing{{}, {Median: time.Millisecond},
		{Median: time.Millisecond, Sigma: 0.5, Most: time.Second}}).Draw(t, "processing")
	l.Consumers.Start = rapid.SampledFrom([]time.Duration{0, time.Millisecond}).Draw(t, "start")
	s.Phases = Phases{length(0), length(time.Second), length(0)}
	anySteps(t, s, length)
	if l.Shape != nil {
		l.Rate = l.Shape.Count(s.LoadEnd()) / s.LoadEnd().Seconds()
	}
	return s
}

// anyContent draws sizes, keys, bodies and partitions.
func anyContent(t *rapid.T, s *Scenario) {
	l := &s.Load
	size := rapid.IntRange(broker.HeaderSize, 1<<20)
	weight := rapid.Float64Range(1e-3, 1e3)
	switch l.Size = size.Draw(t, "size"); rapid.IntRange(0, 2).Draw(t, "sizes") {
	case 1:
		w := loadgen.Weighted{{Size: size.Draw(t, "one"), Weight: weight.Draw(t, "weight")}, {Size: size.Draw(t, "other"), Weight: weight.Draw(t, "weight")}}
		l.Sizes, l.Size = &w, int(math.Round(w.Mean()))
	case 2:
		n := loadgen.LogNormal{Median: l.Size, Sigma: rapid.Float64Range(0.01, 10).Draw(t, "sigma"), Min: broker.HeaderSize, Max: 1 << 20}
		l.Sizes, l.Size = &n, int(math.Round(n.Mean()))
	}
	count := rapid.Uint64Range(1, mostKeys).Draw(t, "count")
	robin, uniform := loadgen.RoundRobinKeys(count), loadgen.UniformKeys(count)
	l.Keys = rapid.SampledFrom([]loadgen.Keys{nil, &robin, &uniform, &loadgen.ZipfKeys{Keys: count, Exponent: weight.Draw(t, "exponent") / 100}}).Draw(t, "keys")
	switch rapid.IntRange(0, 2).Draw(t, "spread") {
	case 0:
		for range s.Topic.Partitions {
			l.Spread.Weights = append(l.Spread.Weights, weight.Draw(t, "partition"))
		}
	case 1:
		l.Spread.ByKey = l.Keys != nil
	}
	l.Body.Compressible = rapid.SampledFrom([]float64{0, 0.5, 1, 0.123, 1.0 / 3}).Draw(t, "compressible")
}

// anyPace draws a rate and perhaps a shape.
func anyPace(t *rapid.T, l *Load) {
	rate := rapid.Float64Range(1e-4, 1e9)
	length := func() time.Duration { return time.Duration(rapid.Int64Range(1e7, 1e12).Draw(t, "length")) }
	switch rapid.IntRange(0, 6).Draw(t, "shape") {
	case 0:
		l.Rate = rate.Draw(t, "rate")
	case 1:
		l.Shape = &loadgen.Ramp{From: rapid.SampledFrom([]float64{0, 10, 1e5 / 3.0}).Draw(t, "from"), To: rate.Draw(t, "to"), Over: length()}
	case 2:
		steps := loadgen.Steps{{Rate: rate.Draw(t, "first"), For: length()}}
		for range rapid.IntRange(0, 3).Draw(t, "more") {
			steps = append(steps, loadgen.Step{Rate: rapid.OneOf(rate, rapid.Just(0.0)).Draw(t, "rate"), For: length()})
		}
		l.Shape = &steps
	case 3:
		mean := rate.Draw(t, "mean")
		l.Shape = &loadgen.Sine{Mean: mean, Amplitude: mean / 3, Period: length()}
	case 4:
		l.Shape = &loadgen.Burst{Base: rapid.OneOf(rate, rapid.Just(0.0)).Draw(t, "base"), Peak: rate.Draw(t, "peak"), For: time.Millisecond, Every: length()}
	case 5:
		l.Shape = &loadgen.Poisson{Rate: rate.Draw(t, "rate")}
	case 6:
		l.Shape = loadgen.Max{}
	}
}

// anySteps draws faults, and an expectation of each.
func anySteps(t *rapid.T, s *Scenario, length func(time.Duration) time.Duration) {
	for i := range rapid.IntRange(0, 3).Draw(t, "faults") {
		name := "fault-" + string(rune('a'+i))
		var p faults.Plan
		switch rapid.IntRange(0, 4).Draw(t, "form") {
		case 0:
			p.Sequence = []faults.Plan{anyFault(t, s, name+"-1", length(1)), anyFault(t, s, name+"-2", length(1))}
		case 1:
			p.Parallel = []faults.Plan{anyFault(t, s, name+"-1", length(1)), anyFault(t, s, name+"-2", length(1))}
			p.Repeat, p.Every, p.Phase = 2, 4*time.Hour, length(0)
		case 2:
			some := anyFault(t, s, "", time.Minute)
			p.Random = &faults.Random{Of: []faults.Choice{{Step: some.Step, Weight: 2.5}}, Every: time.Minute + length(0), AtMost: 2, Blast: 1, Stable: length(0)}
			p.Random.Of[0].Name = ""
			p.For = time.Hour
		case 3:
			p = anyFault(t, s, name, rapid.SampledFrom([]time.Duration{0, time.Second, time.Hour}).Draw(t, "for"))
		default:
			p = anyFault(t, s, name, length(1))
			p.Until, _ = faults.ParseCondition("isr of "+s.Topic.Name+"/0 == 1", s.Place())
			p.When, _ = faults.ParseCondition("leader-changed", s.Place())
			p.Within = length(time.Second)
		}
		p.Name, p.At = name, length(0)
		s.Plan = append(s.Plan, p)
		e, err := report.ParseExpectation("recovery.service < 15s of "+name, []string{name})
		if err != nil {
			t.Fatal(err)
		}
		s.Expect = append(s.Expect, e)
	}
	s.Faults = faults.Expand(s.Plan, s.Seed, s.Phases.Recovery)
}

// anyFault draws one fault.
func anyFault(t *rapid.T, s *Scenario, name string, lasts time.Duration) faults.Plan {
	in := s.Place()
	f := faults.Step{Name: name, For: lasts}
	var err error
	if rapid.Bool().Draw(t, "kill") || len(in.Nodes) == 1 {
		f.Kind, f.Fault = "kill", &faults.Kill{}
		some := []string{"leader", "controller", "leader of " + s.Topic.Name + "/0", "follower", "any", "any two not leader", "33.3%", "minority", "not controller"}
		if f.Target, err = faults.ParseNode(rapid.SampledFrom(some).Draw(t, "node"), in); err != nil { // there are too few nodes for it
			f.Target, err = faults.ParseNode("leader", in)
		}
	} else {
		f.Kind, f.Fault = "latency", &faults.Latency{Add: time.Minute, Jitter: time.Second}
		half := rapid.SampledFrom([]faults.Half{faults.BothHalves, faults.Requests, faults.Replies}).Draw(t, "half")
		plane := rapid.SampledFrom([]string{"", broker.PlaneData, broker.PlaneControl}).Draw(t, "plane")
		some := []string{"leader -> b1", "b1 <-> controller", "leader->controller", "any -> peers", "all -> any"}
		f.Target, err = faults.ParseLink(rapid.SampledFrom(some).Draw(t, "link"), plane, half, in)
	}
	if err != nil {
		t.Fatal(err)
	}
	return faults.Plan{Step: f}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	golden(t, "testdata/explain.golden", Explain(mustParse(t, example), kinds["kafka"]))
	const doubtful = `
name: doubtful
broker: { kind: kafka, run: embedded, nodes: 2 }
topic: { replicas: 1 }
load: { rate: 100/s, client: fast, producers: { delivery-timeout: 5s }, consumers: { count: 7 } }
phases: { baseline: 2s, recovery: 3s }
faults:
  - { name: short, at: 0s, for: 8s, kill: leader }
  - { name: slow, at: 10s, for: 20s, link: consumers -> b1, only: replies, share: 25%, latency: { add: 1s } }
  - { name: over, at: 20s, kill: b1 }
expect: [recovery.service < 2s, recovery.performance < 1m of short, lost == 0]
`
	golden(t, "testdata/doubtful.golden", strings.Join(Warnings(mustParse(t, doubtful), kinds["kafka"]), "\n")+"\n")
	if got := Warnings(mustParse(t, "broker: { kind: rabbitmq }\nload: { consumers: { count: 0 } }"), kinds["rabbitmq"]); len(got) != 2 {
		t.Errorf("got %q, want that nothing is expected and nothing consumed", got)
	}
}

// An objective is called out of reach where clients are cut off until the end, and not where the cluster can do without who is cut off.
func TestOutOfReach(t *testing.T) {
	t.Parallel()
	for fault, want := range map[string]bool{
		"blackhole: leader -> peers":                             false,
		"blackhole: leader <-> b2":                               false,
		"blackhole: peers -> leader":                             false,
		"blackhole: all -> all":                                  true,
		"blackhole: producers -> leader":                         true,
		"reset: { after: 0s }, link: producers -> leader":        true,
		"reset: { after: 5s }, link: producers -> leader":        false,
		"limit-data: { limit: 1MiB }, link: producers -> leader": true,
		"flap: leader <-> peers":                                 true,
		"kill: leader":                                           false,
		"kill: majority":                                         true,
		"latency: { add: 50ms }, link: producers -> leader":      false,
		"reset: {}, link: producers -> leader, share: 20%":       false,
	} {
		text := "broker: { kind: kafka, run: containers, nodes: 3 }\nfaults: [ { name: f, at: 0s, for: 20s, " + fault + " } ]\nexpect: [ recovery.service < 5s of f ]\n"
		told := strings.Contains(strings.Join(Warnings(mustParse(t, text), kinds["kafka"]), "\n"), "can hardly be met")
		if told != want {
			t.Errorf("%s: told %v, want %v", fault, told, want)
		}
	}
}

// Two kills that may come to the same node at once are told before the run, and those that cannot are not.
func TestKillsThatMayMeet(t *testing.T) {
	t.Parallel()
	for faults, want := range map[string]string{
		"[{at: 0s, for: 20s, kill: leader}, {at: 10s, for: 20s, kill: controller}]":                             "kill-2 may find its node",
		"[{at: 10s, for: 20s, kill: b2}, {at: 0s, for: 20s, kill: leader}]":                                     "kill-1 may find its node",
		"[{at: 0s, kill: leader of squall/1}, {at: 90s, for: 20s, kill: leader}]":                               "already down by kill-1",
		"[{at: 0s, for: 20s, kill: b1}, {at: 20s, for: 20s, kill: b1}]":                                         "already down by kill-1", // the way back takes time
		"[{at: 0s, for: 20s, kill: b1}, {at: 10s, for: 20s, kill: b2}]":                                         "",
		"[{at: 0s, for: 20s, kill: leader}, {at: 30s, for: 20s, kill: leader}]":                                 "",
		"[{at: 0s, for: 20s, kill: leader}, {at: 5s, for: 20s, link: producers -> leader, latency: {add: 1s}}]": "",
	} {
		s := mustParse(t, "broker: { kind: kafka }\ntopic: { name: squall, partitions: 2 }\nfaults: "+faults)
		if text := Explain(s, kinds["kafka"]); strings.Contains(text, "already down") != (want != "") || !strings.Contains(text, want) {
			t.Errorf("%s: want %q in\n%s", faults, want, text)
		}
	}
}

// Whatever a file holds, Parse returns a scenario that can be written and read again, or mistakes with their places.
func FuzzParse(f *testing.F) {
	f.Add([]byte(example), "load.rate=5k/s")
	f.Add([]byte("broker: {kind: kafka}\nfaults: [{at: 0s, kill: !leader}, *x]"), "faults[0].for=1s")
	f.Add([]byte("a: &a [*a]\n? {}\n: 1\n"), "a[b].c=[")
	f.Add([]byte("%YAML 1.1\n---\n\tx"), "=")
	for _, name := range Library() {
		_, data, err := Open(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, "topic.config[min.insync.replicas]=1")
	}
	taken := compiled(f)
	f.Fuzz(func(t *testing.T, data []byte, set string) {
		s, err := Parse("f.yaml", data, Options{Kinds: kinds, Set: []string{set}})
		var all Errors
		switch {
		case errors.As(err, &all):
			for _, m := range all {
				if m.Message == "" || m.File == "" || (m.File == "f.yaml") != (m.Line > 0) || m.Line > 0 && m.Column < 1 {
					t.Errorf("a mistake without its place: %+v", m)
				}
			}
			_ = all.Error()
		case err != nil:
			t.Fatalf("%T: %v", err, err)
		default:
			Explain(s, kinds["kafka"])
			again, err := Parse("f.yaml", Effective(s), Options{Kinds: kinds})
			if err != nil || !reflect.DeepEqual(s, again) {
				t.Fatalf("%v\n%+v\n%+v\n%s", err, s, again, Effective(s))
			}
			if places, ok := refusals(t, taken, Effective(s)); len(places) > 0 || !ok {
				t.Fatalf("the schema refuses it at %v:\n%s", places, Effective(s))
			}
		}
	})
}
