package capacity

import (
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// SchemaVersion is the version of capacity.json; fields are only ever added within one.
const SchemaVersion = 1

// A Result is what a search for what a cluster carries came to: capacity.json. Durations are whole nanoseconds, in fields that end in _ns; rates are messages
// per second of all producers together.
type Result struct {
	Schema   int    `json:"schema"`
	Version  string `json:"squall"`
	Scenario string `json:"scenario"`
	About    string `json:"about,omitempty"`
	Source   string `json:"source,omitempty"` // the scenario file, or its name in the library
	// Question is what was asked, in one sentence.
	Question string  `json:"question"`
	Verdict  Verdict `json:"verdict"`
	// Expectations are all that have to hold at a rate, as they are written; none but these was asked.
	Expectations []string      `json:"expectations"`
	Settings     Settings      `json:"settings"`
	Started      time.Time     `json:"started"`
	Took         time.Duration `json:"took_ns"`           // of all sittings, where the search was interrupted and resumed
	Resumed      int           `json:"resumed,omitempty"` // how often it was
	Command      []string      `json:"command,omitempty"` // what repeats it
	Host         report.Host   `json:"host"`              // the machine that generated the load, as the first point found it
	Broker       report.Broker `json:"broker"`            // the cluster, as the first point found it
	// Effective is the scenario that the points are runs of, with everything filled in, as YAML; each point changes the rate, and what its curve sets.
	Effective   string          `json:"effective"`
	Workload    Workload        `json:"workload"`
	Goal        *Goal           `json:"goal,omitempty"` // what it is to carry one day; nil: nobody said
	Curves      []Curve         `json:"curves"`
	Recoveries  []Recovery      `json:"recoveries,omitempty"`
	NotMeasured []NotMeasured   `json:"not_measured,omitempty"`
	Analysis    *Analysis       `json:"analysis,omitempty"` // what follows from all this
	Stopped     string          `json:"stopped,omitempty"`  // why it ended before its plan; empty: it did not
	StopCode    report.ExitCode `json:"stop_code,omitempty"`
}

// A Verdict is what the search came to, in words and as the process tells it: pass where every curve has its answer, fail where an expectation was missed at
// the lowest rate already or something was lost, inconclusive where nobody can know.
type Verdict struct {
	Outcome  report.Outcome  `json:"outcome"`
	Sentence string          `json:"sentence"`
	ExitCode report.ExitCode `json:"exit_code"`
}

// Settings are how it was searched.
type Settings struct {
	From       float64       `json:"from"`         // the lowest rate that was to be tried
	To         float64       `json:"to"`           // the highest; 0: none was named
	Resolution float64       `json:"resolution"`   // relative: the search ends when high/low - 1 is no more than this
	Confirm    int           `json:"confirm"`      // how often the answer had to hold besides
	Settling   time.Duration `json:"settling_ns"`  // of load before a point is measured, at least
	Measuring  time.Duration `json:"measuring_ns"` // of each point
	Sweeps     []Sweep       `json:"sweeps,omitempty"`
	Given      []string      `json:"given,omitempty"` // what was set in the scenario so that the question makes sense, as with --set
	Most       int           `json:"most_points"`     // more are refused
	Points     int           `json:"points"`          // about how many were to be measured
	Estimate   time.Duration `json:"estimate_ns"`     // about how long they were to take, told beforehand
}

// A Sweep is a field of the scenario, by its path, and the values that were tried.
type Sweep struct {
	Path   string   `json:"path"`
	Values []string `json:"values"`
}

// A Setting is a field of the scenario and what it was set to.
type Setting struct {
	Path  string `json:"path"`
	Value string `json:"value"`
}

// A State is in which state the cluster was while it was measured.
type State string

// The states.
const (
	Healthy    State = "healthy"
	OneDown    State = "one broker down"
	CatchingUp State = "catching up" // the broker is back, and its replicas are not in sync yet
)

// A Curve is what the cluster did at growing rates, in one state and with one set of settings.
type Curve struct {
	Name  string    `json:"name"` // unique in the result: "healthy", "one broker down, load.size=100B"
	State State     `json:"state"`
	Set   []Setting `json:"set,omitempty"` // of the sweeps; none: as the scenario says
	// Ceiling is what this machine's generator reaches with these settings, to a broker that forgets what it is told; 0: not known.
	Ceiling float64 `json:"ceiling,omitempty"`
	Points  []Point `json:"points"`          // in the order in which they were measured
	Found   *Found  `json:"found,omitempty"` // nil: it was not searched, for the rates were given; or it is not over
}

// A Found is the answer of a search: where between two rates the expectations stop holding.
type Found struct {
	Answer Answer `json:"answer"`
	// Low is the highest rate at which all expectations held, with whatever confirmed it; 0: none did.
	Low float64 `json:"low"`
	// High is the lowest rate above it at which one did not; 0: none was found.
	High float64 `json:"high"`
	// Held and Tried are how many of the points at Low held, and how many there are whose outcome is known.
	Held     int      `json:"held"`
	Tried    int      `json:"tried"`
	LowIDs   []string `json:"low_points,omitempty"`  // the points at Low
	HighIDs  []string `json:"high_points,omitempty"` // and at High
	Stop     Stop     `json:"stop"`                  // what kept the rate from growing
	Sentence string   `json:"sentence"`              // the same in words
}

// An Answer says what Low and High of a Found are worth.
type Answer string

// The answers.
const (
	Bracketed Answer = "bracketed" // the capacity lies between Low and High
	AtLeast   Answer = "at least"  // it is Low or more: nothing was missed up to what could be tried
	Below     Answer = "below"     // it is less than High: something was missed at the lowest rate already
	Unknown   Answer = "unknown"
)

// A Stop is why a search did not go on to higher rates.
type Stop string

// The reasons.
const (
	StopExpectation Stop = "an expectation was missed"
	StopBacklog     Stop = "the backlog grew"
	StopAchieved    Stop = "less was acknowledged than was due"
	StopGenerator   Stop = "the generator was at its limit" // then High says nothing of the cluster
	StopHighest     Stop = "the highest rate asked for held"
	StopStated      Stop = "the limit that was stated held" // the most that the scenario allows to be sent to a cluster of others
	StopUnknown     Stop = "a point could not be judged"
	StopEnded       Stop = "the search was stopped"
)

// A Purpose is what a point was measured for.
type Purpose string

// The purposes.
const (
	Bracket      Purpose = "bracket"  // growing steps, until one does not hold
	Bisect       Purpose = "bisect"   // between the highest that held and the lowest that did not
	Confirm      Purpose = "confirm"  // the answer again
	SweepPoint   Purpose = "sweep"    // a rate that was given
	RecoverPoint Purpose = "recovery" // how long recovery takes at this rate
)

// A Validity says what a point's figures are worth.
type Validity string

// The validities.
const (
	Valid          Validity = "valid"
	GeneratorLimit Validity = "generator at its limit" // they are the generator's, not the cluster's
	Inconclusive   Validity = "inconclusive"
)

// A Point is one run of the scenario at one rate. Its figures are those of the measured stretch, and can be found in the report in its folder.
type Point struct {
	ID        string          `json:"id"` // unique in the result
	Purpose   Purpose         `json:"purpose"`
	Rate      float64         `json:"rate"`             // due
	Bytes     float64         `json:"bytes_per_second"` // due, of messages' values
	Achieved  float64         `json:"achieved"`         // acknowledged, per second
	Delivered float64         `json:"delivered"`        // to consumers, per second; 0 where nothing is consumed
	Started   time.Time       `json:"started"`
	Took      time.Duration   `json:"took_ns"`          // with what is beside its load
	Settling  time.Duration   `json:"settling_ns"`      // of load before it was measured
	Measuring time.Duration   `json:"measuring_ns"`     // 0: nothing was measured
	From      time.Duration   `json:"from_ns"`          // when it was measured, on the clock of its run
	Settled   bool            `json:"settled"`          // rate and lag were flat when the measuring began
	Ack       Quantiles       `json:"ack"`              // due to acknowledged
	E2E       Quantiles       `json:"e2e"`              // due to delivered
	Service   Quantiles       `json:"service"`          // handed to the client, to acknowledged
	Lag       Quantiles       `json:"lag"`              // due, to handed to the client: the generator's own
	Backlog   uint64          `json:"backlog"`          // messages due and not yet through, at the end of what was measured
	Slope     float64         `json:"backlog_slope"`    // by how many messages a second that grew
	Errors    uint64          `json:"errors"`           // messages rejected or unknown
	Expected  []report.Judged `json:"expectations"`     // each that had to hold
	Held      bool            `json:"held"`             // all of them did, the rate was kept, and the backlog did not grow; false unless Validity is Valid
	Missed    []string        `json:"missed,omitempty"` // what did not, a sentence each
	Stop      Stop            `json:"stop,omitempty"`   // the foremost of them; empty: it held
	Validity  Validity        `json:"validity"`
	Why       string          `json:"why,omitempty"` // why it is not valid
	Used      Used            `json:"used"`
	Verdict   report.Verdict  `json:"verdict"` // of the run's own report; the zero value: there is none
	Folder    string          `json:"folder"`  // of the run's report, below that of capacity.json; empty: there is none
	// Again says that the point is measured by another one's run: that of this id, before or after.
	Again string `json:"of_run,omitempty"`
}

// Quantiles are some of a distribution of latencies.
type Quantiles struct {
	Count   uint64        `json:"count"`
	P50     time.Duration `json:"p50_ns"`
	P90     time.Duration `json:"p90_ns"`
	P99     time.Duration `json:"p99_ns"`
	P999    time.Duration `json:"p999_ns"`
	Max     time.Duration `json:"max_ns"`
	AtLeast bool          `json:"at_least,omitempty"` // censored values are among them: the greater ones may be more
}

// Used is what a point's run used of the machine while it was measured, as far as that is known.
type Used struct {
	CPUs      int     `json:"cpus"`            // of the machine
	Idle      float64 `json:"idle"`            // share of the processors' time that nobody wanted, 0 to 1
	Known     bool    `json:"known"`           // whether the machine told: Idle and Nodes are 0 where it did not
	Generator Use     `json:"generator"`       // squall itself, with brokers that run in its process
	Nodes     []Use   `json:"nodes,omitempty"` // the brokers' containers, in order; one that was down is missing
}

// A Use is what one process or container used. Rates are the mean of the measured stretch. What is not known, or has no limit, is 0.
type Use struct {
	Name        string  `json:"name"`     // "squall", "b1"
	CPU         float64 `json:"cpu"`      // cores
	CPUMost     float64 `json:"cpu_most"` // in the second in which it used most
	CPULimit    float64 `json:"cpu_limit,omitempty"`
	Throttled   float64 `json:"throttled,omitempty"`    // seconds of each second in which its threads were kept waiting by that limit
	Memory      uint64  `json:"memory_bytes,omitempty"` // the most
	MemoryLimit uint64  `json:"memory_limit_bytes,omitempty"`
	DiskRead    float64 `json:"disk_read,omitempty"`        // bytes per second
	DiskWrite   float64 `json:"disk_write,omitempty"`       // bytes per second, as the device was given them
	DiskLimit   uint64  `json:"disk_limit_bytes,omitempty"` // the space that it has for data
	NetIn       float64 `json:"net_in,omitempty"`           // bytes per second
	NetOut      float64 `json:"net_out,omitempty"`          // bytes per second
}

// A Recovery is how the cluster came back from a fault at one rate.
type Recovery struct {
	Share    float64         `json:"share"` // of the rate that the healthy cluster carries
	Point    Point           `json:"point"` // its run
	Faults   []RecoveryTimes `json:"faults"`
	Held     bool            `json:"held"`       // the objectives did
	Expected []report.Judged `json:"objectives"` // what the scenario expects of recovery
}

// RecoveryTimes are how one fault went by.
type RecoveryTimes struct {
	Fault       string        `json:"fault"`
	Kind        string        `json:"kind"`
	Victims     []string      `json:"victims"`
	Service     report.Figure `json:"service"`     // effective to the end of the last gap
	Performance report.Figure `json:"performance"` // effective to the first 5 s as good as before
	Redundancy  report.Figure `json:"redundancy"`  // healed to every in-sync set full
	Drained     report.Figure `json:"drained"`     // healed to the backlog as small as before
}

// A NotMeasured is something that the answer does not cover, and why.
type NotMeasured struct {
	What string `json:"what"`
	Why  string `json:"why"`
}
