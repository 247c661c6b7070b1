package tui

import (
	"fmt"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// refused says why something cannot be done to the run.
func (m *model) refused(what string) tea.Cmd {
	if m.over() {
		return m.say("the run is over")
	}
	return m.say("not possible here: " + what)
}

// changeRate changes the load by a factor, from what it was set to or is.
func (m *model) changeRate(factor float64) tea.Cmd {
	set := m.running().Rate
	if set == nil {
		return m.refused("this run's rate cannot be changed")
	}
	if m.rate == 0 && len(m.scene.slices) > 0 {
		s := &m.scene.slices[len(m.scene.slices)-1]
		m.rate = s.perSecond(s.due)
	}
	if m.rate == 0 {
		return m.say("no load yet")
	}
	wanted := rounded(m.rate * factor)
	m.rate = wanted
	return m.ask(fmt.Sprintf("rate: %s/s", rate(wanted)), func() error { return set(wanted) })
}

// rounded keeps three digits, which is as finely as anybody sets a rate by hand.
func rounded(v float64) float64 {
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 3, 64), 64)
	if err != nil {
		return v
	}
	return r
}

func (m *model) save() tea.Cmd {
	save := m.running().Save
	if save == nil {
		return m.refused("this run cannot be saved as a scenario")
	}
	return func() tea.Msg {
		path, err := save()
		return answered{"saved as " + path, err}
	}
}

func (m *model) revert() tea.Cmd {
	revert := m.running().Revert
	if revert == nil {
		return m.refused("nothing of this run can be reverted by hand")
	}
	m.dialog = &question{title: "Revert every fault", lines: []string{"Those of the scenario, too, that are in force now.", "None begins while they are reverted."},
		yes: "revert", do: revert, done: "reverting"}
	return nil
}

// What the help says of q where there is no run to be stopped, and of the command where the run was changed.
const (
	leave     = "leave"
	byHandToo = "What was done by hand is not in it: s saves that, too, as a scenario."
)

func (m *model) showCommand() tea.Cmd {
	command := "not known"
	if m.scene.run != nil && len(m.scene.run.Command) > 0 {
		command = quoted(m.scene.run.Command)
	}
	n := &note{title: "What repeats the run", lines: []string{command}}
	if m.scene.touched > 0 {
		n.lines = append(n.lines, "", byHandToo)
	}
	m.dialog = n
	return nil
}

// quoted writes a command as a shell reads it.
func quoted(args []string) string {
	out := make([]string, len(args))
	for i, a := range args {
		out[i] = a
		if a == "" || strings.ContainsAny(a, " \t'\"\\$`!*?[](){}<>|&;#~") {
			out[i] = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
	}
	return strings.Join(out, " ")
}

func (m *model) showHelp() tea.Cmd {
	n := &note{title: "Keys"}
	allowed := m.running()
	for _, b := range m.keys {
		h := b.Help()
		if h.Key == "" || b.change != nil && !b.change(allowed) {
			continue
		}
		if h.Key == "q" && allowed.Stop == nil {
			h.Desc = leave
		}
		n.lines = append(n.lines, fmt.Sprintf("%-11s%s", h.Key, h.Desc))
	}
	m.dialog = n
	return nil
}
