package tui

import (
	"cmp"
	"fmt"
	"strings"
)

// standing says what a target is now: whom a role means, how a node is. Empty: it is known when the fault begins, as of "any".
func (s *snapshot) standing(target string) string {
	for _, arrow := range []string{" <-> ", " -> "} {
		from, to, ok := strings.Cut(target, arrow)
		if !ok {
			continue
		}
		if a, b := s.meant(from), s.meant(to); a != "" || b != "" {
			return "now " + cmp.Or(a, from) + arrow + cmp.Or(b, to)
		}
		return ""
	}
	if who := s.meant(target); who != "" {
		return "now " + who
	}
	for _, n := range s.nodes() {
		if n.name == target {
			return n.stands()
		}
	}
	return ""
}

// stands says in words what a node is now.
func (n *nodeRow) stands() string {
	var is []string
	if n.what != "" {
		is = append(is, n.what)
	}
	if n.leads > 0 || n.what == "" {
		is = append(is, fmt.Sprintf("leads %d", n.leads))
	}
	if n.controller {
		is = append(is, "controller")
	}
	return strings.Join(is, ", ")
}

// meant returns the node that a role means now; empty: none, or it is no role of one node.
func (s *snapshot) meant(role string) string {
	if s.state == nil {
		return ""
	}
	switch group, ok := strings.CutPrefix(role, "coordinator of "); {
	case ok:
		return s.state.Groups[group]
	case role == "controller":
		return s.state.Controller
	case role == "leader" && len(s.state.Partitions) > 0:
		return s.state.Partitions[0].Leader
	}
	return ""
}
