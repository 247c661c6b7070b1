package scenarios

import (
	"fmt"
	"strconv"

	"go.yaml.in/yaml/v4"

	"github.com/seed-228c25e4/squall/loadgen"
	"github.com/seed-228c25e4/squall/report"
)

// SlowestPartition returns the fewest messages a second, as SlowestRate does, of the partition with the smallest share.
func (s *Scenario) SlowestPartition() float64 { return s.SlowestRate() * s.SmallestShare() }

// SmallestShare returns the share of all messages that the partition gets which gets the fewest, on average; one that is given none does not count.
func (s *Scenario) SmallestShare() float64 {
	smallest := 1.0
	for _, share := range s.Load.Spread.Shares(s.Topic.Partitions, s.Load.Keys) {
		if share > 0 {
			smallest = min(smallest, share)
		}
	}
	return smallest
}

// KeysText says which keys messages have, and where they go; empty: none, and evenly to all partitions.
func (l *Load) KeysText() string {
	text := ""
	if l.Keys != nil {
		how := "one after the other"
		switch k := l.Keys.(type) {
		case *loadgen.UniformKeys:
			how = "at random"
		case *loadgen.ZipfKeys:
			how = fmt.Sprintf("by Zipf's law with exponent %v", k.Exponent)
		}
		text = fmt.Sprintf("%s keys %s", report.Thousands(l.Keys.Count()), how)
		if l.Keys.Count() == 1 {
			text = "1 key"
		}
	}
	switch {
	case l.Spread.Weights != nil && text != "":
		return text + ", partitions by weight"
	case l.Spread.Weights != nil:
		return "partitions by weight"
	case text != "" && !l.Spread.ByKey:
		return text + ", partitions in turn"
	}
	return text
}

// keys are the messages' keys.
type keys struct{ *draft }

const (
	noKeys   = "none"
	mostKeys = 1_000_000_000
)

func (v keys) variants() []variant {
	robin, uniform, zipf := own[loadgen.RoundRobinKeys](v.s.Load.Keys), own[loadgen.UniformKeys](v.s.Load.Keys), own[loadgen.ZipfKeys](v.s.Load.Keys)
	return []variant{
		{"round-robin", robin, many{(*uint64)(robin)}, "So many keys, one after the other."},
		{"uniform", uniform, many{(*uint64)(uniform)}, "So many keys, each as likely as any other."},
		{"zipf", zipf, whole{"{ keys: 10000, exponent: 1.1 }", section{
			{"keys", many{&zipf.Keys}, "How many keys there are."},
			{"exponent", decimal{&zipf.Exponent, 0, 10, true}, "How much more likely the first ones are: the exponent of Zipf's law."}}},
			"A few keys come often, and most seldom."},
	}
}

func (v keys) read(r *reader, field string, n *yaml.Node) {
	if n.Kind == yaml.ScalarNode && n.Value == noKeys {
		v.s.Load.Keys = nil
		return
	}
	if k, ok := pick(r, field, n, v.variants(), "choice of keys", "none, or { uniform: 10000 }").(loadgen.Keys); ok {
		v.s.Load.Keys = k
	}
}

func (v keys) write() *yaml.Node {
	if v.s.Load.Keys == nil {
		return scalar(noKeys)
	}
	return writeVariant(v.variants(), v.s.Load.Keys)
}

// many is how many keys there are.
type many struct{ p *uint64 }

func (v many) read(r *reader, field string, n *yaml.Node) {
	i := int(*v.p)
	number{&i, 1, mostKeys}.read(r, field, n)
	*v.p = uint64(i)
}

func (v many) write() *yaml.Node { return scalar(strconv.FormatUint(*v.p, 10)) }

// spread is how messages are spread over the partitions.
type spread struct{ *draft }

const (
	inTurn = "round-robin"
	byKey  = "by-key"
)

func (v spread) variants() []variant {
	w := &v.s.Load.Spread.Weights
	return []variant{{"weights", w, weights{w}, "How many go to each partition, against the others: a number for each."}}
}

func (v spread) read(r *reader, field string, n *yaml.Node) {
	if n.Kind == yaml.ScalarNode && (n.Value == inTurn || n.Value == byKey) {
		v.s.Load.Spread.ByKey = n.Value == byKey
		return
	}
	pick(r, field, n, v.variants(), "way", inTurn+", "+byKey+" or { weights: [5, 1, 1] }")
}

func (v spread) write() *yaml.Node {
	switch s := &v.s.Load.Spread; {
	case s.Weights != nil:
		return writeVariant(v.variants(), &s.Weights)
	case s.ByKey:
		return scalar(byKey)
	}
	return scalar(inTurn)
}

// weights are numbers of 0 or more, one for each partition.
type weights struct{ p *[]float64 }

func (v weights) read(r *reader, path string, n *yaml.Node) {
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		r.note(n, path, "", "wants a list of numbers, one for each partition, as in [5, 1, 1], not %s", kindOf(n))
		return
	}
	*v.p = make([]float64, len(n.Content))
	for i, c := range n.Content {
		place := fmt.Sprintf("%s[%d]", path, i)
		r.places[place] = c
		decimal{p: &(*v.p)[i], most: 1e6}.read(r, place, c)
	}
}

func (v weights) write() *yaml.Node {
	list := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for i := range *v.p {
		list.Content = append(list.Content, decimal{p: &(*v.p)[i]}.write())
	}
	return list
}
