package capacity

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// unmeasuredSection tells what the answer does not cover, and what would.
func (r *Result) unmeasuredSection() section {
	s := section{ID: "unmeasured", Title: "What was not measured", Head: []string{"what", "why, and what to do"}}
	for _, n := range r.NotMeasured {
		s.Rows = append(s.Rows, rowOf(n.What, n.Why))
	}
	if r.Broker.Emulated != "" || r.Broker.Testbed != "containers" && strings.HasPrefix(r.Broker.Testbed, "embedded") {
		s.Rows = append(s.Rows, rowOf("a cluster of its own", "The brokers ran inside of squall or beside it on one machine, and shared its processors with the load: this shows how the search works, and is no figure "+
			"of a cluster. Run the same scenario in containers (--set broker.run=containers), with limits for each broker, and then on machines like production's."))
	} else {
		s.Rows = append(s.Rows,
			rowOf("production's disks", "The brokers' data lay on one disk of one machine, or in its memory. Measure yours with what the broker writes: appends of large blocks with few flushes, while old "+
				"data is read (fio with --rw=write and --rw=read side by side), and hold it against what is written in the table of bytes."),
			rowOf("production's network", "Clients and brokers spoke over the loopback of one machine: no switch, no distance, no card that is full. Measure yours between two brokers' machines (iperf3), and the "+
				"round trip (ping); add the round trip to every latency, twice where acks wait for followers."),
			rowOf("production's processors", "The limits of the containers are what the figures hold for. Run this same search on machines of production's kind, the load on one of its own, before the figures are relied on."))
	}
	s.Rows = append(s.Rows, rowOf("anything longer than a run", fmt.Sprintf("Each point was measured for %s. What comes with hours, such as full page caches, deletion of old data, compaction and garbage that piles up, is not in "+
		"it: run the scenario once for hours at the advised rate.", report.Human(r.Settings.Measuring))))
	return s
}

// pointsSection is every point with what it is worth.
func (r *Result) pointsSection() section {
	s := section{ID: "points", Title: "Every point", Detail: true, Head: []string{"run", "the cluster", "for", "rate", "acknowledged", "p50", "p99", "p99.9", "backlog", "came to"}}
	add := func(p *Point, curve string) {
		came, class := "held", "good"
		switch {
		case p.Validity != Valid:
			came, class = fmt.Sprintf("%s: %s", p.Validity, p.Why), "unsure"
		case !p.Held:
			came, class = "missed: "+strings.Join(p.Missed, "; "), "bad"
		}
		backlog := report.Thousands(p.Backlog)
		if p.Slope > 0.5 {
			backlog += fmt.Sprintf(", growing by %s", perSecond(p.Slope))
		}
		row := rowOf(p.ID, curve, string(p.Purpose), perSecond(p.Rate), perSecond(p.Achieved), quantile(p.Ack.P50, p.Ack), quantile(p.Ack.P99, p.Ack), quantile(p.Ack.P999, p.Ack), backlog, came)
		row.Class, row.Link = class, p.link()
		s.Rows = append(s.Rows, row)
	}
	for i := range r.Curves {
		for j := range r.Curves[i].Points {
			add(&r.Curves[i].Points[j], r.Curves[i].Name)
		}
	}
	for i := range r.Recoveries {
		add(&r.Recoveries[i].Point, fmt.Sprintf("fails at %.0f %%", 100*r.Recoveries[i].Share))
	}
	if len(s.Rows) > 0 {
		s.Lead = []string{"Each is a run of its own, with a report of its own. A run is worth something only if the generator kept its schedule and nothing else disturbed it."}
	}
	return s
}

// link is the best that there is to read of a point's run, from the folder of the result; empty: nothing.
func (p *Point) link() string {
	if p.Folder == "" {
		return ""
	}
	return path.Join(p.Folder, "report.html")
}

// searchSection tells how it was searched, and what was run.
func (r *Result) searchSection() section {
	s := section{ID: "search", Title: "How it was searched", Head: []string{"", ""}}
	add := func(name, text string) {
		if text != "" {
			s.Rows = append(s.Rows, rowOf(name, text))
		}
	}
	set := &r.Settings
	add("scenario", r.Scenario)
	add("", r.About)
	rates := "from " + perSecond(set.From)
	if set.To > 0 {
		rates += " to " + perSecond(set.To)
	}
	add("rates", fmt.Sprintf("%s, until the limit is known to %.3g %%, and then %s more to confirm it", rates, 100*set.Resolution, countOf(set.Confirm, "run")))
	add("each run", fmt.Sprintf("%s of load before it was measured, and %s measured", report.Human(set.Settling), report.Human(set.Measuring)))
	for _, w := range set.Sweeps {
		add("swept", w.Path+": "+strings.Join(w.Values, ", "))
	}
	for _, given := range set.Given {
		add("set besides", given)
	}
	b := &r.Broker
	add("cluster", strings.Trim(fmt.Sprintf("%s, %s, %s", b.Kind, b.Testbed, countOf(len(b.Nodes), "broker")), ", "))
	for _, i := range b.Images {
		add("image", strings.TrimSpace(i.Name+" "+i.Digest))
	}
	add("emulated", b.Emulated)
	if r.Host.CPUs > 0 {
		add("load made by", fmt.Sprintf("%s/%s, %d processors", r.Host.OS, r.Host.Arch, r.Host.CPUs))
	}
	took := report.Human(r.Took)
	if r.Resumed > 0 {
		took += ", resumed " + times(r.Resumed)
	}
	add("took", took)
	if !r.Started.IsZero() {
		add("begun", r.Started.UTC().Format(time.RFC3339))
	}
	add("again", strings.Join(r.Command, " "))
	add("squall", r.Version)
	return s
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return strconv.Itoa(n) + " times"
}
