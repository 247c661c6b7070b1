package capacity

import (
	"cmp"
	"fmt"
	"slices"
)

// nearLimit is from which share of what there is a resource is said to bind. Queues grow without end as the share nears 1, and a mean over many seconds hides those in which it was there.
const nearLimit = 0.8

// spareLeast is below which share of idle processors the whole machine is said to be full.
const spareLeast = 0.1

// A Pressure is how much of a limited resource was used.
type Pressure struct {
	Who   string  `json:"who"`   // "squall", a broker, or "machine"
	What  string  `json:"what"`  // "CPU", "memory"
	Share float64 `json:"share"` // of what it may use
	Used  string  `json:"used"`  // the same in words: "1.9 of 2 cores"
}

// A Bound says what a point was short of.
type Bound struct {
	Point string `json:"point"`
	// By is what was used up to the limit, the fullest first; none: nothing that is known to have one was.
	By []Pressure `json:"by,omitempty"`
	// Next is the fullest of all that was not.
	Next *Pressure `json:"next,omitempty"`
}

// boundOf tells what bound a point: everything of which both the use and the limit are known. nil: nothing is known.
func (r *Result) boundOf(p *Point) *Bound {
	used := p.Used
	if used.Generator.CPULimit == 0 {
		used.Generator.CPULimit = float64(r.Host.MaxProcs)
	}
	all := used.pressures()
	if len(all) == 0 || p.Measuring == 0 {
		return nil
	}
	b := &Bound{Point: p.ID}
	for i := range all {
		if all[i].Share < nearLimit {
			b.Next = &all[i]
			break
		}
		b.By = append(b.By, all[i])
	}
	return b
}

// share is that of the fullest resource.
func (b *Bound) share() float64 {
	switch {
	case len(b.By) > 0:
		return b.By[0].Share
	case b.Next != nil:
		return b.Next.Share
	}
	return 0
}

// pressures are all uses of limited resources, the fullest first.
func (u *Used) pressures() (all []Pressure) {
	for _, use := range append([]Use{u.Generator}, u.Nodes...) {
		if use.CPULimit > 0 {
			all = append(all, Pressure{use.Name, "CPU", use.CPU / use.CPULimit, fmt.Sprintf("%.2g of %.2g cores", use.CPU, use.CPULimit)})
		}
		if use.MemoryLimit > 0 && use.Memory > 0 {
			all = append(all, Pressure{use.Name, "memory", float64(use.Memory) / float64(use.MemoryLimit), humanBytes(float64(use.Memory)) + " of " + humanBytes(float64(use.MemoryLimit))})
		}
	}
	if u.Known && u.CPUs > 0 && u.Idle < spareLeast { // otherwise those who use it say more
		all = append(all, Pressure{"machine", "CPU", 1 - u.Idle, fmt.Sprintf("%.2g of %d cores", (1-u.Idle)*float64(u.CPUs), u.CPUs)})
	}
	slices.SortStableFunc(all, func(a, b Pressure) int { return cmp.Compare(b.Share, a.Share) })
	return all
}

// String tells what bound, in a few words.
func (b *Bound) String() string {
	switch {
	case b == nil:
		return "not known"
	case len(b.By) > 0:
		return b.By[0].String()
	case b.Next != nil:
		return fmt.Sprintf("nothing that was watched (most used: %s)", b.Next)
	}
	return "nothing that was watched"
}

// String tells a use: "b2's CPU at 93 % (1.9 of 2 cores)".
func (p Pressure) String() string {
	who := p.Who + "'s "
	switch p.Who {
	case "squall":
		who = "squall's own "
	case "machine":
		who = "the whole machine's "
	}
	return fmt.Sprintf("%s%s at %.0f %% (%s)", who, p.What, 100*p.Share, p.Used)
}
