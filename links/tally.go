package links

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

// A tally counts what passes a proxy, or those of its connections that an impairment drew.
type tally struct {
	requests, replies flow
	made, cut, late   atomic.Uint64 // connections
}

// A flow counts what passes one half.
type flow struct {
	bytes, pieces atomic.Uint64
	kept          atomic.Int64 // nanoseconds, of all pieces together
}

// passed counts one piece.
func (f *flow) passed(n int, kept time.Duration) {
	f.bytes.Add(uint64(n))
	f.pieces.Add(1)
	f.kept.Add(int64(kept))
}

func (f *flow) told() broker.Kept {
	return broker.Kept{Pieces: f.pieces.Load(), Sum: time.Duration(f.kept.Load())}
}

func (t *tally) told(open uint64) broker.LinkTraffic {
	return broker.LinkTraffic{
		Requests: t.requests.bytes.Load(), RequestsKept: t.requests.told(),
		Replies: t.replies.bytes.Load(), RepliesKept: t.replies.told(),
		Open: open, Made: t.made.Load(), Cut: t.cut.Load(), Late: t.late.Load(),
	}
}

// shareName is the name under which a Control tells what passes the connections of a proxy that an impairment with this seed drew.
func shareName(proxy string, seed uint64) string { return fmt.Sprintf("%s, share %x", proxy, seed) }

// draws reports whether the impairment acts on the connection before which its proxy had accepted n others.
func draws(imp broker.Impairment, n uint64) bool {
	return imp.Share == 0 || rand.New(rand.NewPCG(imp.Seed, n)).Float64() < imp.Share
}
