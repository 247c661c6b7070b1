package scenarios

import (
	"fmt"
	"math"
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/loadgen"
)

// Body says what messages hold behind the envelope. The zero value: random bytes.
type Body struct {
	Compressible float64 // the share, from 0 to 1, that compression takes away
	File         string  // where the bytes are taken from, below the scenario's folder; empty: they are random
	Data         []byte  // the file's content
}

// Bodies returns what all messages' bodies are taken from; nil: random bytes that may repeat themselves, which costs less, where nothing
// compresses them that is known of.
func (s *Scenario) Bodies() *loadgen.Body {
	b, compression := &s.Load.Body, s.Load.Producers.Compression
	switch {
	case b.File != "":
		return loadgen.FileBody(b.Data)
	case b.Compressible == 0 && (compression == "" || compression == "none") && s.Topic.Config["compression.type"] == "":
		return nil
	}
	return loadgen.RandomBody(s.Seed, b.Compressible)
}

// SizeText says how large messages are.
func (l *Load) SizeText() string {
	switch c := l.Sizes.(type) {
	case *loadgen.Weighted, *loadgen.LogNormal:
		least, most := c.Bounds()
		return fmt.Sprintf("%s to %s, %s on average", writeSize(least), writeSize(most), writeSize(l.Size))
	}
	return writeSize(l.Size)
}

// sizes is the load's size: one for all, or a distribution.
type sizes struct{ *draft }

const why = ", which the envelope takes"

func (v sizes) variants() []variant {
	weighted, normal := own[loadgen.Weighted](v.s.Load.Sizes), own[loadgen.LogNormal](v.s.Load.Sizes)
	bound := func(p *int) size { return size{p: p, least: broker.HeaderSize, why: why} }
	return []variant{
		{"list", weighted, weightedSizes{weighted}, "Some sizes, and how often each comes."},
		{"log-normal", normal, whole{"{ median: 1KiB, sigma: 0.5, min: 100B, max: 64KiB }", section{
			{"median", bound(&normal.Median), "Half of the messages are smaller."},
			{"sigma", decimal{&normal.Sigma, 0, 10, true}, "How wide the distribution is: the standard deviation of the size's logarithm."},
			{"min", bound(&normal.Min), "No message is smaller."}, {"max", bound(&normal.Max), "No message is larger."}}},
			"Sizes as they often are: many small messages, few large ones."},
	}
}

func (v sizes) read(r *reader, field string, n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		size{p: &v.s.Load.Size, least: broker.HeaderSize, why: why}.read(r, field, n)
		return
	}
	is := pick(r, field, n, v.variants(), "distribution", "{ list: [ { size: 100B, weight: 9 }, { size: 10KiB, weight: 1 } ] }")
	if s, ok := is.(loadgen.Sizes); ok {
		v.s.Load.Sizes = s
	}
}

func (v sizes) write() *yaml.Node {
	if v.s.Load.Sizes == nil {
		return size{p: &v.s.Load.Size}.write()
	}
	return writeVariant(v.variants(), v.s.Load.Sizes)
}

// weightedSizes is a list of sizes and how often each comes.
type weightedSizes struct{ p *loadgen.Weighted }

// mostSizes bounds such a list.
const mostSizes = 100

func (v weightedSizes) read(r *reader, path string, n *yaml.Node) {
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 || len(n.Content) > mostSizes {
		r.note(n, path, "", "wants a list of at most %d sizes, as in [{ size: 100B, weight: 9 }, { size: 10KiB, weight: 1 }]", mostSizes)
		return
	}
	*v.p = make(loadgen.Weighted, len(n.Content))
	for i, c := range n.Content {
		place := fmt.Sprintf("%s[%d]", path, i)
		r.places[place] = c
		v.item(i).read(r, place, c)
	}
}

func (v weightedSizes) item(i int) whole {
	s := &(*v.p)[i]
	return whole{"{ size: 100B, weight: 9 }", section{
		{"size", size{p: &s.Size, least: broker.HeaderSize, why: why}, "The size, squall's envelope included."},
		{"weight", decimal{&s.Weight, 0, 1e6, true}, "How often it comes, against the others."}}}
}

func (v weightedSizes) write() *yaml.Node {
	list := &yaml.Node{Kind: yaml.SequenceNode}
	for i := range *v.p {
		list.Content = append(list.Content, v.item(i).write())
	}
	return list
}

// bodies are what messages hold.
type bodies struct{ *draft }

const randomBody = "random"

func (v bodies) variants() []variant {
	b := &v.s.Load.Body
	return []variant{
		{"compressible", &b.Compressible, percent{&b.Compressible}, "Bytes of which compression takes this share away."},
		{"file", &b.File, text{p: &b.File}, "The bytes of a file below the scenario's folder."},
	}
}

func (v bodies) read(r *reader, field string, n *yaml.Node) {
	b := &v.s.Load.Body
	if n.Kind == yaml.ScalarNode && n.Value == randomBody {
		return
	}
	pick(r, field, n, v.variants(), "kind of body", "random, { compressible: 50% } or { file: body.json }")
	if b.File == "" || r.wrong(field) {
		return
	}
	var err error
	if b.Data, err = v.file(b.File); err != nil {
		r.note(r.at(field+".file"), field+".file", "", "%s: %v", quoted(b.File), err)
	}
}

func (v bodies) write() *yaml.Node {
	switch b := &v.s.Load.Body; {
	case b.File != "":
		return writeVariant(v.variants(), &b.File)
	case b.Compressible > 0:
		return writeVariant(v.variants(), &b.Compressible)
	}
	return scalar(randomBody)
}

// deriveContent fills in what depends on sizes and keys.
func (d *draft) deriveContent() {
	l := &d.s.Load
	if l.Sizes != nil && !d.wrong("load.size") {
		l.Size = int(math.Round(l.Sizes.Mean()))
	}
	if l.Keys != nil && !d.has("load.partitions") {
		l.Spread.ByKey = true // what keys are for
	}
}

// checkContent tells what is wrong between sizes, keys and partitions that are right each for itself.
func (d *draft) checkContent() {
	l := &d.s.Load
	wrong := func(part, format string, args ...any) {
		if !d.wrong(part) {
			d.note(d.at(part), part, "", format, args...)
		}
	}
	if c, ok := l.Sizes.(*loadgen.LogNormal); ok && !d.wrong("load.size") && (c.Min > c.Median || c.Median > c.Max) {
		wrong("load.size.log-normal", "the median must lie between min and max")
	}
	if l.Spread.ByKey && l.Keys == nil && !d.wrong("load.keys") {
		wrong("load.partitions", "messages have no keys; write keys: { uniform: 10000 }, or leave this out")
	}
	if w := l.Spread.Weights; w != nil {
		switch {
		case len(w) != d.s.Topic.Partitions && !d.wrong("topic.partitions"):
			wrong("load.partitions.weights", "%s for %s; write one for each",
				count(len(w), "weight", "weights"), count(d.s.Topic.Partitions, "partition", "partitions"))
		case slices.Max(w) == 0:
			wrong("load.partitions.weights", "nothing would be sent to any partition; write a number above 0")
		}
	}
}
