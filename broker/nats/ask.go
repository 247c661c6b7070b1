package nats

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/seed-228c25e4/squall/broker/observe"
)

const (
	// heardWithin is how long ago the leader of the cluster may have heard from a node that is still taken for there: servers tell each other every second.
	heardWithin = 3 * time.Second
	metaGroup   = "_meta_"
	// onTheirWay are entries that a replica may lack and is still in sync: under load it always lacks those that were just sent to it.
	onTheirWay = 64
)

// A witness is one node, asked on a connection of its own to the system account.
type witness struct {
	node string
	conn *nats.Conn
}

// An answer is one node's story.
type answer struct {
	node   string
	js     jsInfo
	meta   map[string]raftGroup // by name
	groups map[string]raftGroup
}

// What the server tells of itself, as its monitoring has it (server/monitor.go of nats-server).
type (
	jsInfo struct {
		Meta     *metaInfo `json:"meta_cluster"`
		Accounts []struct {
			Name    string       `json:"name"`
			Streams []streamInfo `json:"stream_detail"`
		} `json:"account_details"`
	}
	metaInfo struct {
		Leader   string     `json:"leader"`
		Replicas []peerInfo `json:"replicas"`
		Size     int        `json:"cluster_size"`
	}
	streamInfo struct {
		Name      string       `json:"name"`
		Cluster   *clusterInfo `json:"cluster"`
		Group     string       `json:"stream_raft_group"`
		Consumers []struct {
			Name    string       `json:"name"`
			Cluster *clusterInfo `json:"cluster"`
		} `json:"consumer_detail"`
	}
	clusterInfo struct {
		Leader   string     `json:"leader"`
		Replicas []peerInfo `json:"replicas"`
	}
	peerInfo struct {
		Name    string        `json:"name"`
		Current bool          `json:"current"`
		Offline bool          `json:"offline"`
		Lag     uint64        `json:"lag"`
		Active  time.Duration `json:"active"` // how long ago it was heard of; 0: never
	}
	raftGroup struct {
		State   string              `json:"state"`
		Leader  string              `json:"leader"` // the id of a peer
		Term    uint64              `json:"term"`
		CatchUp bool                `json:"catching_up"`
		PeersOf map[string]raftPeer `json:"peers"`
	}
	raftPeer struct {
		Name string `json:"name"`
	}
)

// request asks the node itself.
func (w *witness) request(ctx context.Context, what string, options, into any) error {
	if !w.conn.IsConnected() {
		return cmp.Or(w.conn.LastError(), nats.ErrDisconnected)
	}
	ask, err := json.Marshal(options)
	if err != nil {
		return err
	}
	m, err := w.conn.RequestWithContext(ctx, "$SYS.REQ.SERVER."+w.conn.ConnectedServerId()+"."+what, ask)
	if err != nil {
		return err
	}
	told := struct {
		Data  any `json:"data"`
		Error *struct {
			Description string `json:"description"`
		} `json:"error"`
	}{Data: into}
	if err := json.Unmarshal(m.Data, &told); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if told.Error != nil {
		return fmt.Errorf("%s: %s", what, told.Error.Description)
	}
	return nil
}

func (w *witness) ask(ctx context.Context) (answer, error) {
	a := answer{node: w.node, groups: map[string]raftGroup{}}
	if err := w.request(ctx, "JSZ", map[string]any{"accounts": true, "streams": true, "consumer": true, "raft": true}, &a.js); err != nil {
		return a, err
	}
	err := w.raft(ctx, map[string]any{}, func(groups map[string]raftGroup) { a.meta = groups }) // the system account's alone
	if errors.Is(err, nats.ErrNoResponders) {
		a.withoutRaft()
		return a, nil
	}
	if err != nil {
		return a, err
	}
	for _, account := range a.js.Accounts {
		err := w.raft(ctx, map[string]any{"account": account.Name}, func(groups map[string]raftGroup) { maps.Copy(a.groups, groups) })
		if err != nil {
			return a, err
		}
	}
	return a, nil
}

// withoutRaft puts together what a server of before 2.11 does not tell: of each group it knows who leads, and no term, so that of two that both think that they lead
// nobody can say which is right.
func (a *answer) withoutRaft() {
	group := func(leader string) raftGroup {
		g := raftGroup{State: "follower", Leader: leader, PeersOf: map[string]raftPeer{leader: {leader}}}
		if leader == a.node {
			g.State = "leader"
		}
		return g
	}
	if a.js.Meta != nil {
		a.meta = map[string]raftGroup{metaGroup: group(a.js.Meta.Leader)}
	}
	for _, account := range a.js.Accounts {
		for _, s := range account.Streams {
			if s.Cluster != nil && len(s.Cluster.Replicas) > 0 {
				a.groups[s.Group] = group(s.Cluster.Leader)
			}
		}
	}
}

// raft asks for the Raft groups of an account.
func (w *witness) raft(ctx context.Context, of map[string]any, found func(map[string]raftGroup)) error {
	var told map[string]map[string]raftGroup
	err := w.request(ctx, "RAFTZ", of, &told)
	for _, groups := range told {
		found(groups)
	}
	return err
}

// ask returns the stories of the nodes that answered; an error when there is none.
func (d *driver) ask(ctx context.Context) ([]answer, error) {
	stories, err := observe.Round(ctx, d.life, &d.behind, d.questions, func(answer) bool { return true })
	if len(stories) == 0 && errors.Is(err, context.DeadlineExceeded) {
		return nil, fmt.Errorf("no node answers within %v: %w", observe.AnswerWithin, err)
	}
	if len(stories) == 0 {
		return nil, fmt.Errorf("no node answers: %w", err)
	}
	return stories, nil
}
