package formats

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/seed-228c25e4/squall/report"
)

var update = flag.Bool("update", false, "write the golden files")

const ms = time.Millisecond

func histogram(p50, p99, most time.Duration) report.Histogram {
	return report.Histogram{Buckets: []report.Bucket{{Value: p50, Count: 9_000}, {Value: p99, Count: 980}, {Value: most, Count: 20}}, Max: most}
}

// passing returns the report of a run in which a leader died and nothing was broken.
func passing() *report.Report {
	quick := report.Latency{Ack: histogram(3*ms, 12*ms, 40*ms), E2E: histogram(4*ms, 15*ms, 52*ms), Service: histogram(2*ms, 11*ms, 39*ms), Lag: histogram(0, ms, 2*ms)}
	slow := report.Latency{Ack: histogram(4*ms, 4100*ms, 9612*ms), E2E: histogram(5*ms, 4200*ms, 9700*ms), Service: histogram(3*ms, 4099*ms, 9611*ms), Lag: histogram(0, ms, 2*ms)}
	phase := func(name string, kind report.PhaseKind, from time.Duration, l report.Latency) report.PhaseFigures {
		return report.PhaseFigures{Phase: report.Phase{Name: name, Kind: kind, From: from}, Acknowledged: 10_000, Delivered: 10_000, Latency: l}
	}
	return &report.Report{
		Schema:  report.SchemaVersion,
		Verdict: report.Verdict{Outcome: report.Pass, Sentence: "pass: nothing that was promised was broken; 30,000 of 30,000 messages acknowledged (100.00 %), 0 lost."},
		Run: report.Run{
			Scenario: "leader-kill", Seed: 42, Host: report.Host{MaxProcs: 2}, Started: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Took: 95 * time.Second,
			Broker: report.Broker{Kind: "kafka", Testbed: "containers", Nodes: []string{"b1", "b2", "b3"},
				Images: []report.Image{{Role: "broker", Name: "kafka:4", Digest: "sha256:0123456789abcdef0123456789abcdef", Note: "built here"}, {Role: "sidecar", Name: "sidecar:1"}}},
			Client:   map[string]string{"preset": "fast", "producers.acks": "all", "producers.linger": "5ms", "consumers.group": "billing", "consumers.session-timeout": ""},
			Pacing:   "economical: a tick of 1 ms, every message with its own due time",
			Load:     "1,000/s of 1 KiB from 2 producers to 2 consumers",
			Contract: report.Contract{Survives: "Every acknowledged message survives the death of any one node.", Durable: true},
		},
		Safety: report.Safety{Sent: 30_000, Acknowledged: 30_000, Delivered: 30_012, Verified: 30_000, Redelivered: 12, Drained: true, FinalRead: report.FinalRead{Done: true}},
		Expectations: []report.Judged{
			{Text: "lost == 0", Outcome: report.Pass, Got: "0"},
			{Text: "recovery.service < 15s of death", Outcome: report.Pass, Got: "9.61s"},
		},
		Faults: []report.Fault{{Name: "death", Kind: "kill", Target: "leader", Commanded: 20 * time.Second, Effective: 20004 * ms, Healed: 40 * time.Second,
			Victims: []string{"b2"}, Evidence: []string{"b2: process gone 4ms after the command"}, Survives: true}},
		Recovery: []report.Recovery{{Fault: "death", Threshold: 500 * ms, Service: report.KnownFigure(9612 * ms), Detect: report.KnownFigure(9 * time.Second),
			FirstSuccess: report.KnownFigure(9200 * ms), Failover: report.KnownFigure(9300 * ms), Performance: report.KnownFigure(12 * time.Second), Redundancy: report.KnownFigure(3 * time.Second), Drained: report.KnownFigure(0),
			Gaps:        []report.Silence{{Direction: report.Produce, Partition: 1, From: 20 * time.Second, To: 29 * time.Second}},
			Longest:     []report.Silence{{Direction: report.Produce, Partition: 1, From: 20 * time.Second, To: 29 * time.Second}},
			BlastRadius: 1.0 / 3, OutageArea: 1500, Explained: "9s of 9.61s: broker.session.timeout.ms = 9s"}},
		Phases: []report.PhaseFigures{ // Text puts them in order
			phase("during death", report.During, 20*time.Second, slow), phase("warm-up", report.WarmUp, 0, quick), phase("baseline", report.Baseline, 10*time.Second, quick),
			{Phase: report.Phase{Name: "heal", Kind: report.Heal, From: 40 * time.Second}},
		},
		Windows: []report.Window{{CPU: 0.25, GC: 0.01, Goroutines: 40, Buffered: 12}, {CPU: 0.75, GC: 0.02, Goroutines: 41}, {CPU: 0.5, Goroutines: 42}},
		Files:   []string{"out/report.json", "out/events.ndjson"},
	}
}

// failing returns the report of a run in which messages were lost and service did not come back.
func failing() *report.Report {
	r := passing()
	r.Verdict = report.Verdict{Outcome: report.Fail, ExitCode: report.ExitSafety, Sentence: "fail: 7 acknowledged messages are lost; 29,000 of 30,000 messages acknowledged (96.67 %), 7 lost."}
	r.Run.Touched = []report.Touch{{At: 12 * time.Second, What: "{ pause: b1, for: 2s }"}, {At: 13 * time.Second, What: "revert"}}
	r.Findings = []string{"34s after the load ended not every replica was in sync"}
	r.Safety = report.Safety{Sent: 29_990, Unsent: 10, Acknowledged: 29_000, Rejected: 90, Unknown: 900, Delivered: 29_500, Verified: 28_993, Lost: 7, Reordered: 1, Resurrected: 500,
		EpochRegression: 1, Regressions: []report.Regression{{Of: "leader epoch", Partition: 2, From: 7, To: 5, Where: "in the log at offset 8012"}},
		DirtyRead: 3, Transactions: report.Transactions{Committed: 580, Aborted: 12, Unknown: 18, Torn: 2},
		Loss:      &report.Loss{Bytes: 7 << 10, Fault: "death", Youngest: 1194 * ms, Oldest: 1204 * ms},
		FinalRead: report.FinalRead{Done: true}, Examples: []report.Anomaly{
			{Kind: "lost", Producer: 1, Partition: 3, First: 1200, Last: 1205, Offset: -1},
			{Kind: "lost", Producer: 1, Partition: 3, First: 1300, Last: 1300, Offset: 8012, Note: "acknowledged 3ms before the kill"},
			{Kind: "reordered", Producer: 0, Partition: 2, First: 17, Last: 17, Offset: 0},
		}}
	r.Expectations[0] = report.Judged{Text: "lost == 0", Outcome: report.Fail, Got: "7"}
	r.Expectations[1] = report.Judged{Text: "recovery.service < 15s of death", Outcome: report.Fail, Got: "> 32s"}
	r.Clients = &report.Clients{Events: []report.ClientMoment{
		{At: 100 * ms, Client: "producer-0", Kind: "connected", Node: "b2", Times: 1, Last: 100 * ms},
		{At: 20100 * ms, Client: "producer-0", Kind: "lost", Node: "b2", Detail: "connection refused", Times: 12, Last: 23500 * ms},
		{At: 21 * time.Second, Client: "consumer-1", Kind: "revoked", Detail: "orders [1 2]", Times: 1, Last: 21 * time.Second},
		{At: 80 * time.Second, Client: "producer-0", Kind: "lost", Node: "b1", Detail: "EOF", Times: 1, Last: 80 * time.Second},
	}, Left: 3}
	r.Recovery[0].Service, r.Recovery[0].Performance = report.CensoredFigure(32*time.Second), report.UnknownFigure("the baseline is too short")
	r.Phases[0].Latency.Ack.AddCensored(60*time.Second, 900)
	return r
}

// inconclusive returns the report of a run whose fault did not take and whose log was not read to its end.
func inconclusive() *report.Report {
	r := passing()
	r.Verdict = report.Verdict{Outcome: report.Inconclusive, ExitCode: report.ExitInconclusive, Sentence: "inconclusive: fault death did not take effect: no such process; 30,000 of 30,000 messages acknowledged (100.00 %), 0 lost."}
	r.Validity = []report.Finding{{Scope: report.ScopeAll, Fault: "death", Text: "fault death did not take effect: no such process"}, {Scope: report.ScopeSafety, Text: "the final read did not reach the end of the log: no leader"}}
	r.Disturbances = []report.Disturbance{
		{Kind: report.DisturbedSteal, From: 12 * time.Second, To: 15 * time.Second, Most: 0.34}, {Kind: report.DisturbedSteal, From: 20 * time.Second, To: 21 * time.Second, Most: 0.2},
		{Kind: report.DisturbedThrottled, Who: "b2", From: 30 * time.Second, To: 32 * time.Second, Most: 0.5},
	}
	r.Crashes = []report.Crash{{Node: "b3", At: 33 * time.Second, Log: []string{"the last words"}, OutOfMemory: true}}
	r.Run.Host.Unseen = []string{"pressure on cpu: no such file", "pressure on io: no such file"}
	r.Run.Broker.Emulated = "one copy in this process: what it acknowledged cannot be lost"
	r.Safety.FinalRead = report.FinalRead{Reason: "no leader"}
	r.Expectations = []report.Judged{{Text: "lost == 0", Outcome: report.Inconclusive, Got: "0", Why: "the final read did not reach the end: no leader"}}
	r.Faults[0] = report.Fault{Name: "death", Kind: "latency", Target: "producers -> leader", Params: "add 200ms", Commanded: report.Never, Effective: report.Never, Healed: report.Never, Error: "no such process"}
	r.Recovery = nil
	return r
}

// The widest line of a table whose contents are of a usual length, in characters.
const widest = 120

func TestText(t *testing.T) {
	for name, r := range map[string]*report.Report{"pass": passing(), "fail": failing(), "inconclusive": inconclusive(), "repeated": repeated(), "empty": {}} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := Text(&b, r); err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join("testdata", name+".golden"), b.String())
			lines := strings.Split(b.String(), "\n")
			if lines[0] != strings.ToUpper(string(r.Verdict.Outcome)) || lines[1] != r.Verdict.Sentence {
				t.Errorf("the verdict does not come first: %q", lines[:2])
			}
			for _, line := range lines[2:] {
				if n := utf8.RuneCountInString(line); n > widest {
					t.Errorf("%d characters wide: %s", n, line)
				}
			}
		})
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("not as in %s; -update writes it anew:\n%s", file, got)
	}
}

// full takes a number of lines and refuses the next.
type full struct{ room int }

func (f *full) Write(p []byte) (int, error) {
	if f.room--; f.room < 0 {
		return 0, os.ErrClosed
	}
	return len(p), nil
}

// Whatever cannot be written is told, wherever it stands.
func TestTextThatCannotBeWritten(t *testing.T) {
	var all bytes.Buffer
	if err := Text(&all, failing()); err != nil {
		t.Fatal(err)
	}
	for room := range bytes.Count(all.Bytes(), []byte("\n")) {
		if err := Text(&full{room}, failing()); err == nil {
			t.Errorf("no error after %d lines", room)
		}
	}
}

// Every field of a report comes back from JSON as it was: it can be judged and shown again.
func TestJSONRoundTrip(t *testing.T) {
	everything := new(report.Report)
	next := 0
	fill(reflect.ValueOf(everything).Elem(), &next)
	for name, r := range map[string]*report.Report{"pass": passing(), "fail": failing(), "inconclusive": inconclusive(), "empty": {}, "everything": everything} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := JSON(&b, r); err != nil {
				t.Fatal(err)
			}
			var back report.Report
			d := json.NewDecoder(&b)
			d.DisallowUnknownFields()
			if err := d.Decode(&back); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(r, &back) {
				t.Errorf("wrote\n%+v\nread\n%+v", r, &back)
			}
			var before, after bytes.Buffer
			if Text(&before, r) != nil || Text(&after, &back) != nil || before.String() != after.String() {
				t.Errorf("shown differently:\n%s\nand\n%s", &before, &after)
			}
		})
	}
}

// fill sets everything below v to values that are not zero, and not twice the same.
func fill(v reflect.Value, next *int) {
	*next++
	switch x := v.Addr().Interface().(type) {
	case *time.Time:
		*x = time.Date(2026, 1, 2, 3, 4, *next, 0, time.UTC)
		return
	case *report.Histogram:
		*x = histogram(time.Duration(*next), time.Duration(2**next), time.Duration(3**next))
		x.AddCensored(time.Duration(4**next), 5)
		x.Clamped = 6
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), next)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), next)
		fill(v.Index(1), next)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key, next)
		fill(value, next)
		v.SetMapIndex(key, value)
	case reflect.String:
		v.SetString(strings.Repeat("x", *next%7+1))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Float64:
		v.SetFloat(float64(*next) / 8)
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(int64(*next))
	case reflect.Uint, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(*next))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), next)
	default:
		panic("what is a " + v.Kind().String() + "?")
	}
}

// repeated returns the report of a run in which one fault came four times, and one of two random ones was left out.
func repeated() *report.Report {
	r := passing()
	death, rec := r.Faults[0], r.Recovery[0]
	r.Faults, r.Recovery = nil, nil
	for i, back := range []time.Duration{9 * time.Second, 11 * time.Second, 8 * time.Second, 30 * time.Second} {
		f, own := death, rec
		f.Name, f.Group = fmt.Sprintf("death #%d", i+1), "death"
		own.Fault, own.Service = f.Name, report.KnownFigure(back)
		if i == 3 {
			own.Service = report.CensoredFigure(back)
		}
		r.Faults, r.Recovery = append(r.Faults, f), append(r.Recovery, own)
	}
	for i, name := range []string{"soak #1", "soak #2"} {
		f, own := death, rec
		f.Name, f.Group, f.Kind, own.Fault = name, "soak", []string{"kill", "isolate"}[i], name
		if i == 1 {
			f.Commanded, f.Effective, f.Healed, f.LeftOut = report.Never, report.Never, report.Never, "it would have hurt b1, which is never to be hurt"
			own = report.Recovery{Fault: name, Service: report.UnknownFigure("the fault did not take effect")}
		}
		r.Faults, r.Recovery = append(r.Faults, f), append(r.Recovery, own)
	}
	seconds := func(all ...float64) report.Distribution {
		var figures []report.Figure
		for _, s := range all {
			figures = append(figures, report.KnownFigure(time.Duration(s*float64(time.Second))))
		}
		return report.Distribute(figures)
	}
	r.Series = []report.Series{{
		Name: "death", Injections: 4, Took: 4, Detect: seconds(9, 9, 9, 9), FirstSuccess: seconds(9.2, 9.1, 9.4, 9.3), Redundancy: seconds(3, 3, 3, 3),
		Failover:    seconds(9.1, 9.2, 9.3, 9.4),
		Service:     report.Distribute([]report.Figure{r.Recovery[0].Service, r.Recovery[1].Service, r.Recovery[2].Service, r.Recovery[3].Service}),
		Performance: seconds(12, 11, 13, 14, 12, 11, 13, 14, 12, 11, 13, 14, 12, 11, 13, 14, 12, 11, 13, 14), Drained: seconds(),
		Shares:    []report.PartShare{{Name: report.Detection, Share: 0.93, P50: report.KnownFigure(9 * time.Second)}, {Name: report.CatchUp, Share: 0.07, P50: report.KnownFigure(time.Second)}},
		Explained: "9s of 10s at the median is detection, which broker.session.timeout.ms = 9s explains in 3 of 4 outages",
	}}
	return r
}
