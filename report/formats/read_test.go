package formats

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

func written(t testing.TB, r *report.Report) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := JSON(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadJSON(t *testing.T) {
	for name, r := range map[string]*report.Report{"pass": passing(), "fail": failing(), "inconclusive": inconclusive(), "repeated": repeated()} {
		back, err := ReadJSON(bytes.NewReader(written(t, r)))
		if err != nil || !reflect.DeepEqual(back, r) {
			t.Errorf("%s: %v, read\n%+v\nwrote\n%+v", name, err, back, r)
		}
	}
	if r, err := ReadJSON(strings.NewReader(`{"schema":1,"of a later squall":{},"run":{"scenario":"x","this too":7}}`)); err != nil || r.Run.Scenario != "x" {
		t.Errorf("what was added within a schema: %v", err)
	}
}

func TestReadJSONThatIsNoReport(t *testing.T) {
	t.Parallel()
	whole := string(written(t, passing()))
	for text, want := range map[string]string{
		"":                    "not a whole report: after 0 bytes",
		"PASS\npass: ...":     "not a whole report: after 1 bytes",
		"{}":                  "it has no schema",
		"[]":                  "not a report of squall",
		`{"schema":"1"}`:      "not a report of squall",
		`{"schema":0}`:        "it has no schema",
		whole + "{}":          "not a whole report",
		whole[:len(whole)/2]:  "not a whole report",
		`{"schema":1,"run":7`: "not a whole report",
		`{"schema":1,"phases":[{"latency":{"ack":{"buckets":[1]}}}]}`: "odd length",
		`{"schema":7,"run":{"squall":"v9.1"},"verdict":"changed"}`:    "its schema is 7, and this squall reads up to 1: use the one that wrote it (v9.1), or a later one",
	} {
		if _, err := ReadJSON(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: %v, want %q", text, err, want)
		}
	}
	for n := range len(strings.TrimSpace(whole)) {
		if _, err := ReadJSON(strings.NewReader(whole[:n])); err == nil {
			t.Errorf("the first %d of %d bytes are taken for a report", n, len(whole))
		}
	}
	if _, err := ReadJSON(iotest.ErrReader(io.ErrUnexpectedEOF)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("what cannot be read: %v", err)
	}
}

// told returns the lines of a run that was killed.
func told(t testing.TB) []string {
	t.Helper()
	r := passing()
	all := []report.Event{{Type: report.EventRun, Run: &r.Run}, {Type: report.EventPhase, Phase: &r.Phases[2].Phase}, {Type: report.EventFault, Fault: &r.Faults[0]},
		{Type: report.EventNote, Text: "to know"}, {Type: report.EventWindow, Window: &r.Windows[0]}}
	var lines []string
	for i, e := range all {
		e.At = time.Duration(i) * time.Second
		e.UTC = r.Run.Started.Add(e.At)
		data, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(data)+"\n")
	}
	return lines
}

// Wherever the writing of the events stopped, what is whole is read; that some is not is told.
func TestReadEventsThatEndAnywhere(t *testing.T) {
	lines := told(t)
	whole := strings.Join(lines, "")
	for n := len(lines[0]) - 1; n <= len(whole); n++ {
		r, err := ReadEvents(strings.NewReader(whole[:n]))
		if err != nil || r.Run.Scenario != "leader-kill" || r.Run.CutOff == "" {
			t.Fatalf("of %d bytes: %v", n, err)
		}
		half := whole[n-1] != '\n' && (n == len(whole) || whole[n] != '\n')
		if told := strings.Contains(strings.Join(r.Findings, " "), "written only in part"); told != half {
			t.Errorf("of %d bytes, ending with %q: the findings are %q", n, whole[max(0, n-9):n], r.Findings)
		}
	}
	for n := range len(lines[0]) - 1 {
		if _, err := ReadEvents(strings.NewReader(whole[:n])); err == nil || !strings.Contains(err.Error(), "no event of a run is in it") {
			t.Fatalf("of %d bytes: %v", n, err)
		}
	}
	if r, err := ReadEvents(strings.NewReader(whole + strings.Repeat("\x00", 4096))); err != nil || len(r.Windows) != 1 {
		t.Errorf("behind which the machine left zeros: %v", err)
	}
}

func TestReadEventsThatAreSpoilt(t *testing.T) {
	for n := range told(t) {
		for spoil, want := range map[string]string{"{\n": "unexpected end", "\n": "unexpected end", "null\n": "not an event of a run", `{"type":"window"}` + "\n": "what it is about is missing"} {
			lines := told(t)
			lines[n] = spoil
			_, err := ReadEvents(strings.NewReader(strings.Join(lines, "")))
			if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("line %d: ", n+1)) || !strings.Contains(err.Error(), want) {
				t.Errorf("line %d as %q: %v", n+1, spoil, err)
			}
		}
	}
	if _, err := ReadEvents(io.MultiReader(strings.NewReader(told(t)[0]), iotest.ErrReader(io.ErrUnexpectedEOF))); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("what cannot be read: %v", err)
	}
}

// Whatever stands in a file of events, whoever reads it is not brought down, nor whoever shows what was read.
func FuzzReadEvents(f *testing.F) {
	whole := strings.Join(told(f), "")
	f.Add([]byte(whole))
	for i := range whole {
		if i%31 == 0 {
			f.Add([]byte(whole[:i] + "9" + whole[i+1:]))
			f.Add([]byte(whole[:i] + "-" + whole[i:]))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := ReadEvents(bytes.NewReader(data))
		if err != nil {
			return
		}
		report.Judge(r, nil)
		if err := Text(io.Discard, r); err != nil {
			t.Error(err)
		}
		if r.Verdict.Outcome == report.Pass {
			t.Error("a run that was cut off passes")
		}
	})
}
