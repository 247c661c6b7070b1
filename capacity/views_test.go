package capacity

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files anew")

// fixtures are results of each kind that there is.
var fixtures = map[string]func() *Result{"whole": whole, "generator": generatorBound, "stopped": cutShort, "slow": tooSlow}

func viewOf(t *testing.T, write func(io.Writer, *Result) error, r *Result) string {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Each view of each result is as it was looked at and found good.
func TestViewsGolden(t *testing.T) {
	for name, make := range fixtures {
		for _, v := range Views {
			if v.Name == "json" {
				continue
			}
			file := filepath.Join("testdata", name+"."+v.Name)
			got := unstyled(viewOf(t, v.Write, make()))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
				continue
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s is not as it was; look at it, and take it with -update:\n%s", file, firstDifference(got, string(want)))
			}
		}
	}
}

// unstyled is a page without its style sheet, which stands in a file of its own, and its policy, which has the sheet's hash.
func unstyled(page string) string {
	page = regexp.MustCompile(`(?s)<style>.*?</style>`).ReplaceAllString(page, "<style></style>")
	return regexp.MustCompile(`'sha256-[^']*'`).ReplaceAllString(page, "'sha256'")
}

func firstDifference(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(a), len(b)) {
		x, y := "(end)", "(end)"
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x != y {
			return fmt.Sprintf("line %d: %.300s\nwas:    %.300s", i+1, x, y)
		}
	}
	return ""
}

// An analysis can be made again of what was written, and comes to the same.
func TestAnalysisAgain(t *testing.T) {
	for name, make := range fixtures {
		r := make()
		var again Result
		if err := json.Unmarshal([]byte(viewOf(t, JSON, r)), &again); err != nil {
			t.Fatal(err)
		}
		again.Analyse()
		if a, b := viewOf(t, JSON, r), viewOf(t, JSON, &again); a != b {
			t.Errorf("%s: %s", name, firstDifference(b, a))
		}
	}
}

// Every figure can be traced: points that an answer names are there, and their runs are linked.
func TestPagesAreTraceable(t *testing.T) {
	for name, make := range fixtures {
		r := make()
		page := viewOf(t, HTML, r)
		ids := map[string]bool{}
		for _, c := range r.Curves {
			for _, p := range c.Points {
				ids[p.ID] = true
				if !strings.Contains(page, fmt.Sprintf(`<a href="%s/report.html">%s</a>`, p.Folder, p.ID)) {
					t.Errorf("%s: the run of %s is not linked", name, p.ID)
				}
			}
		}
		for _, k := range r.Analysis.Knees {
			for _, id := range k.Points {
				if !ids[id] {
					t.Errorf("%s: %s rests on %s, which is not there", name, k.Curve, id)
				}
			}
		}
	}
}

// A page loads nothing and runs nothing, and its policy admits its one style and nothing else.
func TestPageLoadsNothing(t *testing.T) {
	loads := regexp.MustCompile(`(?i)<script|<link|<img|<iframe|<object|@import|url\(|\bsrc=|javascript:|\son[a-z]+=|https?://|style="`)
	for name, make := range fixtures {
		page := viewOf(t, HTML, make())
		if found := loads.FindString(page); found != "" {
			t.Errorf("%s: the page has %q", name, found)
		}
		_, rest, _ := strings.Cut(page, "<style>")
		style, _, _ := strings.Cut(rest, "</style>")
		hash := sha256.Sum256([]byte(style))
		policy := `content="default-src 'none'; style-src 'sha256-` + base64.StdEncoding.EncodeToString(hash[:]) + "'; "
		if !strings.Contains(page, policy) || strings.Count(page, "<style") != 1 {
			t.Errorf("%s: the page's policy is not there, or it has styles that it forbids", name)
		}
	}
}

// What came from outside is words and nothing else in every view.
func TestViewsOfHostileWords(t *testing.T) {
	const words = "<script>alert(1)</script> | `x` @someone \x1b[31m =1+1"
	r := whole()
	r.Scenario, r.Question, r.Stopped, r.Effective, r.Version = words, words, words, "</pre>"+words, words
	r.Verdict.Sentence, r.Expectations = words, append(r.Expectations, words)
	p := &r.Curves[0].Points[0]
	p.ID, p.Why, p.Validity, p.Folder = "=cmd()", words, Inconclusive, "javascript:alert(1)//"
	r.NotMeasured = append(r.NotMeasured, NotMeasured{words, words})
	r.Broker.Images[0].Name = words
	r.Analyse()
	page, md, text := viewOf(t, HTML, r), viewOf(t, Markdown, r), viewOf(t, Text, r)
	if strings.Contains(page, "<script") || strings.Contains(page, `href="javascript`) {
		t.Error("the page runs what it was told")
	}
	for name, view := range map[string]string{"html": page, "markdown": md, "text": text} {
		if strings.Contains(view, "\x1b") {
			t.Errorf("%s has what a terminal obeys", name)
		}
	}
	if strings.Contains(md, "<script") || strings.Contains(md, " @someone") || strings.Contains(md, "`x`") {
		t.Error("Markdown has markup or mentions of others")
	}
	rows, err := csv.NewReader(strings.NewReader(viewOf(t, CSV, r))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range rows {
		for _, cell := range row {
			if strings.HasPrefix(cell, "=") {
				t.Errorf("row %d: a spreadsheet would reckon %q", i, cell)
			}
		}
	}
}

// CSV has a line for each point, with as many cells as it has names.
func TestCSV(t *testing.T) {
	r := whole()
	rows, err := csv.NewReader(strings.NewReader(viewOf(t, CSV, r))).ReadAll()
	if err != nil {
		t.Fatal(err) // also where rows differ in length
	}
	points := len(r.Recoveries)
	for _, c := range r.Curves {
		points += len(c.Points)
	}
	if len(rows) != points+1 {
		t.Errorf("%d rows, and there are %d points", len(rows), points)
	}
}

// Markdown stays below what a CI system takes, whatever was measured.
func TestMarkdownIsBounded(t *testing.T) {
	r := whole()
	long := strings.Repeat("x", 200)
	for i := range 3000 {
		c, s := r.Curves[3], r.Analysis.Sensitivity[0]
		c.Name, s.Setting = fmt.Sprintf("%s %d %s", c.Name, i, long), long
		r.Curves, r.Analysis.Sensitivity, r.NotMeasured = append(r.Curves, c), append(r.Analysis.Sensitivity, s), append(r.NotMeasured, NotMeasured{long, long})
	}
	if md := viewOf(t, Markdown, r); len(md) > 900_000 || !strings.Contains(md, "more, in capacity.json") {
		t.Errorf("%d bytes", len(md))
	}
}

// A browser shows the page without a word of complaint.
func TestPageInABrowser(t *testing.T) {
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium here: the page was not opened in a browser")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	dir := t.TempDir()
	file := filepath.Join(dir, "capacity.html")
	if err := os.WriteFile(file, []byte(viewOf(t, HTML, whole())), 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir="+dir, "--enable-logging=stderr", "--dump-dom", "file://"+file)
	var told strings.Builder
	c.Stderr = &told
	dom, err := c.Output()
	if err != nil && ctx.Err() != nil {
		t.Skip("chromium did not end within its time: the page was not opened in a browser")
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, told.String())
	}
	if strings.Contains(told.String(), "CONSOLE") {
		t.Errorf("the browser complains:\n%s", told.String())
	}
	if !strings.Contains(string(dom), "What was not measured") {
		t.Errorf("the browser shows %d bytes, and not the whole page", len(dom))
	}
}

// What an answer is worth is told as it was measured: which rate bounded the search, and whether anything was missed above it.
func TestTellsWhatAnAnswerIsWorth(t *testing.T) {
	m := &modelled{carries: 42_000, base: 2 * ms, nodes: threeNodes}
	point := func(rate float64, validity Validity) Point {
		p := m.point(rate, Bracket)
		p.Validity = validity
		return p
	}
	open := []Point{point(10_000, Valid), point(20_000, Inconclusive)}
	for _, c := range []struct {
		name   string
		answer Answer
		curve  Curve
		want   string
	}{
		{"up to the rate that was asked for", AtLeast, Curve{State: Healthy, Found: &Found{Low: 10_000, Stop: StopHighest}}, "everything held up to the highest rate that was tried."},
		{"up to what all carry", AtLeast, Curve{State: OneDown, Found: &Found{Low: 10_000, Stop: StopHighest}}, "up to what it carries with all brokers"},
		{"up to what is carried with one down", AtLeast, Curve{State: CatchingUp, Found: &Found{Low: 10_000, Stop: StopHighest}}, "up to what it carries with one broker down"},
		{"nothing was missed", AtLeast, Curve{Points: open, Found: &Found{Low: 10_000, Stop: StopUnknown}}, "No limit was found: the runs at higher rates cannot be judged."},
		{"missed further up", AtLeast, Curve{Points: append(open, point(80_000, Valid)), Found: &Found{Low: 10_000, Stop: StopUnknown}}, "at 80,000/s something was missed, and the runs at rates between cannot be judged."},
		{"stopped", Unknown, Curve{Found: &Found{Low: 10_000, Stop: StopEnded}}, "Whether it carries more is open: the search was stopped."},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := whole().because(&Knee{Answer: c.answer, Rate: c.curve.Found.Low}, &c.curve); !strings.HasSuffix(got, c.want) && !strings.Contains(got, c.want+",") {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// Who is advised a rate that the cluster does not carry while a broker catches up is told so, and nobody else.
func TestAdviceTellsOfCatchingUp(t *testing.T) {
	for carries, warned := range map[float64]bool{25_000: false, 12_000: true} {
		r := whole()
		m := &modelled{carries: carries, base: 2 * ms, nodes: threeNodes}
		r.Curves[2] = m.curve(CatchingUp, 10_000)
		r.Analyse()
		if notes := strings.Join(r.adviceSection().Notes, "\n"); strings.Contains(notes, "While a broker catches up it carries less than that") != warned {
			t.Errorf("with %g/s while a broker catches up: %q", carries, notes)
		}
	}
}
