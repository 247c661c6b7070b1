package report

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// An Expectation is one sentence of a scenario that can be held against a report:
//
//	METRIC[.STAT] OP VALUE [during PHASE | of FAULT] [(warn)]
//	METRIC[.STAT] OP N% of baseline during PHASE [(warn)]
type Expectation struct {
	Text     string // as it was written
	Metric   string // without its statistic: "ack"
	Stat     string // "p99"; empty: the metric has none
	Op       string // "<", "<=", ">", ">=", "=="
	Value    float64
	Relative bool   // Value is a factor of what the metric is in the baseline
	During   string // a phase's name: "baseline", "warm-up", "during NAME" as NAME, "recovery NAME", or "faults" and "recovery" for those of all faults
	Of       string // a fault's name
	Warn     bool   // missing it does not change the verdict
}

// Judged is an expectation with what it came to.
type Judged struct {
	Text    string  `json:"text"`
	Outcome Outcome `json:"outcome"`
	Warn    bool    `json:"warn,omitempty"`
	Got     string  `json:"got"`           // the measured value as people write it
	Why     string  `json:"why,omitempty"` // for what is inconclusive
}

// expectationForm is how expectations are written, with a place for what metrics are called.
const expectationForm = `^\s*(%s)\s*(<=|>=|==|<|>)\s*(?:(\S+%%)\s+of\s+baseline|(\S+))(?:\s+(during|of)\s+(.+?))?(\s+\(warn\))?\s*$`

var expectationSyntax = regexp.MustCompile(fmt.Sprintf(expectationForm, `[a-z0-9.-]+`))

// ExpectationPattern returns a regular expression that every expectation matches, with the names of all metrics in it.
func ExpectationPattern() string {
	names := MetricNames()
	for i, n := range names {
		names[i] = regexp.QuoteMeta(n)
	}
	return fmt.Sprintf(expectationForm, strings.Join(names, "|"))
}

// ParseExpectation reads one expectation of a scenario that has the named faults; what cannot be evaluated is an error that says
// what to write instead.
func ParseExpectation(text string, faults []string) (Expectation, error) {
	m := expectationSyntax.FindStringSubmatch(text)
	if m == nil {
		return Expectation{}, fmt.Errorf("cannot read %q: write METRIC OP VALUE [during PHASE | of FAULT] [(warn)], as in %q", text, "ack.p99 < 250ms during baseline")
	}
	e := Expectation{Text: text, Op: m[2], Relative: m[3] != "", Warn: m[7] != ""}
	metric, stat, ok := FindMetric(m[1])
	if bare, named := (Expectation{Metric: m[1]}).metric(); named && !ok {
		return e, fmt.Errorf("%s wants a statistic behind it: %[1]s.%s", m[1], strings.Join(bare.Stats, ", ."))
	}
	if !ok {
		return e, fmt.Errorf("there is no metric %q%s; `squall list metrics` shows all", m[1], Suggest(m[1], MetricNames()))
	}
	e.Metric, e.Stat = metric.Name, stat
	var err error
	if e.Relative {
		e.Value, err = parseFactor(m[3])
	} else {
		e.Value, err = metric.Unit.parse(m[4])
	}
	if err != nil {
		return e, fmt.Errorf("%s: %w", m[1], err)
	}
	if m[5] == "during" {
		e.During = m[6]
	} else {
		e.Of = m[6]
	}
	return e, e.checkScope(metric, faults)
}

// parseFactor reads how much of the baseline's own value something is to be: 95% as 0.95. It may be more than all of it.
func parseFactor(s string) (float64, error) {
	v, err := strconv.ParseFloat(strings.TrimSuffix(s, "%"), 64)
	if err != nil || !(v >= 0) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("%q is not a part of the baseline; write it as 95%% of baseline", s)
	}
	return v / 100, nil
}

func (e Expectation) checkScope(m Metric, faults []string) error {
	switch {
	case e.During != "" && m.Scope != ScopePhase:
		return fmt.Errorf("%s is not measured by phase; leave %q out", e.Metric, "during "+e.During)
	case e.Of != "" && m.Scope != ScopeFault:
		return fmt.Errorf("%s is not measured by fault; leave %q out", e.Metric, "of "+e.Of)
	case e.Of != "" && !slices.Contains(faults, e.Of):
		return fmt.Errorf("there is no fault named %q%s", e.Of, Suggest(e.Of, faults))
	case e.Relative && !m.relative():
		return fmt.Errorf("%s is no latency, rate or share of a phase that could be held against the baseline; write a value of its own", e.Metric)
	case e.Relative && (e.During == "" || e.During == string(Baseline)):
		return fmt.Errorf("%s is held against the baseline, and that of another phase is wanted: write during and its name behind it", e.Metric)
	case m.Scope == ScopeFault && len(faults) == 0:
		return fmt.Errorf("%s needs a fault, and the scenario has none", e.Metric)
	}
	if e.During == "" {
		return nil
	}
	if e.During == string(Heal) || e.During == string(Drain) {
		return fmt.Errorf("nothing is due any more during %s, and what comes late is counted where it was due: ask for another phase, or for none", e.During)
	}
	known := []string{string(WarmUp), string(Baseline)}
	if len(faults) > 0 {
		known = append(known, DuringFaults, everyRecovery)
	}
	for _, f := range faults {
		known = append(known, f, "recovery "+f)
	}
	if !slices.Contains(known, e.During) {
		return fmt.Errorf("there is no phase named %q%s; phases are warm-up, baseline, a fault's name, recovery and a fault's name, and faults and recovery for those of all faults", e.During, Suggest(e.During, known))
	}
	return nil
}

// holds reports whether v satisfies the expectation.
func (e Expectation) holds(v float64) bool {
	switch e.Op {
	case "<":
		return v < e.Value
	case "<=":
		return v <= e.Value
	case ">":
		return v > e.Value
	case ">=":
		return v >= e.Value
	}
	return v == e.Value
}

// A Unit is what a metric is counted in.
type Unit string

// The units.
const (
	UnitCount    Unit = "messages"
	UnitDuration Unit = "duration" // in seconds inside; written with a unit
	UnitShare    Unit = "share"    // 0 to 1; written as 0.99 or 99%
	UnitRate     Unit = "messages per second"
	UnitBytes    Unit = "bytes" // written with or without a unit
)

func (u Unit) parse(s string) (float64, error) {
	switch u {
	case UnitDuration:
		d, err := time.ParseDuration(s)
		if err != nil || d < 0 {
			return 0, fmt.Errorf("%q is not a duration; write it with a unit, as in 250ms or 15s", s)
		}
		return d.Seconds(), nil
	case UnitShare:
		number, percent := strings.CutSuffix(s, "%")
		v, err := strconv.ParseFloat(number, 64)
		if percent {
			v /= 100
		}
		if err != nil || !(v >= 0 && v <= 1) { // not a number, too
			return 0, fmt.Errorf("%q is not a share; write it between 0 and 1, or as 99.9%%", s)
		}
		return v, nil
	case UnitRate:
		number, found := strings.CutSuffix(s, "/s")
		v, err := strconv.ParseFloat(number, 64)
		if err != nil || !found || !(v >= 0) || math.IsInf(v, 0) {
			return 0, fmt.Errorf("%q is not a rate; write it as 2000/s", s)
		}
		return v, nil
	}
	if u == UnitBytes {
		return parseBytes(s)
	}
	v, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a count of messages; write a whole number", s)
	}
	return float64(v), nil
}

// parseBytes reads a size: 4096, 4KiB, 1.5MiB.
func parseBytes(s string) (float64, error) {
	number, factor := s, 1.0
	for i, unit := range []string{"KiB", "MiB", "GiB"} {
		if n, found := strings.CutSuffix(s, unit); found {
			number, factor = n, float64(uint64(1)<<(10*(i+1)))
		}
	}
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || !(v >= 0) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("%q is not a size; write it as 4096, 512KiB or 1.5MiB", s)
	}
	return v * factor, nil
}

// Spoken tells how values of this unit are written.
func (u Unit) Spoken() string {
	return map[Unit]string{UnitCount: "a number of messages", UnitDuration: "a duration such as 250ms", UnitShare: "a share such as 99.9%", UnitRate: "a rate such as 2000/s", UnitBytes: "a size such as 512KiB"}[u]
}

// human prints a value of this unit as people write it.
func (u Unit) human(v float64) string {
	switch u {
	case UnitDuration:
		return Human(time.Duration(v * float64(time.Second)))
	case UnitShare:
		return strconv.FormatFloat(math.Round(v*1e6)/1e4, 'f', -1, 64) + "%"
	case UnitRate:
		return strconv.FormatFloat(v, 'f', 0, 64) + "/s"
	case UnitBytes:
		return HumanBytes(uint64(v))
	}
	return Thousands(uint64(v))
}

// Suggest returns `, did you mean "..."?` where one of the words is near enough to be what was meant, else nothing.
func Suggest(word string, words []string) string {
	best, least := "", len(word)/2+1
	for _, w := range words {
		if d := distance(word, w); d < least {
			best, least = w, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(", did you mean %q?", best)
}

// Typo returns the word that was meant, where one that is not among words is so near to one of them that it can be nothing else; empty: it is one of them, or a
// stranger.
func Typo(word string, words []string) string {
	nearest := ""
	for _, w := range words {
		switch d := distance(word, w); {
		case d == 0:
			return ""
		case d <= 2 && nearest == "":
			nearest = w
		}
	}
	return nearest
}

// distance is the number of single-character edits between two words (Levenshtein 1966), in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diagonal
			if a[i-1] != b[j-1] {
				cost = 1 + min(diagonal, row[j], row[j-1])
			}
			diagonal, row[j] = row[j], cost
		}
	}
	return row[len(b)]
}
