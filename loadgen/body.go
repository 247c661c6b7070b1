package loadgen

import "math/rand/v2"

// Body is what the bodies of all messages are taken from, one after the other, and from the beginning again behind its end. Any number of senders
// read it.
type Body struct{ data []byte }

const (
	// bodyBytes is more than compression looks back within a batch, so that bodies do not repeat themselves for it.
	bodyBytes = 4 << 20
	// bodyBlock is a stretch of which the compressible share is zeros, and the rest random.
	bodyBlock = 256
)

// RandomBody returns random bytes that are always the same for one seed. compressible is the share of them, from 0 to 1, that compression takes
// away.
func RandomBody(base uint64, compressible float64) *Body {
	b := &Body{make([]byte, bodyBytes)}
	random := rand.NewChaCha8(seed(base, "body", 0))
	_, _ = random.Read(b.data)
	zeros := int(compressible*bodyBlock + 0.5)
	for from := 0; from < len(b.data); from += bodyBlock {
		clear(b.data[from : from+zeros])
	}
	return b
}

// FileBody returns a file's content, which may not be empty.
func FileBody(data []byte) *Body { return &Body{data} }

// A reel is how far one sender has come in the bodies.
type reel struct {
	data []byte
	at   int
}

// reel returns one sender's; all senders begin at different places.
func (b *Body) reel(shard, shards int) reel {
	return reel{b.data, int(int64(len(b.data)) * int64(shard) / int64(shards))}
}

// fill fills in one body.
func (r *reel) fill(body []byte) {
	for len(body) > 0 {
		n := copy(body, r.data[r.at:])
		body = body[n:]
		if r.at += n; r.at == len(r.data) {
			r.at = 0
		}
	}
}
