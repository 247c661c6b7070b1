package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/observe"
)

// lookEvery is how often the nodes are asked at most: each question starts a process in a container, which costs the machine some 50 ms of a processor
// (measured), and whoever watches asks ten times a second.
const lookEvery = time.Second

// A witness is one node, asked from inside. Over the network it tells nothing for certain while a peer is frozen or cut off, and then late.
type witness struct {
	driver *driver
	node   string // by which the cluster calls it: b1
	id     string // by which it calls itself: rabbit@node-1
	runs   broker.Execer
}

// A story is what one node tells, without asking another one.
type story struct {
	node    string
	version string
	ready   bool     // it serves
	paused  bool     // it has stopped serving by itself, and waits for others or starts anew
	peers   []string // ids of the nodes that it is connected to
	parted  []string // ids of those whose metadata went another way than its own
	queues  map[string]row
}

// A row is what a node tells of one queue. Numbers that it does not know are -1.
type row struct {
	kind     string   // "quorum", "classic" or "stream"
	state    string   // its own part: "leader", "follower", ...; of a classic queue "true" where it is at home
	leader   string   // the id of who leads, as far as the node knows
	term     int64    // of its own part
	commit   int64    // what is agreed; of a stream, behind the offset up to which it is at least
	written  int64    // what it has itself; of a stream, behind the last offset
	replicas []string // ids
	first    int64    // where a stream's log begins
}

// leading is the state of a replica that leads.
const leading = "leader"

// script runs an Erlang expression in the node; the cookie is in the home folder of the node's user. erl_call is not on every image's path.
const script = `c=$(command -v erl_call || ls /usr/lib/erlang/lib/erl_interface-*/bin/erl_call /opt/erlang/lib/erlang/lib/erl_interface-*/bin/erl_call 2>/dev/null | head -n 1)
printf '%s\n' "$2" | "${c:-erl_call}" -sname "$1" -timeout 3 -e`

// evaluate returns the text that an Erlang expression comes to in the node.
func (w *witness) evaluate(ctx context.Context, expression string) (string, error) {
	out, err := w.runs.Exec(ctx, "sh", "-c", script, "sh", w.id, expression)
	if err != nil {
		return "", err
	}
	return unquote(string(out))
}

// unquote reads what erl_call prints of an expression that comes to a text. Quotes within it are printed as they are.
func unquote(out string) (string, error) {
	out = strings.TrimSpace(out)
	inner, ok := strings.CutPrefix(out, "{ok, ")
	if !ok {
		return "", fmt.Errorf("the node answers %.200q", out)
	}
	told, begins := strings.CutPrefix(inner, `"`)
	told, ends := strings.CutSuffix(told, `"}`)
	if !begins || !ends {
		return "", fmt.Errorf("the node answers %.200q, which is no text", out)
	}
	return told, nil
}

// lookAt is the expression for a story: one line a queue behind the node's own, of which none may contain what separates them. A node that does not serve knows
// nothing of queues. One that pauses itself, or starts anew because it went apart from others, does so in a process of that name, outside of what it stops.
const lookAt = `W = fun(X) when is_integer(X) -> integer_to_list(X); (X) when is_atom(X) -> atom_to_list(X); (_) -> "-" end,
Nodes = fun(Q) -> case amqqueue:get_type_state(Q) of #{nodes := Ns} when is_map(Ns) -> maps:keys(Ns); #{nodes := Ns} -> Ns; _ -> [] end end,
Stream = fun(Q) ->
  Counters = fun(Role) -> try osiris_counters:overview({Role, amqqueue:get_name(Q)}) catch _:_ -> undefined end end,
  {S, C} = case Counters(osiris_writer) of
    #{} = A -> {leader, A};
    _ -> case Counters(osiris_replica) of #{} = B -> {follower, B}; _ -> {none, #{}} end end,
  L = case amqqueue:get_pid(Q) of P when is_pid(P) -> node(P); _ -> none end,
  T = maps:get(epoch, C, none),
  ["stream ", W(S), " ", W(L), " ", W(T), " ", W(maps:get(committed_offset, C, none)), " ", W(maps:get(offset, C, none)), " ",
   lists:join(",", [W(N) || N <- Nodes(Q)]), " ", W(maps:get(first_offset, C, none))] end,
Row = fun(Name) -> case rabbit_amqqueue:lookup(rabbit_misc:r(<<"/">>, queue, Name)) of
  {ok, Q} -> case amqqueue:get_type(Q) =:= rabbit_stream_queue orelse amqqueue:get_pid(Q) of
    true -> Stream(Q);
    {R, _} ->
      M = try ra:key_metrics({R, node()}) catch _:_ -> #{} end,
      L = case ra_leaderboard:lookup_leader(R) of {_, N} -> N; _ -> none end,
      ["quorum ", W(maps:get(state, M, none)), " ", W(L), " ", W(maps:get(term, M, none)), " ", W(maps:get(commit_index, M, none)), " ",
       W(maps:get(last_written_index, M, none)), " ", lists:join(",", [W(N) || N <- Nodes(Q)])];
    P when is_pid(P) -> ["classic ", W(node(P) =:= node() andalso is_process_alive(P)), " ", W(node(P)), " - - - ", W(node(P))];
    _ -> "other" end;
  _ -> "none" end end,
Parted = try gen_server:call(rabbit_node_monitor, partitions, 500) catch _:_ -> [] end,
V = case application:get_key(rabbit, vsn) of {ok, X} -> X; _ -> "-" end,
Boot = rabbit_boot_state:get(),
Told = fun(Q) when Boot =:= ready -> Row(Q); (_) -> "none" end,
Paused = whereis(rabbit_outside_app_process) =/= undefined,
lists:flatten(lists:join(";", [[V, " ", W(Boot), " ", W(Paused), " ", lists:join(",", [W(N) || N <- nodes()]), " ", lists:join(",", [W(N) || N <- Parted])] | [Told(Q) || Q <- [%s]]])).`

// look asks the node for its story.
func (w *witness) look(ctx context.Context) (story, error) {
	var all []string
	for _, t := range w.driver.known() {
		all = append(all, queues(t)...)
	}
	told, err := w.evaluate(ctx, fmt.Sprintf(lookAt, binaries(all)))
	if err != nil {
		return story{}, err
	}
	return read(w.node, all, told)
}

// binaries writes names as Erlang has them. They have nothing in them that would have to be escaped.
func binaries(names []string) string {
	all := make([]string, len(names))
	for i, n := range names {
		all[i] = `<<"` + n + `">>`
	}
	return strings.Join(all, ",")
}

var errNoStory = errors.New("the node's answer has not the form that was asked for")

// read reads what a node tells of itself and of these queues.
func read(node string, queues []string, told string) (story, error) {
	lines := strings.Split(told, ";")
	about := strings.Split(lines[0], " ")
	if len(lines) != len(queues)+1 || len(about) != 5 {
		return story{}, errNoStory
	}
	s := story{node: node, version: about[0], ready: about[1] == "ready", paused: about[2] == "true", peers: list(about[3]), parted: list(about[4]), queues: map[string]row{}}
	for i, line := range lines[1:] {
		f := strings.Split(line, " ")
		switch {
		case len(f) == 8 && f[0] == stream:
			s.queues[queues[i]] = row{kind: f[0], state: f[1], leader: f[2], term: count(f[3]), commit: count(f[4]) + 1, written: count(f[5]) + 1, replicas: list(f[6]), first: count(f[7])}
		case len(f) == 7:
			s.queues[queues[i]] = row{kind: f[0], state: f[1], leader: f[2], term: count(f[3]), commit: count(f[4]), written: count(f[5]), replicas: list(f[6])}
		case len(f) != 1:
			return story{}, errNoStory
		}
	}
	return s, nil
}

func list(joined string) []string {
	if joined == "" {
		return nil
	}
	return strings.Split(joined, ",")
}

func count(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// A look is what was seen of the cluster at one moment.
type look struct {
	at      time.Time // zero: nothing was
	stories []story
	err     error
	agreed  map[string]int64 // by queue, what was agreed when it was looked before
}

// look asks every node, unless that has just been done.
func (d *driver) look(ctx context.Context) look {
	d.asking.Lock()
	defer d.asking.Unlock()
	if before := d.seen(); !before.at.IsZero() && time.Since(before.at) < lookEvery {
		return before
	}
	return d.ask(ctx)
}

// survey asks every node, whatever has just been asked.
func (d *driver) survey(ctx context.Context) look {
	d.asking.Lock()
	defer d.asking.Unlock()
	return d.ask(ctx)
}

// seen is what was seen last.
func (d *driver) seen() look {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.last
}

// ask asks every node. d.asking is held: nobody answers two at once.
func (d *driver) ask(ctx context.Context) look {
	before := d.seen()
	now := look{agreed: before.agreed}
	if time.Since(before.at) > lookEvery/2 { // what was agreed just now may still be on its way
		now.agreed = map[string]int64{}
		for i := range before.stories {
			for queue, r := range before.stories[i].queues {
				now.agreed[queue] = max(now.agreed[queue], r.commit)
			}
		}
	}
	// All are waited for: an answer takes as long as it takes to start a process in a container, and a node that is dead or frozen starts none.
	stories, err := observe.Round(ctx, d.life, &d.behind, d.questions, func(story) bool { return false })
	if now.stories = stories; len(stories) == 0 {
		now.err = fmt.Errorf("no node answers: %w", err)
	}
	now.at = time.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.last = now
	return now
}
