package report

import "slices"

// An Outcome is what a verdict or an expectation comes to.
type Outcome string

// The outcomes. What cannot be known never passes.
const (
	Pass         Outcome = "pass"
	Fail         Outcome = "fail"
	Inconclusive Outcome = "inconclusive"
)

// A Verdict is a run's outcome with every reason for it.
type Verdict struct {
	Outcome  Outcome  `json:"outcome"`
	Sentence string   `json:"sentence"`
	Reasons  []Reason `json:"reasons"`
	ExitCode ExitCode `json:"exit_code"`
}

// A Reason is one thing that kept a run from passing.
type Reason struct {
	Code ExitCode `json:"code"`
	Text string   `json:"text"` // one sentence
	// Of is the metric that failed, or "crash"; empty where nothing failed: it was stopped, or cannot be known.
	Of string `json:"of,omitempty"`
}

// An ExitCode is what the process tells whoever started it.
type ExitCode int

// The exit codes.
const (
	ExitPass         ExitCode = 0
	ExitInternal     ExitCode = 1   // squall itself failed
	ExitUsage        ExitCode = 2   // usage, or the scenario is wrong
	ExitEnvironment  ExitCode = 3   // the environment lacks something
	ExitMissed       ExitCode = 10  // an expectation about speed or availability was missed
	ExitSafety       ExitCode = 11  // something was lost, reordered, corrupt, ...
	ExitNotRecovered ExitCode = 12  // a service gap was still open at the end
	ExitInconclusive ExitCode = 20  // nobody can know
	ExitInterrupted  ExitCode = 130 // Ctrl-C
	ExitTerminated   ExitCode = 143 // SIGTERM or SIGHUP
)

// byPrecedence is which code wins when several hold.
var byPrecedence = []ExitCode{ExitInterrupted, ExitTerminated, ExitSafety, ExitInternal, ExitNotRecovered, ExitMissed, ExitEnvironment, ExitUsage, ExitInconclusive, ExitPass}

// Strongest returns the code that wins among those given; none: ExitPass.
func Strongest(codes ...ExitCode) ExitCode {
	for _, c := range byPrecedence {
		if slices.Contains(codes, c) {
			return c
		}
	}
	return ExitPass
}
