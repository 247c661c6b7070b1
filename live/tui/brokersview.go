package tui

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/seed-228c25e4/squall/report"
)

func brokersView(v *scene, b box) []place {
	table := min(2+max(nodeCount(v), 1), max(3, b.h/2))
	if b.w < 100 || b.h < 20 {
		return column(b.x, b.y, b.w, b.h, []place{{name: "nodes", h: table, draw: (*scene).nodesPanel}, {name: "tail", draw: (*scene).tailPanel}})
	}
	side := min(max(b.w/3, 38), 60)
	all := column(b.x, b.y, b.w-side, b.h, []place{{name: "nodes", h: table, draw: (*scene).nodesPanel}, {name: "tail", draw: (*scene).tailPanel}})
	return append(all, place{name: "replicas", x: b.x + b.w - side, y: b.y, w: side, h: b.h, draw: (*scene).replicasPanel})
}

// nodesPanel is the table of brokers; the marked one's log is shown.
func (v *scene) nodesPanel(w, h int) *canvas {
	c, all := v.brokersFrame(w, h)
	if len(all) == 0 {
		return c
	}
	heads := []struct {
		x    int
		name string
	}{{2, "broker"}, {11, "state"}, {28, "leads"}, {35, "in sync"}, {44, "cpu"}, {50, "memory"}, {60, "roles"}}
	for _, head := range heads {
		c.fit(head.x, 1, w-head.x-1, dim, head.name)
	}
	first := max(0, min(v.node-(h-3)/2, len(all)-(h-2)))
	for i := first; i < len(all) && i-first < h-2; i++ {
		n, y := &all[i], 2+i-first
		name := bold
		if i == v.node {
			name = marked
		}
		c.put(2, y, c.glyph(n.sign), n.look)
		c.fit(4, y, 6, name, n.name)
		what := n.what
		if what == "" {
			what = map[bool]string{true: "up", false: "not asked yet"}[v.state != nil]
		}
		c.fit(11, y, 16, n.look, what)
		c.right(33, y, plain, fmt.Sprint(n.leads))
		look := plain
		if n.inSync < n.of {
			look = caution
		}
		c.right(42, y, look, fmt.Sprintf("%d/%d", n.inSync, n.of))
		if n.sample != nil {
			c.right(48, y, plain, fmt.Sprintf("%.2f", n.sample.CPU))
			c.right(58, y, plain, report.HumanBytes(n.sample.Memory))
		} else {
			c.right(48, y, dim, "-")
			c.right(58, y, dim, "-")
		}
		c.fit(60, y, w-61, plain, v.rolesOf(n))
	}
	return c
}

// rolesOf says what a node is beside a leader of partitions.
func (s *snapshot) rolesOf(n *nodeRow) string {
	var all []string
	if n.controller {
		all = append(all, "controller")
	}
	if s.state != nil {
		for _, group := range slices.Sorted(maps.Keys(s.state.Groups)) {
			if s.state.Groups[group] == n.name {
				all = append(all, "coordinator of "+group)
			}
		}
	}
	return strings.Join(all, ", ")
}

// replicasPanel is the table of partitions.
func (v *scene) replicasPanel(w, h int) *canvas {
	c := v.panel(w, h, "Partitions")
	if v.state == nil || len(v.state.Partitions) == 0 {
		c.wait("not asked yet")
		return c
	}
	c.text(2, 1, dim, "part  leader  epoch  in sync")
	for i, p := range v.state.Partitions {
		if i == h-3 && len(v.state.Partitions) > h-2 {
			c.text(2, 2+i, dim, fmt.Sprintf("and %d more", len(v.state.Partitions)-i))
			break
		}
		c.right(6, 2+i, plain, fmt.Sprint(p.Partition))
		leader, look := p.Leader, plain
		if leader == "" {
			leader, look = "none", bad
		}
		c.fit(8, 2+i, 7, look, leader)
		c.right(21, 2+i, dim, fmt.Sprint(p.Epoch))
		look = plain
		text := strings.Join(p.InSync, " ")
		if len(p.InSync) < len(p.Replicas) {
			look = caution
			text += fmt.Sprintf("  %d of %d", len(p.InSync), len(p.Replicas))
		}
		c.fit(23, 2+i, w-24, look, text)
	}
	return c
}

// tailPanel shows what the marked broker wrote last.
func (v *scene) tailPanel(w, h int) *canvas {
	all := v.nodes()
	if v.node >= len(all) {
		return v.panel(w, h, "Log")
	}
	name := all[v.node].name
	c := v.panel(w, h, "Log of "+name, "up/down: another broker", "")
	l, asked := v.logs[name]
	switch {
	case !asked:
		c.wait("the log has not been asked for, or cannot be here")
	case l.err != nil:
		c.fit(2, 1, w-3, caution, "not to be had: "+l.err.Error())
	case len(l.lines) == 0:
		c.wait("nothing written")
	}
	for i, text := range l.lines[max(0, len(l.lines)-(h-1)):] {
		look := plain
		if upper := strings.ToUpper(text); strings.Contains(upper, "ERROR") || strings.Contains(upper, "FATAL") {
			look = bad
		} else if strings.Contains(upper, "WARN") {
			look = caution
		}
		c.fit(2, 1+i, w-3, look, text)
	}
	return c
}
