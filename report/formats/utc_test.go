package formats

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// The run's clock goes while its testbed is made, before the run starts; times of day are right in every view all the same.
func TestTimesOfDay(t *testing.T) {
	early := func() *report.Report {
		r := failing()
		r.History.Phases = []report.Phase{{Name: "prepare", Kind: report.Prepare, From: 6210 * ms}}
		r.Disturbances = []report.Disturbance{{Kind: report.DisturbedSteal, From: 12 * time.Second, To: 15 * time.Second, Most: 0.34}}
		r.Crashes = []report.Crash{{Node: "b3", At: 33 * time.Second}}
		return r
	}
	const begun, touched, lost, healed, crashed = "03:04:05 UTC", "12s (03:04:10 UTC)", "20.1s (03:04:18 UTC) producer-0 lost b2", "healed 40s (03:04:38 UTC)", "b3 at 33s (03:04:31 UTC)"
	for name, c := range map[string]struct {
		write func(io.Writer, *report.Report) error
		want  []string
	}{
		"text":     {Text, []string{touched, lost, healed, crashed}},
		"markdown": {Markdown, []string{touched, lost, healed, crashed}},
		"html": {HTML, []string{touched, lost, crashed, `<dt>healed</dt><dd>40s (03:04:38 UTC)</dd>`, `from 12s to 15s (03:04:10 UTC)`, `<td>` + begun + `</td><td>phase</td><td>prepare begins</td>`,
			`<th scope="row">40s</th><td>03:04:38 UTC</td><td>fault</td><td>death healed</td>`, `y="219">03:03:58 UTC</text>`, `y="219">03:03:59 UTC</text>`}},
	} {
		var b bytes.Buffer
		if err := c.write(&b, early()); err != nil {
			t.Fatal(err)
		}
		for _, want := range c.want {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%s: %s is not in it", name, want)
			}
		}
	}
}
