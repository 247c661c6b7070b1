package capacity

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/seed-228c25e4/squall/report"
)

// ResultFile is the name of the file that every view is made of.
const ResultFile = "capacity.json"

// A File is a view of the result that a search leaves in its folder.
type File struct {
	Name  string
	Write func(io.Writer, *Result) error
}

// Files are the views that every search leaves. The result itself is the last: when it is there, the others are.
var Files = []File{
	{"capacity.html", HTML},
	{"capacity.md", Markdown},
	{"points.csv", CSV},
	{ResultFile, JSON},
}

// JSON writes the result, indented: capacity.json.
func JSON(w io.Writer, r *Result) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// Read reads what JSON wrote.
func Read(r io.Reader) (*Result, error) {
	var out Result
	if err := json.NewDecoder(r).Decode(&out); err != nil {
		return nil, fmt.Errorf("read %s: %w", ResultFile, err)
	}
	if out.Schema != SchemaVersion {
		return nil, fmt.Errorf("%s is of version %d, and this squall reads version %d", ResultFile, out.Schema, SchemaVersion)
	}
	out.Analyse() // as this squall does it
	return &out, nil
}

// List writes what would be measured, and for about how long.
func List(w io.Writer, r *Result) error {
	fmt.Fprintf(w, "%s\n\n", report.Plain(r.Question))
	s := &r.Settings
	for _, sweep := range s.Sweeps {
		fmt.Fprintf(w, "  %s: %s\n", report.Plain(sweep.Path), report.Plain(strings.Join(sweep.Values, ", ")))
	}
	fmt.Fprintf(w, "  from %s", perSecond(s.From))
	if s.To > 0 {
		fmt.Fprintf(w, " to %s", perSecond(s.To))
	}
	fmt.Fprintf(w, ", to within %.3g %%; each point %s of settling and %s measured\n  about %s, about %s\n", 100*s.Resolution, report.Human(s.Settling),
		report.Human(s.Measuring), countOf(s.Points, "point"), report.Roughly(s.Estimate))
	for _, n := range r.NotMeasured {
		fmt.Fprintf(w, "  not measured: %s: %s\n", report.Plain(n.What), report.Plain(n.Why))
	}
	return nil
}

// table writes a line for each point.
func table(w io.Writer, r *Result) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i := range r.Curves {
		c := &r.Curves[i]
		if len(c.Points) == 0 {
			continue
		}
		fmt.Fprintf(tw, "\n  %s\n  POINT\tDUE\tACHIEVED\tACK P50\tP99\tE2E P99\tCPU\t\t\n", report.Plain(c.Name))
		for j := range c.Points {
			p := &c.Points[j]
			fmt.Fprintf(tw, "  %s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", p.ID, perSecond(p.Rate), perSecond(p.Achieved), report.Human(p.Ack.P50), report.Human(p.Ack.P99),
				report.Human(p.E2E.P99), p.Used.cores(), p.state(), report.Plain(p.remark()))
		}
	}
	return tw.Flush()
}

// cores tells how many processors were used: by squall and by all brokers.
func (u *Used) cores() string {
	text := fmt.Sprintf("%.1f", u.Generator.CPU)
	if len(u.Nodes) == 0 {
		return text
	}
	sum := 0.0
	for _, n := range u.Nodes {
		sum += n.CPU
	}
	return text + fmt.Sprintf(" + %.1f", sum)
}

// state is a point's outcome as a table has it.
func (p *Point) state() string {
	switch {
	case p.Validity == GeneratorLimit:
		return "generator"
	case p.Validity != Valid:
		return "unknown"
	case p.Held:
		return "held"
	}
	return "MISSED"
}

// remark tells why.
func (p *Point) remark() string {
	const most = 120
	text := p.Why
	if p.Validity == Valid {
		text = strings.Join(p.Missed, "; ")
	}
	if all := []rune(text); len(all) > most {
		return string(all[:most]) + "..."
	}
	return text
}

// points is how many runs there are.
func (r *Result) points() int {
	n := len(r.Recoveries)
	for i := range r.Curves {
		for _, p := range r.Curves[i].Points {
			if p.Again == "" {
				n++
			}
		}
	}
	return n
}
