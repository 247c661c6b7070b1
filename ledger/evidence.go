package ledger

import (
	"fmt"

	"github.com/seed-228c25e4/squall/report"
)

// oddities counts what was no message of the run's: each offset once, whoever found it.
func (b *balance) oddities() {
	for _, k := range []kind{phantom, corrupt, foreign} {
		places := map[int32][]*set{}
		var bare uint64
		for _, in := range b.intakes() {
			o := in.odd[k]
			if o == nil {
				continue
			}
			if in == &b.reader.intake {
				bare = max(bare, o.bare)
			} else {
				bare += o.bare
			}
			for partition, s := range o.offsets {
				places[partition] = append(places[partition], s)
			}
		}
		for _, sets := range places {
			b.counts[k] += union(sets)
		}
		b.counts[k] += bare
	}
}

// intakes returns all that was taken in: by consumers, where the broker sets aside what it gives up on, and by the final read.
func (b *balance) intakes() []*intake {
	var all []*intake
	for _, r := range b.ledger.receivers {
		all = append(all, &r.intake)
	}
	return append(all, &b.aside.intake, &b.reader.intake)
}

// collect adds the examples that pages kept to those that the balance found, and says what is known of each.
func (b *balance) collect() {
	for _, s := range b.ledger.senders {
		b.counts[late] += s.late
		for _, a := range s.odd.list {
			b.examples[late].add(a)
		}
	}
	for _, in := range b.intakes() {
		for _, k := range []kind{phantom, corrupt, foreign} {
			for _, a := range in.seen[k].list {
				b.examples[k].keep(a)
			}
		}
		for _, k := range []kind{duplicates, redelivered} {
			for _, a := range in.seen[k].list {
				if b.counts[k] > 0 && (k == redelivered || b.tells(in, a.Partition)) {
					b.examples[k].add(a)
				}
			}
		}
	}
	for _, k := range []kind{lost, unreadTail, expired} {
		b.each(k, b.source)
		b.each(k, func(a *report.Anomaly) { b.date(a, "acknowledged ") })
		b.each(k, b.locate)
	}
	for _, k := range []kind{groupSkip, groupLag, abortedRead, dirtyRead, resurrected} {
		b.each(k, func(a *report.Anomaly) { b.date(a, "its neighbours were acknowledged ") })
	}
	b.each(lost, b.trace)
}

func (b *balance) each(k kind, do func(*report.Anomaly)) {
	for i := range b.examples[k].list {
		do(&b.examples[k].list[i])
	}
}

// tells reports whether an intake says what is in a partition's log: consumers only where the final read did not see all of it.
func (b *balance) tells(in *intake, partition int32) bool {
	if in == &b.reader.intake {
		return b.final.Readable
	}
	return !b.parts[partition].reached
}

// disorder takes over what pages noted of messages behind later ones, whose offsets only they know, as far as it will be counted.
func (b *balance) disorder() {
	for _, in := range b.intakes() {
		for _, a := range in.seen[reordered].list {
			if b.tells(in, a.Partition) && (in == &b.reader.intake || !b.inPlace(a)) {
				for _, part := range b.accused(a) {
					b.examples[reordered].add(part)
				}
			}
		}
	}
}

// accused returns what of a stretch behind later messages is a violation: where unknown ones may be there, the others.
func (b *balance) accused(a report.Anomaly) (parts []report.Anomaly) {
	failed := b.ledger.senders[a.Producer].streams[a.Partition].failed
	if !b.final.LateUnknowns || failed == nil {
		return []report.Anomaly{a}
	}
	for seq := a.First; seq <= a.Last; seq++ {
		switch n := len(parts); {
		case failed.unknown.has(seq):
		case n > 0 && parts[n-1].Last+1 == seq:
			parts[n-1].Last = seq
		default:
			part := a
			part.First, part.Last = seq, seq
			parts = append(parts, part)
		}
	}
	return parts
}

// inPlace reports whether a consumer was given one of the messages in its place.
func (b *balance) inPlace(a report.Anomaly) bool {
	for _, page := range b.parts[a.Partition].pages {
		s := &page.streams[a.Producer]
		for seq := a.First; seq <= a.Last; seq++ {
			if s.ids.has(seq) && (s.behind == nil || !s.behind.has(seq)) {
				return true
			}
		}
	}
	return false
}

// date says when messages, or their neighbours, were acknowledged.
func (b *balance) date(a *report.Anomaly, how string) {
	trail := &b.ledger.senders[a.Producer].streams[a.Partition].trail
	if when := trail.describe(a.First, a.Last); when != "" && a.Note == "" {
		a.Note = how + when
	}
}

// locate says at which offset the first of an example's messages was acknowledged, where that is still known.
func (b *balance) locate(a *report.Anomaly) {
	if at, known := b.ledger.senders[a.Producer].streams[a.Partition].claims.find(a.First); known {
		a.Offset = at
	}
}

// source says of what nobody knew why it was promised all the same.
func (b *balance) source(a *report.Anomaly) {
	if b.parts[a.Partition].presumed[a.Producer].has(a.First) {
		a.Note = "nobody was told what became of it, and its transaction was committed"
	}
}

// trace says of what is lost who stands in its place, whether it had been there, and whether it may be there in another form.
func (b *balance) trace(a *report.Anomaly) {
	if read := b.reader.parts[a.Partition]; read != nil && a.Offset >= 0 && b.final.Readable {
		a.Note = join(a.Note, neighbours(read.claims.all(), a.Offset))
	}
	for _, page := range b.parts[a.Partition].pages {
		if page.streams[a.Producer].ids.has(a.First) {
			a.Note = join(a.Note, "a consumer was given it")
			break
		}
	}
	if o := b.reader.odd[corrupt]; o != nil && o.offsets[a.Partition] != nil {
		a.Note = join(a.Note, "it may be one of the corrupt messages in this partition")
	}
}

// neighbours says what the final read found at an offset, or nearest to it.
func neighbours(read []run, offset int64) string {
	var before, behind *run
	for i := range read {
		switch r := &read[i]; {
		case r.offset > offset:
			if behind == nil || r.offset < behind.offset {
				behind = r
			}
		case r.end() > offset:
			return "its offset holds " + r.name(offset)
		case before == nil || r.end() > before.end():
			before = r
		}
	}
	switch {
	case before == nil && behind == nil:
		return ""
	case behind == nil:
		return "the log ends with " + before.name(before.end()-1)
	case before == nil:
		return "the log begins with " + behind.name(behind.offset)
	}
	return "the log has " + before.name(before.end()-1) + " before its place and " + behind.name(behind.offset) + " behind it"
}

// name tells the message at one of a run's offsets.
func (r *run) name(offset int64) string {
	return fmt.Sprintf("message %s of producer %d (offset %d)", report.Thousands(r.at(offset)), r.producer, offset)
}

func join(a, b string) string {
	switch {
	case b == "":
		return a
	case a == "":
		return b
	}
	return a + "; " + b
}
