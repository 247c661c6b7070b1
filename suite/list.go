package suite

import "io"

// A left stands in the place of a field that a list has not.
type left *struct{}

// A listed is a run that would be made, of which there is nothing yet to judge.
type listed struct {
	*Entry
	Outcome  left `json:"outcome,omitempty"`
	ExitCode left `json:"exit_code,omitempty"`
	Sentence left `json:"sentence,omitempty"`
	NotRun   left `json:"not_run,omitempty"`
	Took     left `json:"took_ns,omitempty"`
}

// ListJSON writes what would run as suite.json has it, without what runs come to: there is no verdict of a list.
func ListJSON(w io.Writer, r *Result) error {
	list := struct {
		*Result
		Verdict left     `json:"verdict,omitempty"`
		Started left     `json:"started,omitempty"`
		Took    left     `json:"took_ns,omitempty"`
		Runs    []listed `json:"runs"`
	}{Result: r, Runs: []listed{}}
	for i := range r.Runs {
		list.Runs = append(list.Runs, listed{Entry: &r.Runs[i]})
	}
	return indented(w, list)
}
