package links

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
)

// The range of ports that Linux does not give to outgoing connections: what gives its port up for a while must find it free again.
const lowestPort, highestPort = 15000, 32000

// ClaimPort finds an address on the host that nobody has, for which use returns nil, and keeps its UDP port of the same number until the claim is closed:
// no squall takes a port without that, so that the address is there again for who gives it up for a while, as a proxy that refuses or a node that is down.
func ClaimPort(host string, use func(addr string) error) (addr string, claim io.Closer, err error) {
	for range 100 {
		addr = net.JoinHostPort(host, strconv.Itoa(lowestPort+rand.IntN(highestPort-lowestPort)))
		if claim, err = claimAt(addr, use); err == nil {
			return addr, claim, nil
		}
	}
	return "", nil, fmt.Errorf("no free port between %d and %d: the last one: %w", lowestPort, highestPort, err)
}

func claimAt(addr string, use func(addr string) error) (io.Closer, error) {
	claim, err := net.ListenPacket("udp", addr)
	if err != nil {
		return nil, err
	}
	if err := use(addr); err != nil {
		return nil, errors.Join(err, claim.Close())
	}
	return claim, nil
}
