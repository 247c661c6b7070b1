package ledger

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/seed-228c25e4/squall/report"
)

// A side is who says what is at an offset.
type side int

const (
	found side = iota // the final read, whose word is the last
	given             // consumers
	acked             // producers
	sides
)

// said tells how each side puts it.
var said = [sides]string{"found in the log", "given to a consumer", "acknowledged"}

// A claim is a run of one side.
type claim struct {
	run
	by side
}

// conflicts counts the offsets of a partition of which different messages were told, each offset once. Of what the windows of claims have forgotten nothing
// is known, and where the topic was made anew, offsets were given twice with good reason.
func (b *balance) conflicts(p *part) {
	var free spare
	var twice, regiven set
	var open []claim
	for _, c := range b.claims(p) {
		open = slices.DeleteFunc(open, func(o claim) bool { return o.end() <= c.offset })
		for i := range open {
			if !open[i].disagrees(&c.run) {
				continue
			}
			if open[i].by == given && c.by == given {
				share(&open[i], &c, &regiven, &free)
			}
			if !b.final.Renewed && share(&open[i], &c, &twice, &free) {
				b.conflict(p, &open[i], &c)
			}
		}
		open = append(open, c)
	}
	b.counts[offsetConflict] += twice.count()
	p.regiven = regiven.count()
}

// claims returns everything that is still known to have been told of a partition's offsets, by ascending offsets, and the last word first.
func (b *balance) claims(p *part) []claim {
	var all []claim
	take := func(c *claims, by side) {
		for _, r := range c.all() {
			all = append(all, claim{r, by})
		}
	}
	for _, s := range b.ledger.senders {
		take(&s.streams[p.partition].claims, acked)
	}
	for _, page := range p.pages {
		take(&page.claims, given)
	}
	if read := b.reader.parts[p.partition]; read != nil && b.final.Readable {
		take(&read.claims, found)
	}
	slices.SortFunc(all, func(a, b claim) int { return cmp.Or(cmp.Compare(a.offset, b.offset), cmp.Compare(a.by, b.by)) })
	return all
}

// share adds the offsets that two claims are about to a set, and reports whether some are new there.
func share(one, other *claim, to *set, free *spare) (fresh bool) {
	for offset := max(one.offset, other.offset); offset < min(one.end(), other.end()); offset++ {
		fresh = to.add(uint64(offset), free) || fresh
	}
	return fresh
}

// conflict makes an example of two claims: of the message that did not keep its place.
func (b *balance) conflict(p *part, one, other *claim) {
	if one.by < other.by {
		one, other = other, one
	}
	from, to := max(one.offset, other.offset), min(one.end(), other.end())
	b.examples[offsetConflict].keep(report.Anomaly{Producer: one.producer, Partition: p.partition, First: one.at(from), Last: one.at(to - 1), Offset: from,
		Note: fmt.Sprintf("%s there, where producer %d's message %s was %s", said[one.by], other.producer, report.Thousands(other.at(from)), said[other.by])})
}
