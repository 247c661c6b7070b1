package broker

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"time"
)

// HeaderSize is the length of the envelope's header in bytes, and so the smallest size of a message.
const HeaderSize = 44

const (
	magic0, magic1  = 's', 'q'
	envelopeVersion = 1
	flagProbe       = 1 // a message of Driver.Ready: nobody's load
)

// castagnoli is the polynomial of CRC-32C (RFC 3720, appendix B.4), which common processors compute in hardware.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// EnvelopeState is what reading an envelope showed.
type EnvelopeState uint8

// The states of an envelope.
const (
	Intact  EnvelopeState = iota // ours and whole
	Corrupt                      // not an envelope, cut short, or the checksum is wrong
	Foreign                      // whole, with another run's id
	Probe                        // whole, written to find out whether the topic works
	Marker                       // no message: the broker's own mark in its log, such as the end of a transaction; only its place says something
)

// Encode writes the envelope of a message of this run into value, whose length is the message's size, at least HeaderSize. Everything behind the
// header is the body and must be there already: the checksum covers it.
//
// Layout, big endian: magic 2, version 1, flags 1, run 8, producer 4, partition 4, sequence 8, due in ns 8, length 4, CRC-32C 4 (of the body and then
// of the other bytes of the header).
func Encode(value []byte, run uint64, id ID, due time.Duration) {
	encode(value, BodySum(value), run, id, due, 0)
}

// BodySum returns what EncodeAgain has to know of a value's body.
func BodySum(value []byte) uint32 { return crc32.Checksum(value[HeaderSize:], castagnoli) }

// EncodeAgain writes the envelope of another message with the same body, whose sum is known: the body is not read.
func EncodeAgain(value []byte, body uint32, run uint64, id ID, due time.Duration) {
	encode(value, body, run, id, due, 0)
}

// EncodeProbe writes the envelope of a message that belongs to no load.
func EncodeProbe(value []byte, run uint64) { encode(value, BodySum(value), run, ID{}, 0, flagProbe) }

func encode(value []byte, body uint32, run uint64, id ID, due time.Duration, flags byte) {
	_ = value[HeaderSize-1]
	value[0], value[1], value[2], value[3] = magic0, magic1, envelopeVersion, flags
	binary.BigEndian.PutUint64(value[4:], run)
	binary.BigEndian.PutUint32(value[12:], id.Producer)
	binary.BigEndian.PutUint32(value[16:], uint32(id.Partition))
	binary.BigEndian.PutUint64(value[20:], id.Seq)
	binary.BigEndian.PutUint64(value[28:], uint64(due))
	binary.BigEndian.PutUint32(value[36:], uint32(min(len(value), math.MaxUint32)))
	binary.BigEndian.PutUint32(value[40:], seal(value, body))
}

// Decode reads the envelope of d.Value as a message of this run and fills in d.ID, d.Due and d.Envelope.
func Decode(d *Delivery, run uint64) {
	if d.Envelope == Marker {
		return
	}
	v := d.Value
	d.ID, d.Due = ID{}, 0
	if len(v) < HeaderSize || v[0] != magic0 || v[1] != magic1 || v[2] != envelopeVersion ||
		binary.BigEndian.Uint32(v[36:]) != uint32(len(v)) || binary.BigEndian.Uint32(v[40:]) != seal(v, BodySum(v)) {
		d.Envelope = Corrupt
		return
	}
	d.ID = ID{
		Producer:  binary.BigEndian.Uint32(v[12:]),
		Partition: int32(binary.BigEndian.Uint32(v[16:])),
		Seq:       binary.BigEndian.Uint64(v[20:]),
	}
	d.Due = time.Duration(binary.BigEndian.Uint64(v[28:]))
	switch {
	case v[3]&flagProbe != 0:
		d.Envelope = Probe
	case binary.BigEndian.Uint64(v[4:]) != run:
		d.Envelope = Foreign
	default:
		d.Envelope = Intact
	}
}

// seal is the checksum of a value whose body has that sum.
func seal(v []byte, body uint32) uint32 { return crc32.Update(body, castagnoli, v[:HeaderSize-4]) }
