package ledger

import "github.com/seed-228c25e4/squall/broker"

// An AsidePage is what was found where the broker puts what it gives up on.
type AsidePage struct{ intake }

// Aside returns the page of what the broker set aside; the same page each time.
func (l *Ledger) Aside() *AsidePage {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.aside == nil {
		l.aside = &AsidePage{intake: newIntake(l, found)}
	}
	return l.aside
}

// Delivered is told decoded messages, each with the partition that it was given up in. Neither their order nor how often one is there says anything. It must not
// be called twice at once.
func (p *AsidePage) Delivered(batch []broker.Delivery) {
	for i := range batch {
		d := &batch[i]
		if d.Envelope != broker.Intact {
			p.notIntact(d)
			continue
		}
		p.intact.Add(1)
		if _, s := p.place(d); s != nil {
			s.ids.add(d.ID.Seq, &p.free)
		}
	}
}
