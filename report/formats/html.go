package formats

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

//go:embed html.tmpl
var htmlTemplate string

//go:embed html.css
var htmlStyle string

var htmlPage = template.Must(template.New("report").Parse(htmlTemplate))

// HTML writes a report as one page that needs nothing else: no network, no scripts. What it loads or runs is forbidden to it besides, so that nothing that
// came into the report from outside can do it.
func HTML(w io.Writer, r *report.Report) error { return htmlPage.Execute(w, newPage(r)) }

// A page is a report in the words and drawings of its page, in their order.
type page struct {
	Style     template.CSS
	StyleHash string // by which alone the page's policy admits the style
	Run       *report.Run
	Started   string
	Verdict   verdictPart
	Tiles     []tile
	What      whatPart
	Valid     validPart
	Safety    safetyPart
	Expected  []expected
	Faults    faultsPart
	Recovery  recoveryPart
	Latency   table
	Curves    *drawing
	Over      []*drawing
	Strip     *drawing
	Events    eventsPart
	Compared  *comparedPart
	Crashes   []crash
	Generator table
	Files     []string
}

// A table is rows of cells below the names of its columns.
type table struct {
	Head []string
	Rows [][]string
	More string // what there is besides, and where
}

// gridOf makes a table of rows; the first names the columns.
func gridOf(rows []row) (t table) {
	for i, r := range rows {
		if i == 0 {
			t.Head = r
		} else {
			t.Rows = append(t.Rows, r)
		}
	}
	return t
}

// named makes pairs of a name and a value of rows that are so.
func named(rows []row) (pairs [][2]string) {
	for _, r := range rows {
		pairs = append(pairs, [2]string{r[0], strings.Join(r[1:], ", ")})
	}
	return pairs
}

// PageStyle returns the style of reports' pages with some more behind it, and the hash by which alone a page's policy admits it, for
// "style-src 'sha256-HASH'".
func PageStyle(more string) (style template.CSS, hash string) {
	all := htmlStyle + more
	sum := sha256.Sum256([]byte(all))
	return template.CSS(all), base64.StdEncoding.EncodeToString(sum[:]) //nolint:gosec // files of our own
}

func newPage(r *report.Report) *page {
	style, hash := PageStyle("")
	p := &page{
		Style: style, StyleHash: hash, Run: &r.Run, Started: r.Run.Started.UTC().Format(time.RFC3339), Verdict: verdictOf(r), Tiles: tiles(r),
		What: whatOf(r), Valid: validOf(r), Safety: safetyOf(r), Expected: expectedOf(r), Faults: faultsOf(r), Recovery: recoveryOf(r),
		Latency: latencyOf(r), Curves: percentiles(r.Phases), Events: eventsOf(r), Compared: comparedOf(r.Comparison), Crashes: crashesOf(r), Files: fileNames(r.Files),
	}
	if len(r.Windows) > 0 {
		p.Generator = gridOf(generatorRows(r))
	}
	if f := newFilm(r); f != nil {
		p.Over, p.Strip, p.Faults.Timeline = f.overTime(), f.strip(), f.timeline()
	}
	p.number()
	return p
}

// number gives each drawing a name by which its caption can be found.
func (p *page) number() {
	all := append([]*drawing{p.Faults.Timeline, p.Curves}, p.Over...)
	for i, d := range append(all, p.Strip) {
		if d != nil {
			d.ID = "figure-" + strconv.Itoa(i+1)
		}
	}
}

// at tells a time of the run together with the time of day.
func at(r *report.Report, t time.Duration) string {
	if t < 0 {
		return "never"
	}
	return moment(t) + " (" + utc(r, t) + ")"
}
