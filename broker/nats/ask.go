package nats

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
)

const (
	answerWithin = time.Second            // a node that takes longer says nothing
	othersWithin = 100 * time.Millisecond // how long the nodes that have answered wait for the others
	// heardWithin is how long ago the leader of the cluster may have heard from a node that is still taken for there: servers tell each other every second.
	heardWithin = 3 * time.Second
	metaGroup   = "_meta_"
	// onTheirWay are entries that a replica may lack and is still in sync: under load it always lacks those that were just sent to it.
	onTheirWay = 64
)

// A question is asked of one node, on a connection of its own to the system account, again and again, and never while it is still open.
type question struct {
	node string
	conn *nats.Conn
	open atomic.Bool
}

// An answer is one node's story.
type answer struct {
	node    string
	version string
	js      jsInfo
	meta    map[string]raftGroup // by name
	groups  map[string]raftGroup
	err     error
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
		State   string `json:"state"`
		Leader  string `json:"leader"` // the id of a peer
		Term    uint64 `json:"term"`
		CatchUp bool   `json:"catching_up"`
		PeersOf map[string]struct {
			Name string `json:"name"`
		} `json:"peers"`
	}
)

// request asks the node itself.
func (q *question) request(ctx context.Context, what string, options, into any) (version string, err error) {
	if !q.conn.IsConnected() {
		return "", cmp.Or(q.conn.LastError(), nats.ErrDisconnected)
	}
	ask, err := json.Marshal(options)
	if err != nil {
		return "", err
	}
	m, err := q.conn.RequestWithContext(ctx, "$SYS.REQ.SERVER."+q.conn.ConnectedServerId()+"."+what, ask)
	if err != nil {
		return "", err
	}
	told := struct {
		Server struct {
			Version string `json:"ver"`
		} `json:"server"`
		Data  any `json:"data"`
		Error *struct {
			Description string `json:"description"`
		} `json:"error"`
	}{Data: into}
	if err := json.Unmarshal(m.Data, &told); err != nil {
		return "", fmt.Errorf("%s: %w", what, err)
	}
	if told.Error != nil {
		return "", fmt.Errorf("%s: %s", what, told.Error.Description)
	}
	return told.Server.Version, nil
}

func (q *question) ask(ctx context.Context) answer {
	a := answer{node: q.node, groups: map[string]raftGroup{}}
	a.version, a.err = q.request(ctx, "JSZ", map[string]any{"accounts": true, "streams": true, "consumer": true, "raft": true}, &a.js)
	var told map[string]map[string]raftGroup
	if a.err == nil {
		_, a.err = q.request(ctx, "RAFTZ", map[string]any{}, &told)
	}
	for _, groups := range told { // the system account's alone
		a.meta = groups
	}
	for _, account := range a.js.Accounts {
		told = nil
		if a.err == nil {
			_, a.err = q.request(ctx, "RAFTZ", map[string]any{"account": account.Name}, &told)
		}
		for _, groups := range told {
			for name, g := range groups {
				a.groups[name] = g
			}
		}
	}
	return a
}

// ask returns the stories of the nodes that answered; an error when there is none.
func (d *driver) ask(ctx context.Context) ([]answer, error) {
	if d.life.Err() != nil {
		return nil, net.ErrClosed
	}
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	told := make(chan answer, len(d.questions))
	open := 0
	for _, q := range d.questions {
		if q.open.Swap(true) {
			continue
		}
		open++
		d.behind.Go(func() {
			defer q.open.Store(false)
			ctx, cancel := context.WithTimeout(d.life, answerWithin)
			defer cancel()
			told <- q.ask(ctx)
		})
	}
	stories, err := collect(ctx, told, open)
	if len(stories) == 0 {
		return nil, fmt.Errorf("no node answers: %w", err)
	}
	return stories, nil
}

// collect waits for all nodes, but not for long once one has answered.
func collect(ctx context.Context, told <-chan answer, open int) (stories []answer, err error) {
	var late <-chan time.Time
	errs := []error{}
	for ; open > 0; open-- {
		select {
		case a := <-told:
			if a.err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", a.node, a.err))
				continue
			}
			stories = append(stories, a)
			if late == nil {
				late = time.After(othersWithin)
			}
		case <-late:
			return stories, nil
		case <-ctx.Done():
			return stories, errors.Join(append(errs, ctx.Err())...)
		}
	}
	return stories, cmp.Or(errors.Join(errs...), errors.New("what was asked before is still open"))
}
