package formats

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// What is folded away on a screen shows on paper: it stands outside of the closed elements, and only a screen's style hides it.
func TestHTMLOnPaper(t *testing.T) {
	page := pageOf(t, passing())
	folded := strings.Count(page, `</summary></details>`+"\n"+`<div class="folded">`)
	if all := strings.Count(page, "<details"); folded != all || all < 2 {
		t.Errorf("%d of %d folded parts stand outside of what a browser leaves closed when it prints", folded, all)
	}
	if n := strings.Count(htmlStyle, "folded"); n != 1 {
		t.Errorf("%d rules of style for what is folded away, of which one is for screens alone", n)
	}
	if !strings.Contains(htmlStyle, "@media screen{details:not([open])+.folded{display:none}}") {
		t.Error("what is closed shows on a screen")
	}
}

// Names above a chart do not run into one another; those of a series are told by their numbers.
func TestNamesAbovePlots(t *testing.T) {
	place := regexp.MustCompile(`<svg x="([0-9.]+)%" y="0" width="([0-9.]+)%" height="18"><text class="name" x="2" y="12">([^<]*)</text>`)
	for _, c := range []struct {
		seconds, faults int
		group, want     string
	}{
		{600, 9, "leader-kill", "#1 #2 #3 #4 #5 #6 #7 #8 #9"}, {600, 2, "leader-kill", "leader-kill #1 leader-kill #2"}, {3000, 400, "leader-kill", ""}, {600, 9, "", ""},
	} {
		r := long(c.seconds, c.faults)
		for i := range r.Faults {
			r.Faults[i].Name, r.Faults[i].Group = fmt.Sprintf("leader-kill #%d", i+1), c.group
		}
		end, names := 0.0, []string{}
		for _, m := range place.FindAllStringSubmatch(string(newFilm(r).overTime()[0].SVG), -1) {
			at, _ := strconv.ParseFloat(m[1], 64)
			width, _ := strconv.ParseFloat(m[2], 64)
			if at < end-0.02 || at+width > 100.02 || width < 100*6.5*float64(len(m[3]))/paper {
				t.Errorf("%d of %d: %s stands at %.2f, %.2f wide, and what is before it ends at %.2f", c.faults, c.seconds, m[3], at, width, end)
			}
			end, names = at+width, append(names, m[3])
		}
		if got := strings.Join(names, " "); len(names) == 0 || c.want != "" && got != c.want {
			t.Errorf("%d of %d: %s, want %s", c.faults, c.seconds, got, c.want)
		}
	}
}

// Phases of one name are told apart, and the words say to which a message belongs.
func TestPhasesOfOneName(t *testing.T) {
	r := passing()
	r.Phases = append(r.Phases, r.Phases[0])
	r.Phases[len(r.Phases)-1].From = 25500 * ms
	rows := latencyRows(r)
	var names []string
	for _, row := range rows[1:] {
		names = append(names, row[0])
	}
	if got, want := strings.Join(names, ", "), "warm-up, baseline, during death from 20s, during death from 25.5s"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	page := pageOf(t, r)
	for _, want := range []string{`<th scope="row">during death from 25.5s</th>`, "</svg> during death from 25.5s: p99", "one that still waited for its outcome when a fault ended that phase"} {
		if !strings.Contains(page, want) {
			t.Errorf("%s is not in it", want)
		}
	}
}

// Views name files as they lie in the run's folder, and not where that was on the machine that made them.
func TestFilesInViews(t *testing.T) {
	r := passing()
	r.Files = []string{"/home/ci/runs/1/events.ndjson", "/home/ci/runs/1/b1-1.log.gz", "/home/ci/runs/1/report.json", "/home/ci/other/more.txt"}
	var md, junit strings.Builder
	if err := Markdown(&md, r); err != nil {
		t.Fatal(err)
	}
	if err := JUnit(&junit, r); err != nil {
		t.Fatal(err)
	}
	for name, view := range map[string]string{"html": pageOf(t, r), "markdown": md.String(), "junit": junit.String()} {
		if strings.Contains(view, "/home/ci") || !strings.Contains(view, "b1-1.log.gz") || !strings.Contains(view, "../other/more.txt") && !strings.Contains(view, `..\/other`) {
			t.Errorf("%s: %s", name, view[max(0, len(view)-900):])
		}
	}
	if got := strings.Join(fileNames([]string{`C:\runs\1\events.ndjson`, `C:\runs\1\report.json`}), " "); got != "events.ndjson report.json" {
		t.Error(got)
	}
	if got := strings.Join(fileNames([]string{"out/events.ndjson"}), " "); got != "events.ndjson" {
		t.Error(got)
	}
}
