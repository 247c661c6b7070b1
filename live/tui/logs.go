package tui

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"
)

// What a node wrote is asked for only while somebody looks at it.
const (
	pullEvery  = 2 * time.Second
	pullWithin = 5 * time.Second
	pulledLog  = 200 // lines
)

// A logged is what a node wrote last.
type logged struct {
	node string
	nodeLog
}

// pull asks for the log of the node that is shown, now and then.
func (m *model) pull() tea.Cmd {
	log := m.board.allowed().Log
	if views[m.view].name != "brokers" || log == nil || m.frozen || m.pulling || m.scene.run == nil || m.options.now().Sub(m.pulled) < pullEvery {
		return nil
	}
	nodes := m.scene.run.Broker.Nodes
	if m.scene.node >= len(nodes) {
		return nil
	}
	node := nodes[m.scene.node]
	m.pulling, m.pulled = true, m.options.now()
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), pullWithin)
		defer cancel()
		lines, err := log(ctx, node, pulledLog)
		return logged{node, nodeLog{lines, err}}
	}
}

func (m *model) keepLog(l logged) {
	m.pulling = false
	m.scene.logs[l.node] = l.nodeLog
	m.scene.logAt++
}
