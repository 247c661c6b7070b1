package formats

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/seed-228c25e4/squall/report"
)

// ReadJSON reads a report that JSON wrote, of this squall or an earlier one; of what a later one added without changing the schema, nothing is kept.
func ReadJSON(in io.Reader) (*report.Report, error) {
	data, err := io.ReadAll(in)
	if err != nil {
		return nil, err
	}
	var version struct {
		Schema int `json:"schema"`
		Run    struct {
			Version string `json:"squall"`
		} `json:"run"`
	}
	if err := json.Unmarshal(data, &version); err != nil {
		return nil, notReport(err)
	}
	switch {
	case version.Schema > report.SchemaVersion:
		return nil, fmt.Errorf("its schema is %d, and this squall reads up to %d: use the one that wrote it (%s), or a later one",
			version.Schema, report.SchemaVersion, version.Run.Version)
	case version.Schema < 1:
		return nil, errors.New("not a report of squall: it has no schema")
	}
	r := new(report.Report)
	if err := json.Unmarshal(data, r); err != nil {
		return nil, notReport(err)
	}
	return r, nil
}

func notReport(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("not a whole report: after %d bytes: %w", syntax.Offset, err)
	}
	return fmt.Errorf("not a report of squall: %w", err)
}

// ReadEvents puts together what can be known of a run from its events alone, a line each. A last line that was not written to its end is left out, which
// is one of the report's findings. An error names the line that is none of a run's events.
func ReadEvents(in io.Reader) (*report.Report, error) {
	var all report.Rebuilder
	half, err := EachEvent(in, all.Add)
	if err != nil {
		return nil, err
	}
	r, ok := all.Report()
	if !ok {
		return nil, errors.New("no event of a run is in it: squall ended before anything was measured")
	}
	if half {
		r.Findings = append(r.Findings, "The last of the events was written only in part, and is left out.")
	}
	return r, nil
}

// EachEvent hands over a run's events, a line each, and reports whether the last line was not written to its end and left out. An error names the line that
// is none of a run's events, or that take refused.
func EachEvent(in io.Reader, take func(report.Event) error) (half bool, _ error) {
	lines := bufio.NewReader(in)
	for n, last := 1, false; !last; n++ {
		line, err := lines.ReadBytes('\n')
		if last = errors.Is(err, io.EOF); err != nil && !last {
			return false, err
		}
		var e report.Event
		err = json.Unmarshal(line, &e)
		if half = last && len(line) > 0 && err != nil; last && (half || len(line) == 0) {
			break
		}
		if err == nil {
			err = take(e)
		}
		if err != nil {
			return false, fmt.Errorf("line %d: %w", n, err)
		}
	}
	return half, nil
}
