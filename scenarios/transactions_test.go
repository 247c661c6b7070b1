package scenarios_test

import (
	"strings"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/kafka"
	"github.com/seed-228c25e4/squall/scenarios"
)

func parse(producers, consumers string) (*scenarios.Scenario, error) {
	text := "broker: { kind: kafka, config: { transaction.max.timeout.ms: 120000 } }\nload:\n  rate: 100/s\n  producers: { " + producers + " }\n  consumers: { " + consumers + " }\n"
	return scenarios.Parse("x.yaml", []byte(text), scenarios.Options{Kinds: map[string]broker.Kind{"kafka": kafka.Kind}})
}

// What a scenario says of transactions is filled in, told, and promised.
func TestTransactions(t *testing.T) {
	t.Parallel()
	s, err := parse("transactions: { every: 100ms, messages: 500, abort: 2.5% }", "")
	if err != nil {
		t.Fatal(err)
	}
	p := s.Load.Producers
	if p.Transactions != (broker.Transactions{Every: 100 * time.Millisecond, Messages: 500, Abort: 0.025}) || p.TransactionTimeout != 40*time.Second ||
		s.Load.Consumers.Isolation != broker.ReadCommitted {
		t.Errorf("%+v", s.Load)
	}
	text := scenarios.Explain(s, kafka.Kind)
	for _, want := range []string{"in transactions of 100ms or 500 messages, 2.5% of them aborted", "visible whole or not at all", "Consumers read committed", "transaction timeout", "isolation: read_committed",
		"transaction-timeout: 40s", "abort: 2.5%"} {
		if !strings.Contains(text, want) {
			t.Errorf("nothing of %q in\n%s", want, text)
		}
	}
	again, err := scenarios.Parse("x.yaml", scenarios.Effective(s), scenarios.Options{Kinds: map[string]broker.Kind{"kafka": kafka.Kind}})
	if err != nil || again.Load.Producers.ProducerSettings != p.ProducerSettings {
		t.Errorf("reads again as %+v, %v", again, err)
	}
	if s, err = parse("transactions: { messages: 5000 }", "isolation: read_uncommitted"); err != nil {
		t.Fatal(err)
	}
	text = scenarios.Explain(s, kafka.Kind)
	for _, want := range []string{"dirty reads, and no violation", "A transaction of 5000 messages takes 50s where the load is slowest: the broker aborts it after 40s"} {
		if !strings.Contains(text, want) {
			t.Errorf("nothing of %q in\n%s", want, text)
		}
	}
	if s, err = parse("", ""); err != nil || s.Load.Consumers.Isolation != "" || strings.Contains(scenarios.Explain(s, kafka.Kind), "transactions") {
		t.Errorf("without any, transactions are told: %v\n%s", err, scenarios.Explain(s, kafka.Kind))
	}
}

// What cannot be is told with its place, and what to write in its place.
func TestMistakenTransactions(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ producers, consumers, want string }{
		{"transactions: { abort: 5% }", "", "does not say when a transaction ends; write every: 100ms, messages: 1000, or both"},
		{"transactions: 100ms", "", "wants a mapping with the fields every, messages, abort"},
		{"transactions: { every: 100ms, aborts: 5% }", "", `did you mean "abort"?`},
		{"transactions: { every: 100ms, abort: 0.05 }", "", "write a share such as"},
		{"acks: 1, transactions: { every: 100ms }", "", "load.producers.transactions: transactions need acks: all and idempotent: true"},
		{"idempotent: false, transactions: { every: 100ms }", "", "load.producers.transactions: transactions need acks: all and idempotent: true"},
		{"transaction-timeout: 10s", "", "there are no transactions"},
		{"transactions: { every: 10s }, transaction-timeout: 10s", "", "transactions.every: the broker aborts a transaction that is open for 10s"},
		{"transactions: { every: 10s }, delivery-timeout: 5s", "", "end transactions earlier"},
		{"transactions: { every: 1s }, transaction-timeout: 3m", "", "between 1s and the broker's transaction.max.timeout.ms, which is 2m"},
		{"transactions: { messages: 20000 }", "", "the buffer holds 10000; lower this, or raise load.producers.buffer"},
		{"", "isolation: serializable", "wants read_committed or read_uncommitted"},
	} {
		if _, err := parse(test.producers, test.consumers); err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "x.yaml:") {
			t.Errorf("%s %s: got %v, want %q", test.producers, test.consumers, err, test.want)
		}
	}
}
