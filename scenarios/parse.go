package scenarios

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

// Options are what Parse needs to know beside the file.
type Options struct {
	Kinds map[string]broker.Kind // the kinds of brokers that there are, by name
	Set   []string               // "load.rate=5k/s": replaces what the file says
	Seed  *uint64                // replaces the file's seed
	Files fs.FS                  // what the scenario may read, as Folder returns it; nil: nothing
}

// Parse reads a scenario file. name is what its mistakes call the file, and what the scenario is called when it does not say. The error is of type
// Errors, and holds every mistake.
func Parse(name string, data []byte, o Options) (*Scenario, error) {
	d := &draft{s: defaults(), kinds: o.Kinds, files: o.Files, reader: reader{notebook: newNotebook(name, data), places: map[string]*yaml.Node{}}}
	root := d.tree(data)
	if root == nil {
		return nil, d.err()
	}
	d.override(root, o.Set)
	d.places[""] = root
	d.fields().read(&d.reader, "", root)
	if o.Seed != nil {
		d.s.Seed = *o.Seed
		d.expand()
	}
	d.derive()
	d.s.Source = name
	if d.s.Name == "" && !d.has("name") {
		d.s.Name = nameFrom(name)
	}
	d.check()
	if err := d.err(); err != nil {
		return nil, err
	}
	return d.s, nil
}

// nameFrom makes a scenario's name of its file's.
func nameFrom(file string) string {
	base := path.Base(strings.ReplaceAll(file, `\`, "/"))
	base = strings.TrimSuffix(strings.TrimSuffix(base, ".yaml"), ".yml")
	base = strings.Trim(strings.Map(func(r rune) rune {
		if wordSyntax.MatchString("x" + string(r)) {
			return r
		}
		return '-'
	}, base), "-._")
	if base == "" || len(base) > 100 {
		return "scenario"
	}
	return base
}

func (d *draft) kindNames() []string { return slices.Sorted(maps.Keys(d.kinds)) }

// check tells what is wrong between fields that are right each for itself.
func (d *draft) check() {
	s := d.s
	if !d.has("broker.kind") && !d.noted("broker") {
		d.note(d.at("broker"), "broker", "", "which kind of broker? write kind: %s", oneOf(d.kindNames()))
	}
	if whose := map[string]string{Embedded: "an embedded broker has none", Elsewhere: "squall did not start this cluster"}[s.Broker.Run]; whose != "" {
		for _, f := range []string{"broker.image", "broker.pull", "broker.jvm", "broker.disk", "broker.limits"} {
			if d.has(f) {
				d.note(d.at(f), f, "", "%s; leave it out, or write run: containers", whose)
			}
		}
	}
	if end := s.LoadEnd(); end > longest {
		d.note(d.at("phases"), "phases", "", "all in all the load would last %s, longer than a week", writeDuration(end))
	}
	d.checkPace()
	d.checkContent()
	d.batches()
	d.checkConsumers()
	d.checkTransactions()
	d.checkExternal()
	k, ok := d.kinds[s.Broker.Kind]
	if !ok {
		return
	}
	d.checkKind(k)
	if k.Check == nil {
		return
	}
	for _, p := range k.Check(s.Settings()) {
		if !d.wrong(p.Field) {
			d.note(d.at(p.Field), p.Field, "", "%s", p.Message)
		}
	}
}

// runsThere reports whether the kind of broker can run where the scenario wants it, as far as it is known.
func (d *draft) runsThere() bool {
	places := d.kinds[d.s.Broker.Kind].Places
	_, runs := places[d.s.Broker.Run]
	return runs || places == nil
}

// checkKind tells of what this kind of broker has no use for, and of places where it does not run.
func (d *draft) checkKind(k broker.Kind) {
	for _, field := range slices.Sorted(maps.Keys(k.Unused)) {
		if d.has(field) && !d.unsaid(field) && !d.wrong(field) {
			d.note(d.at(field), field, "", "%s has no use for it: %s; leave it out", k.Name, k.Unused[field])
		}
	}
	const field = "broker.run"
	if !d.runsThere() && !d.wrong(field) {
		places := slices.Sorted(maps.Keys(k.Places))
		d.note(d.at(field), field, "", "%s does not run in %s yet; write run: %s", k.Name, d.s.Broker.Run, oneOf(places))
	}
	if most := k.Places[d.s.Broker.Run].Most; most > 0 && d.s.Broker.Nodes > most && !d.wrong("broker.nodes") {
		d.note(d.at("broker.nodes"), "broker.nodes", "", "%d nodes: in %s there are at most %d", d.s.Broker.Nodes, d.s.Broker.Run, most)
	}
	d.spelling("broker.config", d.s.Broker.Config, k.BrokerSettings)
	d.spelling("topic.config", d.s.Topic.Config, k.TopicSettings)
}

// spelling tells of settings whose names are nearly those of others. Brokers ignore settings that they do not know, and the run would be one with the default.
func (d *draft) spelling(field string, set map[string]string, names []string) {
	for _, name := range slices.Sorted(maps.Keys(set)) {
		place := field + "[" + name + "]"
		if meant := report.Typo(name, names); meant != "" && !d.wrong(place) {
			d.note(d.at(place), place, fmt.Sprintf(", did you mean %q?", meant), "there is no setting %s", name)
		}
	}
}

// kind is the kind of broker.
type kind struct{ *draft }

func (v kind) read(r *reader, field string, n *yaml.Node) {
	if _, ok := v.kinds[n.Value]; n.Kind != yaml.ScalarNode || !ok {
		names := v.kindNames()
		r.note(n, field, report.Suggest(n.Value, names), "wants %s, not %s", oneOf(names), kindOf(n))
		return
	}
	v.s.Broker.Kind = n.Value
}

func (v kind) write() *yaml.Node { return scalar(v.s.Broker.Kind) }
