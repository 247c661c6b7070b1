package scenarios

import (
	"fmt"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/faults"
	"github.com/seed-228c25e4/squall/report"
)

// How long a transaction may stay open, where the scenario does not say.
const (
	clientTransaction = 40 * time.Second // the client library's own
	javaTransaction   = time.Minute      // transaction.timeout.ms
)

// transactions are how producers put their messages together.
type transactions struct{ p *broker.Transactions }

func (v transactions) section() section {
	return section{
		{"every", duration{p: &v.p.Every, least: time.Millisecond, unset: true}, "How long a transaction stays open."},
		{"messages", repeats{number{&v.p.Messages, 1, 100_000_000}}, "How many messages end a transaction; with every, whichever comes first."},
		{"abort", percent{&v.p.Abort}, "The share of the transactions that is aborted on purpose."},
	}
}

func (v transactions) read(r *reader, path string, n *yaml.Node) {
	before := len(r.mistakes)
	v.section().read(r, path, n)
	if len(r.mistakes) == before && !v.p.Used() {
		r.note(n, path, "", "does not say when a transaction ends; write every: 100ms, messages: 1000, or both for whichever comes first")
	}
}

func (v transactions) write() *yaml.Node {
	fields := v.section()
	if v.p.Abort == 0 {
		fields = fields[:2]
	}
	return fields.write()
}

// deriveTransactions fills in what transactions need: without consumers that read committed nobody would see that they are all or nothing.
func (d *draft) deriveTransactions() {
	p, c := &d.s.Load.Producers, &d.s.Load.Consumers
	if !p.Transactions.Used() {
		return
	}
	unless(d, "load.consumers.isolation", &c.Isolation, broker.ReadCommitted)
	timeout := clientTransaction
	if d.s.Load.Client == ClientJavaLike {
		timeout = javaTransaction
	}
	unless(d, "load.producers.transaction-timeout", &p.TransactionTimeout, timeout)
}

// checkTransactions tells of what is said of transactions where there are none.
func (d *draft) checkTransactions() {
	const timeout = "load.producers.transaction-timeout"
	if !d.s.Load.Producers.Transactions.Used() && d.has(timeout) && !d.wrong(timeout) && !d.wrong("load.producers.transactions") {
		d.note(d.at(timeout), timeout, "", "there are no transactions; write transactions: { every: 100ms } as well, or leave this out")
	}
}

// TransactionsText says how messages are put together; empty: each is by itself.
func (l *Load) TransactionsText() string {
	t := l.Producers.Transactions
	var ends []string
	if t.Every > 0 {
		ends = append(ends, writeDuration(t.Every))
	}
	if t.Messages > 0 {
		ends = append(ends, count(t.Messages, "message", "messages"))
	}
	if len(ends) == 0 {
		return ""
	}
	text := "transactions of " + strings.Join(ends, " or ")
	if t.Abort > 0 {
		text += fmt.Sprintf(", %s of them aborted", faults.Share(t.Abort))
	}
	return text
}

// slowTransactions warns of transactions that the broker aborts before they are full.
func slowTransactions(s *Scenario, _ broker.Kind) []string {
	p := s.Load.Producers
	if p.Transactions.Messages == 0 || p.Transactions.Every > 0 || s.Load.ClosedLoop() {
		return nil
	}
	takes := time.Duration(float64(p.Transactions.Messages) * float64(p.Count) / s.SlowestRate() * float64(time.Second))
	return warn(takes >= min(p.TransactionTimeout, p.DeliveryTimeout),
		"A transaction of %d messages takes %s where the load is slowest: the broker aborts it after %s, and its messages end unknown after %s. Say every: as well.",
		p.Transactions.Messages, report.Human(takes), writeDuration(p.TransactionTimeout), writeDuration(p.DeliveryTimeout))
}
