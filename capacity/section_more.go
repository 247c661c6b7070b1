package capacity

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed-228c25e4/squall/report"
)

// recoverySection tells how the cluster came back at each rate.
func (r *Result) recoverySection() section {
	s := section{ID: "recovery", Title: "How it comes back from a failure, by load", Head: []string{"load", "rate", "fault", "service back after", "as good as before after", "all replicas back after", "backlog drained after", "as wanted", "run"}}
	for i := range r.Recoveries {
		rec := &r.Recoveries[i]
		wanted, class := "yes", "good"
		switch {
		case rec.Point.Validity != Valid:
			wanted, class = "nobody can know: "+rec.Point.Why, "unsure"
		case len(rec.Expected) == 0:
			wanted, class = "nothing was asked", ""
		case !rec.Held:
			wanted, class = "no: "+strings.Join(missedOf(rec.Expected), "; "), "bad"
		}
		load := fmt.Sprintf("%.0f %% of what it carries", 100*rec.Share)
		for _, f := range rec.Faults {
			row := rowOf(load, perSecond(rec.Point.Rate), fmt.Sprintf("%s %s", f.Kind, strings.Join(f.Victims, ", ")), f.Service.String(), f.Performance.String(), f.Redundancy.String(),
				f.Drained.String(), wanted, rec.Point.ID)
			row.Class, row.Link = class, rec.Point.link()
			s.Rows = append(s.Rows, row)
		}
		if len(rec.Faults) == 0 {
			row := rowOf(load, perSecond(rec.Point.Rate), "none took effect", "", "", "", "", wanted, rec.Point.ID)
			row.Class, row.Link = class, rec.Point.link()
			s.Rows = append(s.Rows, row)
		}
	}
	if len(s.Rows) > 0 {
		s.Lead = []string{"A broker that fails leaves its work to the others, and what waited meanwhile has to be sent as well: the nearer the load is to the limit, the longer that takes. " +
			"Service and performance count from when the fault took effect, replicas and backlog from when the broker was back; > means that it had not come by the end of the run."}
	}
	return s
}

// missedOf tells what was expected and was not so.
func missedOf(all []report.Judged) (texts []string) {
	for _, j := range all {
		if j.Outcome != report.Pass {
			texts = append(texts, fmt.Sprintf("%s, got %s", j.Text, j.Got))
		}
	}
	return texts
}

// sensitivitySection tells what each of the swept settings does.
func (r *Result) sensitivitySection() section {
	s := section{ID: "sensitivity", Title: "What changes it", Head: []string{"setting", "the cluster", "carries", "the limit lies (95 % sure)", "of the best", ""}}
	for _, e := range r.Analysis.Sensitivity {
		row := rowOf(e.Setting, inStates[e.State], "not known", "", "", e.Why)
		row.Bar = e.Share
		if e.Rate > 0 {
			row.Cells[2], row.Cells[4] = both(e.Rate, e.Bytes), fmt.Sprintf("%.0f %%", 100*e.Share)
		}
		if e.AtLeast {
			row.Cells[2] = "at least " + row.Cells[2]
		} else if e.Limit != nil {
			row.Cells[3] = e.Limit.String()
		}
		s.Rows = append(s.Rows, row)
	}
	return s
}

// growthSection tells how what it carries grows with each setting that counts something.
func (r *Result) growthSection() section {
	s := section{ID: "growth", Title: "How it grows", Head: []string{"more", "one alone carries", "lost to waiting in line", "lost to talking to one another", "most are worth it", "fitted"}}
	for i := range r.Analysis.Growths {
		g := &r.Analysis.Growths[i]
		name := g.Of
		if g.With != "" {
			name += " (" + g.With + ")"
		}
		if g.State != Healthy {
			name += " " + inStates[g.State]
		}
		for _, left := range g.Left {
			s.Notes = append(s.Notes, capital(name)+": left out is "+left+".")
		}
		f := g.Fit
		if f == nil {
			s.Notes = append(s.Notes, fmt.Sprintf("%s: no curve is fitted: %s.", capital(name), g.Why))
			continue
		}
		peak := fmt.Sprintf("not seen up to %.3g", farthestReach*f.To)
		if f.Peak > 0 {
			peak = fmt.Sprintf("%.3g, more make it slower", f.Peak)
		}
		s.Rows = append(s.Rows, rowOf(name, interval(f.Lambda, roughly), interval(f.Sigma, percent), interval(f.Kappa, percent), peak,
			fmt.Sprintf("%d sizes, %.3g to %.3g; scatter %.1f %%", f.Sizes, f.From, f.To, 100*f.Scatter)))
	}
	if len(s.Rows) > 0 {
		s.Lead = []string{"By Gunther's Universal Scalability Law, X(N) = λN / (1 + σ(N-1) + κN(N-1)): λ is what one alone carries, σ the share of the work that is done one after another, κ what each " +
			"costs every other. In brackets is what each may be, 95 % sure. It is told up to twice the largest size that was measured, and no farther."}
	}
	return s
}

func interval(e Estimate, form func(float64) string) string {
	return fmt.Sprintf("%s (%s to %s)", form(e.Value), form(e.Low), form(e.High))
}

func percent(v float64) string { return fmt.Sprintf("%.2g %%", 100*v) }

// boundSection tells what each point used of the machine.
func (r *Result) boundSection() section {
	s := section{ID: "bound", Title: "What it was short of", Detail: true, Head: []string{"run", "the cluster", "rate", "short of", "load generator", "brokers: CPU", "memory", "disks written, together", "networks in, out, together"}}
	known := false
	for i := range r.Curves {
		c := &r.Curves[i]
		points := make([]*Point, len(c.Points))
		for j := range c.Points {
			points[j] = &c.Points[j]
		}
		slices.SortStableFunc(points, func(a, b *Point) int { return int(a.Rate) - int(b.Rate) })
		for _, p := range points {
			b := r.boundOf(p)
			if b == nil {
				continue
			}
			known = known || len(p.Used.Nodes) > 0
			row := rowOf(p.ID, c.Name, perSecond(p.Rate), b.String(), cpuOf(&p.Used.Generator), p.cpus(), p.memories(), p.disks(), p.nets())
			row.Link = p.link()
			s.Rows = append(s.Rows, row)
		}
	}
	if len(s.Rows) == 0 {
		return section{}
	}
	s.Lead = []string{fmt.Sprintf("A resource that is used to %.0f %% of its limit or more, as a mean of the measured seconds, is told as what a run was short of. Disk and network have no limit that is known here: what they "+
		"carried is told, and whether production's carry as much is for you to look up.", 100*nearLimit)}
	if !known {
		s.Notes = append(s.Notes, "What each broker used is not known: it tells no counters of its own, or it runs inside of squall.")
	}
	return s
}

// each tells something of every broker, and behind it the limit that they have.
func (p *Point) each(of func(*Use) string, limit func(*Use) string) string {
	var all []string
	for i := range p.Used.Nodes {
		if text := of(&p.Used.Nodes[i]); text != "" {
			all = append(all, p.Used.Nodes[i].Name+" "+text)
		}
	}
	if len(all) == 0 {
		return ""
	}
	return strings.Join(all, ", ") + limit(&p.Used.Nodes[0])
}

func (p *Point) cpus() string {
	return p.each(func(u *Use) string { return fmt.Sprintf("%.2f", u.CPU) }, func(u *Use) string {
		if u.CPULimit == 0 {
			return " cores"
		}
		return fmt.Sprintf(" of %.3g cores", u.CPULimit)
	})
}

func (p *Point) memories() string {
	used := func(u *Use) string {
		if u.Memory == 0 {
			return ""
		}
		return humanBytes(float64(u.Memory))
	}
	return p.each(used, func(u *Use) string {
		if u.MemoryLimit == 0 {
			return ""
		}
		return " of " + humanBytes(float64(u.MemoryLimit))
	})
}

// disks tells what all brokers' disks were given to write; empty: it is not known.
func (p *Point) disks() string {
	sum := 0.0
	for _, u := range p.Used.Nodes {
		sum += u.DiskWrite
	}
	if sum == 0 {
		return ""
	}
	return bytesPerSecond(sum)
}

// nets tells what came into and went out of all brokers; empty: it is not known.
func (p *Point) nets() string {
	in, out := 0.0, 0.0
	for _, u := range p.Used.Nodes {
		in, out = in+u.NetIn, out+u.NetOut
	}
	if in+out == 0 {
		return ""
	}
	return bytesPerSecond(in) + ", " + bytesPerSecond(out)
}

func cpuOf(u *Use) string {
	if u.CPULimit > 0 {
		return fmt.Sprintf("%.2f of %.3g cores", u.CPU, u.CPULimit)
	}
	return fmt.Sprintf("%.2f cores", u.CPU)
}

// trafficSection does the arithmetic of rates in bytes.
func (r *Result) trafficSection() section {
	s := section{ID: "traffic", Title: "What that is in bytes", Head: []string{"at", "rate", "produced", "replication", "consumed", "into each broker", "out of each", "written to each disk in a day", "kept on each disk"}}
	for _, t := range r.Analysis.Traffic {
		kept := "no retention is stated"
		if t.Retained > 0 {
			kept = humanBytes(t.Retained)
		}
		s.Rows = append(s.Rows, rowOf(fmt.Sprintf("%s (%s)", t.At, countOf(t.Brokers, "broker")), roughly(t.Rate), bytesPerSecond(t.Produce), bytesPerSecond(t.Replication), bytesPerSecond(t.Consume),
			bytesPerSecond(t.BrokerIn), bytesPerSecond(t.BrokerOut), humanBytes(t.DiskDay), kept))
	}
	if len(s.Rows) > 0 {
		s.Notes = []string{Arithmetic}
	}
	return s
}
