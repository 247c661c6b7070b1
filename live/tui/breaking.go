package tui

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/seed-228c25e4/squall/report"
)

// A breaking is the dialog in which a fault is put together: its kind, its target, how long it lasts, and the line itself, as a scenario would have it.
type breaking struct {
	kinds  []report.ByHand
	inject func(string) error
	step   breakingStep
	kind   report.ByHand
	target string
	lasts  string
	choice int   // of what is listed
	input  field // narrows a list, or is the line
	sent   bool
	err    error // of the last try
}

type breakingStep int

const (
	askKind breakingStep = iota
	askTarget
	askLength
	askLine
)

// lengths are how long a fault may last.
var lengths = []string{"5s", "10s", "20s", "30s", "1m", "2m", "5m"}

func (m *model) breakSomething() tea.Cmd {
	c := m.running()
	if c.Inject == nil || len(c.Faults) == 0 {
		return m.refused("nothing can be broken by hand in this run")
	}
	m.dialog = &breaking{kinds: c.Faults, inject: c.Inject, input: newField()}
	return nil
}

// An option is a line that can be chosen.
type option struct{ value, about string }

// options are what can be chosen in this step, of that what the input allows.
func (b *breaking) options() []option {
	var all []option
	switch b.step {
	case askKind:
		for _, k := range b.kinds {
			all = append(all, option{k.Kind, k.About})
		}
	case askTarget:
		for _, t := range b.kind.Targets {
			all = append(all, option{value: t})
		}
	case askLength:
		for _, l := range lengths {
			all = append(all, option{value: l})
		}
	}
	return slices.DeleteFunc(all, func(o option) bool { return !strings.Contains(o.value, strings.TrimSpace(b.input.text())) })
}

func (b *breaking) pressed(m *model, k tea.KeyPressMsg) tea.Cmd {
	switch k.String() {
	case "esc":
		b.back(m)
	case "up":
		b.choice = max(0, b.choice-1)
	case "down":
		b.choice = min(b.choice+1, max(len(b.options())-1, 0))
	case "enter":
		return b.next(m)
	default:
		b.choice, b.err = 0, nil
		b.input.press(k)
	}
	return nil
}

func (b *breaking) pasted(text string) { b.input.insert(text) }

// back goes to the step before, or leaves.
func (b *breaking) back(m *model) {
	if b.sent { // what comes of it is still to be told here
		return
	}
	if b.step == askKind {
		m.dialog = nil
		return
	}
	b.step--
	if b.step == askTarget && len(b.kind.Targets) == 0 {
		b.step--
	}
	b.choice, b.err = 0, nil
	b.input.set("")
}

// next takes what is chosen. A length may be one that is not listed.
func (b *breaking) next(m *model) tea.Cmd {
	if b.step == askLine {
		if b.sent {
			return nil
		}
		line := b.input.text()
		b.sent, b.err = true, nil
		return m.ask("injected: "+line, func() error { return b.inject(line) })
	}
	written := strings.TrimSpace(b.input.text())
	all := b.options()
	switch {
	case b.typed(written, all):
	case len(all) > 0:
		written = all[min(b.choice, len(all)-1)].value
	case b.step == askKind || written == "":
		return nil
	}
	switch b.step {
	case askKind:
		i := slices.IndexFunc(b.kinds, func(k report.ByHand) bool { return k.Kind == written })
		b.kind, b.target = b.kinds[i], ""
	case askTarget:
		b.target = written
	case askLength:
		b.lasts = written
	}
	b.step++
	if b.step == askTarget && len(b.kind.Targets) == 0 {
		b.step++
	}
	b.choice = 0
	b.input.set("")
	if b.step == askLine {
		b.input.set(faultLine(b.kind, b.target, b.lasts))
	}
	return nil
}

// typed reports whether what was written is meant as it stands, and not one of the options that it has narrowed the list to: it is one of them, or a length.
func (b *breaking) typed(written string, of []option) bool {
	if b.choice > 0 {
		return false
	}
	_, err := time.ParseDuration(written)
	return slices.ContainsFunc(of, func(o option) bool { return o.value == written }) || b.step == askLength && err == nil
}

// faultLine writes a fault in the scenario's own language: its example with another target and length.
func faultLine(kind report.ByHand, target, lasts string) string {
	line := kind.Example
	for _, key := range []string{"link", "node", "client", "sides", kind.Kind} {
		if with, ok := withValue(line, key, target); ok && target != "" {
			line = with
			break
		}
	}
	if with, ok := withValue(line, "for", lasts); ok {
		return with
	}
	return strings.TrimRight(strings.TrimSuffix(strings.TrimSpace(line), "}"), " ") + ", for: " + lasts + " }"
}

// withValue gives a key of a fault's line another plain value; false: it has none.
func withValue(line, key, value string) (string, bool) {
	at := regexp.MustCompile(`\b` + regexp.QuoteMeta(key) + `: *([^,{}]*[^,{} ]) *[,}]`).FindStringSubmatchIndex(line)
	if at == nil {
		return line, false
	}
	return line[:at[2]] + value + line[at[3]:], true
}

func (b *breaking) answered(m *model, a answered) bool {
	if !b.sent {
		return false
	}
	b.sent, b.err = false, a.err
	if a.err == nil {
		m.dialog = nil
		m.say(a.what)
	}
	return true
}

func (b *breaking) draw(m *model, c *canvas) {
	title := []string{"Break something: what", "Break something: whom", "Break something: how long", "Break something: as the scenario says it"}[b.step]
	all := b.options()
	lines := min(max(len(all), 3), 12, c.h-8)
	wrong := []string{}
	if b.err != nil {
		wrong = wrap(strings.Split(strings.TrimSpace(b.err.Error()), "\n"), min(76, c.w-8))
		wrong = wrong[:min(len(wrong), c.h-8)]
	}
	if b.step == askLine {
		lines = 1 + len(wrong)
	}
	x, y, w := c.window(title, 76, lines+3)
	if b.step == askLine {
		b.input.write(c, x, y, w)
		for i, l := range wrong {
			c.fit(x, y+2+i, w, bad, l)
		}
	} else {
		c.text(x, y, dim, "> ")
		b.input.write(c, x+2, y, w-2)
		first := max(0, min(b.choice-lines/2, len(all)-lines))
		for i := first; i < len(all) && i-first < lines; i++ {
			look := bold
			if i == b.choice {
				look = marked
			}
			c.fit(x, y+1+i-first, 24, look, all[i].value)
			about := all[i].about
			if b.step == askTarget {
				about = m.scene.standing(all[i].value)
			}
			c.fit(x+26, y+1+i-first, w-26, dim, about)
		}
		if len(all) == 0 {
			c.fit(x, y+1, w, dim, map[bool]string{true: "none is called so", false: "enter takes it as it is written"}[b.step == askKind])
		}
	}
	yes := "next"
	if b.step == askLine {
		yes = "break it now"
		if b.sent {
			yes = "..."
		}
	}
	foot := y + lines + 2
	x = c.text(x, foot, accent, "enter ")
	x = c.text(x, foot, bold, yes)
	x = c.text(x, foot, accent, "    esc ")
	x = c.text(x, foot, dim, "back")
	if b.kind.Kind != "" && b.step > askKind {
		c.text(x, foot, dim, fmt.Sprintf("    %s %s", b.kind.Kind, b.target))
	}
}
