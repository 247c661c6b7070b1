package tui

import (
	"fmt"
	"slices"

	"github.com/seed-228c25e4/squall/report"
)

// conditions are the words for what a fault makes of a node.
var conditions = map[string]string{
	"kill": "killed", "stop": "stopped", "pause": "paused", "restart": "restarting", "rolling-restart": "restarting", "crash-loop": "crashing",
	"power-off": "powered off", "wipe-disk": "wiped", "isolate": "cut off", "partition": "cut off", "blackhole": "cut off", "refuse": "refusing",
	"latency": "slow link", "bandwidth": "slow link", "throttle-cpu": "throttled",
}

// ending are the faults under which a node does not run, whatever the cluster still believes of it.
var ending = []string{"kill", "stop", "power-off"}

// A nodeRow is how one broker is.
type nodeRow struct {
	name       string
	sign       rune
	look       style
	what       string // what it suffers from, since when; empty: nothing
	controller bool
	leads      int
	inSync, of int
	sample     *report.NodeSample
}

// nodes returns how the brokers are.
func (s *snapshot) nodes() []nodeRow {
	if s.run == nil {
		return nil
	}
	var all []nodeRow
	for _, name := range s.run.Broker.Nodes {
		n := nodeRow{name: name, sign: '○', look: dim}
		if s.state != nil {
			n.of, n.inSync, n.leads = roles(s.state, name)
			n.controller = s.state.Controller == name
			s.condition(&n, slices.Contains(s.state.Nodes, name))
		}
		if s.last != nil && s.last.Host != nil {
			if sample, ok := s.last.Host.Nodes[name]; ok {
				n.sample = &sample
			}
		}
		all = append(all, n)
	}
	return all
}

// condition says whether a node is up, and what it suffers from.
func (s *snapshot) condition(n *nodeRow, up bool) {
	n.sign, n.look = '●', good
	if !up {
		n.sign, n.look, n.what = '✗', bad, "not seen"
	}
	if f := s.onNode(n.name); f != nil {
		n.sign, n.look = '✗', bad
		word := conditions[f.Kind]
		if word == "" {
			word = f.Kind
		}
		n.what = word + " " + short(s.at-max(f.Effective, f.Commanded))
		if up && !slices.Contains(ending, f.Kind) {
			n.sign, n.look = '!', caution
		}
		return
	}
	for _, c := range s.crashes {
		if c.Node == n.name && !up {
			n.what = "died at " + clock(c.At)
		}
	}
}

// roles returns how many replicas a node has, how many of them are in sync, and how many partitions it leads.
func roles(state *report.StateChange, node string) (of, inSync, leads int) {
	for _, p := range state.Partitions {
		if slices.Contains(p.Replicas, node) {
			of++
		}
		if slices.Contains(p.InSync, node) {
			inSync++
		}
		if p.Leader == node {
			leads++
		}
	}
	return of, inSync, leads
}

// brokersFrame is a panel for the brokers, with them.
func (v *scene) brokersFrame(w, h int) (*canvas, []nodeRow) {
	info := ""
	if v.state != nil {
		info = inSync(v.state)
	}
	c := v.panel(w, h, "Brokers", info)
	all := v.nodes()
	if len(all) == 0 {
		c.wait("waiting for the cluster")
	}
	return c, all
}

func (v *scene) brokersPanel(w, h int) *canvas {
	c, all := v.brokersFrame(w, h)
	for i, n := range all {
		if i == h-2 && len(all) > h-1 {
			c.text(2, i+1, dim, fmt.Sprintf("and %d more: 3 shows all", len(all)-i))
			break
		}
		n.write(c, 2, i+1)
	}
	return c
}

// inSync says in short whether the partitions have all their replicas.
func inSync(s *report.StateChange) string {
	whole := 0
	for _, p := range s.Partitions {
		if p.Leader != "" && len(p.InSync) >= len(p.Replicas) {
			whole++
		}
	}
	if whole == len(s.Partitions) {
		return "all in sync"
	}
	return fmt.Sprintf("%d of %d whole", whole, len(s.Partitions))
}

// write prints a node's line.
func (n *nodeRow) write(c *canvas, x, y int) {
	c.put(x, y, c.glyph(n.sign), n.look)
	c.fit(x+2, y, 4, bold, n.name)
	x += 7
	role := fmt.Sprintf("leads %-2d", n.leads)
	if n.controller {
		role += " ctl"
	}
	if n.what != "" {
		x = c.text(x, y, n.look, n.what) + 2
		if n.leads > 0 {
			x = c.text(x, y, dim, fmt.Sprintf("leads %d", n.leads)) + 2
		}
	} else {
		c.text(x, y, plain, role)
		x += 13
		look := plain
		if n.inSync < n.of {
			look = caution
		}
		if n.of > 0 {
			x = c.text(x, y, look, fmt.Sprintf("isr %d/%d", n.inSync, n.of)) + 2
		}
	}
	if n.sample != nil && c.w-x > 14 {
		c.text(x, y, dim, fmt.Sprintf("cpu %.1f  %s", n.sample.CPU, report.HumanBytes(n.sample.Memory)))
	}
}
