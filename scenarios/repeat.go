package scenarios

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/seed-228c25e4/squall/faults"
	"github.com/seed-228c25e4/squall/report"
)

// What can follow a fault's name in after.
const (
	recoveredWord = "recovered"
	healedWord    = "healed"
)

// follow reads what stands behind after: the end of another fault, or an event.
func (w *written) follow(r *reader, path string) {
	field := path + ".after"
	if !r.has(field) || r.wrong(field) {
		return
	}
	name, word, found := strings.Cut(strings.Join(strings.Fields(w.after), " "), " ")
	event, err := faults.ParseCondition(name, w.file.s.Place())
	switch {
	case !found && err == nil && w.When.Set():
		r.note(r.at(field), field, "", "waits for %s, and so does when for something else; write one of them", name)
	case !found && err == nil:
		w.When, w.after = event, ""
	case word != recoveredWord && word != healedWord:
		r.note(r.at(field), field, report.Suggest(word, []string{recoveredWord, healedWord}), "wants a fault that is over, as in after: %s recovered, or leader-changed", name)
	default:
		w.Follows, w.Recovered = name, word == recoveredWord
	}
}

// condition is something to wait for.
type condition struct {
	w *written
	p *faults.Condition
}

func (v condition) read(r *reader, field string, n *yaml.Node) {
	s := ""
	if (text{p: &s}).read(r, field, n); s == "" {
		return
	}
	c, err := faults.ParseCondition(s, v.w.file.s.Place())
	if err != nil {
		r.note(n, field, "", "%v", err)
		return
	}
	*v.p = c
}

func (v condition) write() *yaml.Node {
	if !v.p.Set() {
		return nil
	}
	return stringNode(v.p.String())
}

// repeats is how often something is done; nothing is written where it is done once.
type repeats struct{ number }

func (v repeats) write() *yaml.Node {
	if *v.p == 0 {
		return nil
	}
	return v.number.write()
}

// phase is by how much repetitions are later, at most.
type phase struct{ w *written }

func (v phase) read(r *reader, field string, n *yaml.Node) { duration{p: &v.w.Phase}.read(r, field, n) }

func (v phase) write() *yaml.Node {
	if v.w.Repeat == 0 {
		return nil
	}
	return duration{p: &v.w.Phase}.write()
}

// times tells what is wrong between an entry's times, and fills in those of repetitions.
func (w *written) times(r *reader, path string, n *yaml.Node) {
	wrong := func(applies bool, field, format string, args ...any) {
		if applies && !r.wrong(path+"."+field) {
			r.note(r.at(path+"."+field), path+"."+field, "", format, args...)
		}
	}
	waits := w.When.Set() || w.Recovered
	wrong(w.Until.Set() && w.For == 0, "until", "how long at most? write for as well; when that is over, so is the fault")
	wrong(w.Within > 0 && !waits, "within", "bounds what is waited for, and nothing is; write when or after, or leave this out")
	wrong(w.Every > 0 && w.Repeat == 0, "every", "how often? write repeat as well, as in repeat: 9")
	wrong(r.has(path+".phase") && w.Repeat == 0, "phase", "is about repetitions; write repeat as well, or leave this out")
	if w.Within == 0 && waits {
		w.Within = faults.DefaultWithin
	}
	if w.Repeat == 0 || r.wrong(path) {
		return
	}
	length, ends := w.length()
	if !ends {
		wrong(true, "repeat", "one that lasts until heal can be done once; write how long it lasts, as in for: 20s")
		return
	}
	if !r.has(path + ".phase") {
		w.Phase = w.file.heartbeat()
	}
	if w.Every == 0 {
		w.Every = length + w.Phase + w.file.s.Phases.Recovery
	}
	wrong(w.Every < length, "every", "one takes %s, and the next is to begin %s after its beginning; write at least %s", writeDuration(length), writeDuration(w.Every), writeDuration(length))
}

// length is how long one repetition takes, and whether it has an end of its own.
func (w *written) length() (time.Duration, bool) {
	p := w.Plan
	p.At, p.Follows, p.Repeat = 0, "", 0
	end, ends := time.Duration(0), true
	for _, s := range faults.Expand([]faults.Plan{p}, w.file.s.Seed, w.file.s.Phases.Recovery) {
		end, ends = max(end, s.End()), ends && s.For > 0
	}
	if p.Random != nil {
		end = p.For
	}
	return end, ends
}

// heartbeat is how often a broker reports that it lives, as far as its kind tells.
func (v steps) heartbeat() time.Duration {
	k := v.kinds[v.s.Broker.Kind]
	return timer(v.s, k, k.Decisive.Heartbeat).Value
}

// group tells what is wrong with an entry that holds several faults.
func (w *written) group(r *reader, path string, n *yaml.Node) {
	if r.wrong(path) {
		return
	}
	kind := w.kinds[0]
	leave := []string{"when", "until", "node", "link", "client", "sides", "plane", "only", "share"}
	if kind != "random" {
		leave = append(leave, "for")
	}
	for _, name := range leave {
		if r.has(path + "." + name) {
			r.note(r.at(path+"."+name), path+"."+name, "", "belongs to the faults of the %s; write it there", kind)
		}
	}
	if kind == "random" && w.For == 0 {
		r.note(n, path, "", "how long? write for as well, as in for: 10m")
	}
	for i := range w.Sequence {
		p := w.Sequence[i]
		last := i == len(w.Sequence)-1
		for _, l := range p.Leaves() {
			if l.For == 0 && l.Random == nil && !last {
				r.note(r.at(fmt.Sprintf("%s.sequence[%d]", path, i)), fmt.Sprintf("%s.sequence[%d]", path, i), "",
					"lasts until heal, and others are to follow; write how long it lasts, as in for: 20s")
			}
		}
	}
}

// walk goes through all entries of the list, with where each stands.
func (v steps) walk(do func(p *faults.Plan, path string)) { walk(v.s.Plan, "faults", do) }

func walk(plans []faults.Plan, path string, do func(*faults.Plan, string)) {
	for i := range plans {
		p, place := &plans[i], fmt.Sprintf("%s[%d]", path, i)
		do(p, place)
		walk(p.Sequence, place+".sequence", do)
		walk(p.Parallel, place+".parallel", do)
	}
}

// check tells of faults that follow what there is not.
func (v steps) check(r *reader) {
	known := map[string]*faults.Plan{}
	v.walk(func(p *faults.Plan, path string) {
		defer func() {
			if p.Name != "" {
				known[p.Name] = p
			}
		}()
		if p.Follows == "" {
			return
		}
		field := path + ".after"
		before, ok := known[p.Follows]
		switch names := slices.Sorted(maps.Keys(known)); {
		case !ok && len(names) == 0:
			r.note(r.at(field), field, "", "there is no fault before this one")
		case !ok:
			r.note(r.at(field), field, report.Suggest(p.Follows, names), "there is no fault %s before this one; there are %s", quoted(p.Follows), strings.Join(names, ", "))
		case slices.ContainsFunc(before.Leaves(), func(l *faults.Plan) bool { return l.For == 0 && l.Kind != "" }):
			r.note(r.at(field), field, "", "%s lasts until heal, when the load is over; write how long it lasts, as in for: 20s", p.Follows)
		}
	})
}
