package formats

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// A film is a run over its time: what all charts over time have in common.
type film struct {
	r        *report.Report
	x        scale
	ticks    []tick
	shades   []shade
	from, to time.Duration
}

// newFilm returns nil for a run of which no second is known.
func newFilm(r *report.Report) *film {
	if len(r.Windows) == 0 {
		return nil
	}
	f := &film{r: r, from: r.Windows[0].Start, to: r.Windows[len(r.Windows)-1].End()}
	f.x, f.ticks = timeScale(f.from, f.to)
	for i := range r.Faults {
		if s, ok := shadeOf(&r.Faults[i], f.to); ok {
			f.shades = append(f.shades, s)
		}
	}
	slices.SortStableFunc(f.shades, func(a, b shade) int { return cmp.Compare(a.from, b.from) })
	return f
}

// shadeOf is the time in which a fault was in force: from its effect to its end, which may never have come.
func shadeOf(f *report.Fault, end time.Duration) (shade, bool) {
	if f.Effective < 0 {
		return shade{}, false
	}
	to, until := f.Healed, "healed "+moment(f.Healed)
	if to < 0 {
		to, until = end, "never healed"
	}
	about := fmt.Sprintf("%s: %s %s, effective %s, %s", f.Name, f.Kind, f.Target, moment(f.Effective), until)
	short := ""
	if f.Group != "" {
		short = strings.TrimSpace(strings.TrimPrefix(f.Name, f.Group))
	}
	return shade{float64(f.Effective), float64(to), f.Name, short, about}, true
}

// points returns a value of each window, from its beginning to its end: a step. Of a long run it is one at the window's middle, which looks the same.
func (f *film) points(of func(*report.Window) float64) []point {
	all := make([]point, 0, 2*len(f.r.Windows))
	for i := range f.r.Windows {
		w := &f.r.Windows[i]
		v := of(w)
		if 2*len(f.r.Windows) > mostPoints {
			all = append(all, point{float64(w.Start + w.Span()/2), v})
			continue
		}
		all = append(all, point{float64(w.Start), v}, point{float64(w.End()), v})
	}
	return all
}

// A trace is a line of a chart over time.
type trace struct {
	class, name string
	of          func(*report.Window) float64
}

// draw makes a chart of several lines; durations have a logarithmic axis.
func (f *film) draw(title string, durations bool, traces ...trace) *drawing {
	lines, stretch := make([][]point, len(traces)), 1
	for i, t := range traces {
		lines[i], stretch = thin(f.points(t.of))
	}
	least, most := bounds(lines...)
	y, ticks := countScale(most)
	if durations {
		y, ticks = durationScale(least, most)
	}
	c := newChart(title, 170, f.x, y)
	c.shades(f.shades)
	c.grid(f.ticks, ticks, f.utc(f.from), f.utc(f.to))
	d := &drawing{Title: title}
	for i, t := range traces {
		c.line(t.class, lines[i])
		d.Key = append(d.Key, keyed{"line " + t.class, t.name})
	}
	d.SVG, d.Caption = c.done(), f.resolution(stretch)
	return d
}

// utc is the time of day at a time of the run.
func (f *film) utc(at time.Duration) string { return utc(f.r, at) }

// utc tells a time of the run as a time of day.
func utc(r *report.Report, at time.Duration) string {
	return r.UTC(at).Format("15:04:05 UTC")
}

// resolution says what was left out of a line.
func (f *film) resolution(stretch int) string {
	longest, text := longestWindow(f.r.Windows), ""
	if stretch > 1 {
		text = fmt.Sprintf(" Of each %s the least and the greatest second are drawn.", report.Human(time.Duration(stretch)*time.Second))
	}
	if longest > time.Second {
		if stretch > 1 {
			text = fmt.Sprintf(" Of each %d points the least and the greatest are drawn.", stretch)
		}
		text += fmt.Sprintf(" The run was long: a point stands for up to %s.", report.Human(longest))
	}
	return text
}

// longestWindow is how long the longest of some windows is.
func longestWindow(windows []report.Window) time.Duration {
	var longest time.Duration
	for i := range windows {
		longest = max(longest, windows[i].Span())
	}
	return longest
}

// quantile returns a quantile of a second's histogram, in nanoseconds, and no number where nothing was measured.
func quantile(h func(*report.Window) *report.Histogram, q float64) func(*report.Window) float64 {
	return func(w *report.Window) float64 {
		if v := h(w).Quantile(q); v.Known {
			return float64(max(v.Value, 1))
		}
		return math.NaN()
	}
}

// overTime draws what went on second by second.
func (f *film) overTime() []*drawing {
	ack := func(w *report.Window) *report.Histogram { return &w.Latency.Ack }
	e2e := func(w *report.Window) *report.Histogram { return &w.Latency.E2E }
	lag := func(w *report.Window) *report.Histogram { return &w.Latency.Lag }
	rate := f.draw("Messages per second", false,
		trace{"due", "due", func(w *report.Window) float64 { return w.PerSecond(w.Due) }},
		trace{"delivered", "delivered", func(w *report.Window) float64 { return w.PerSecond(w.Delivered) }},
		trace{"acked", "acknowledged", func(w *report.Window) float64 { return w.PerSecond(w.Acknowledged) }})
	rate.Caption = f.rateInWords() + rate.Caption
	percentiles := func(h func(*report.Window) *report.Histogram) []trace {
		return []trace{{"max", "max", quantile(h, 1)}, {"p99", "p99", quantile(h, 0.99)}, {"p50", "p50", quantile(h, 0.5)}}
	}
	acked := f.draw("Latency from due to acknowledged", true, percentiles(ack)...)
	acked.Caption = f.worstInWords("acknowledged", ack) + acked.Caption
	delivered := f.draw("Latency from due to delivered", true, percentiles(e2e)...)
	delivered.Caption = f.worstInWords("delivered", e2e) + delivered.Caption
	backlog := f.draw("Messages that wait", false,
		trace{"delivered", "backlog: acknowledged and not yet delivered", func(w *report.Window) float64 { return float64(w.Backlog) }},
		trace{"due", "in the producers' buffers", func(w *report.Window) float64 { return float64(w.Buffered) }})
	backlog.Caption = f.backlogInWords() + backlog.Caption
	own := f.draw("The generator's own lag: from due until handed to the client", true, trace{"max", "max", quantile(lag, 1)}, trace{"p99", "p99", quantile(lag, 0.99)})
	own.Caption = "How late squall itself was. It is part of every latency, and no fault of the broker's." + own.Caption
	all := []*drawing{rate, acked, delivered, backlog, own}
	if errors := f.errors(); errors != nil {
		all = append(all, errors)
	}
	return all
}

func (f *film) rateInWords() string {
	var due, acked, delivered uint64
	for i := range f.r.Windows {
		w := &f.r.Windows[i]
		due, acked, delivered = due+w.Due, acked+w.Acknowledged, delivered+w.Delivered
	}
	return fmt.Sprintf("%s messages were due, %s were acknowledged and %s delivered.", report.Thousands(due), report.Thousands(acked), report.Thousands(delivered))
}

// worstInWords tells the second of the longest latency.
func (f *film) worstInWords(what string, h func(*report.Window) *report.Histogram) string {
	worst, at := report.Quantile{}, time.Duration(0)
	for i := range f.r.Windows {
		if q := h(&f.r.Windows[i]).Quantile(1); q.Known && q.Value >= worst.Value {
			worst, at = q, f.r.Windows[i].Start
		}
	}
	if !worst.Known {
		return "Nothing was " + what + "."
	}
	return fmt.Sprintf("The longest took %s, of a message that was due in the second from %s on (%s). Seconds are those in which messages were due.", worst, moment(at), f.utc(at))
}

func (f *film) backlogInWords() string {
	most, at := uint64(0), time.Duration(0)
	for i := range f.r.Windows {
		if w := &f.r.Windows[i]; w.Backlog > most {
			most, at = w.Backlog, w.Start
		}
	}
	if most == 0 {
		return "No message waited for the consumers at the end of any second."
	}
	return fmt.Sprintf("At most %s messages waited for the consumers, at %s (%s).", report.Thousands(most), moment(at), f.utc(at))
}

// errors draws what failed; nil: nothing did.
func (f *film) errors() *drawing {
	classes := map[string]uint64{}
	for i := range f.r.Windows {
		for class, n := range f.r.Windows[i].Errors {
			classes[class] += n
		}
	}
	names := largest(classes)
	var rejected, unknown uint64
	for i := range f.r.Windows {
		rejected, unknown = rejected+f.r.Windows[i].Rejected, unknown+f.r.Windows[i].Unknown
	}
	if len(names) == 0 && rejected+unknown == 0 {
		return nil
	}
	d := f.draw("Failures per second", false,
		trace{"p99", "rejected: surely not stored", func(w *report.Window) float64 { return w.PerSecond(w.Rejected) }},
		trace{"max", "unknown: nobody can know", func(w *report.Window) float64 { return w.PerSecond(w.Unknown) }})
	told := make([]string, 0, len(names))
	for _, name := range names {
		told = append(told, fmt.Sprintf("%s %s", name, report.Thousands(classes[name])))
	}
	d.Caption = fmt.Sprintf("%s messages were rejected, and of %s nobody can know.", report.Thousands(rejected), report.Thousands(unknown)) +
		d.Caption
	if len(told) > 0 {
		d.Caption += " By class: " + strings.Join(firstOf(told, 8, "report.json"), ", ") + "."
	}
	return d
}

// largest returns the names of counts, the greatest first.
func largest(counts map[string]uint64) []string {
	var names []string
	for name := range counts {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), strings.Compare(a, b))
	})
	return names
}

// firstOf keeps the first of a list, and says how many more there are and where.
func firstOf(all []string, most int, where string) []string {
	if len(all) <= most {
		return all
	}
	return append(slices.Clone(all[:most]), fmt.Sprintf("%s more, in %s", report.Thousands(uint64(len(all)-most)), where))
}
