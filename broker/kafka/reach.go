package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/conns"
)

// The scenario's fields that decide how a cluster is reached.
const (
	tlsField  = "broker.external.tls"
	saslField = "broker.external.sasl"
)

// reach makes one connection as clients do, up to where they say who they are, and says what stands in the way and what to do about it.
func reach(ctx context.Context, e broker.Endpoint, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, reachWithin)
	defer cancel()
	err := hello(ctx, e, addr)
	var dialed *net.OpError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &dialed) && dialed.Op == "dial":
		return fmt.Errorf("nobody answers at %s: %w; is the address right, does the broker run, and does the network let this machine through?", addr, dialed.Err)
	case e.TLS != nil:
		return insecure(ctx, e, addr, err)
	}
	safe := e
	safe.TLS = &tls.Config{InsecureSkipVerify: true} // nothing is said on it: it is only looked who answers
	if speaksTLS(ctx, safe, addr) {
		return fmt.Errorf("%s speaks TLS only: write %s, with the certificate of who signed the broker's where the machine does not know that one, as in tls: { ca: ca.pem }", addr, tlsField)
	}
	if timedOut(err) {
		return fmt.Errorf("%s takes connections and says nothing for %s: is it a broker of Kafka's, and does it stand still?", addr, reachWithin)
	}
	return fmt.Errorf("%s is no listener of Kafka's for clients: %w", addr, err)
}

// reachWithin bounds what one address takes, with what is tried to say why it cannot be used.
const reachWithin = 5 * time.Second

// hello dials, secures the connection, and hears who is there.
func hello(ctx context.Context, e broker.Endpoint, addr string) error {
	conn, err := dialTo(ctx, e, addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	secured, err := conns.Secure(ctx, conn, addr, e.TLS)
	if err != nil {
		return err
	}
	return greet(secured, addr)
}

// insecure says why a connection that was to be secured is not.
func insecure(ctx context.Context, e broker.Endpoint, addr string, err error) error {
	var (
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		invalid x509.CertificateInvalidError
		alert   *net.OpError // crypto/tls has no other name for what the other side says
	)
	switch {
	case errors.As(err, &unknown):
		return fmt.Errorf("%s shows a certificate that %s.ca has not signed (%s): name the file with the certificate of who signed it", addr, tlsField, issuer(unknown.Cert))
	case errors.As(err, &name):
		return fmt.Errorf("%s shows a certificate for other names (%s): write an address that is in it", addr, strings.Join(namesIn(name.Certificate), ", "))
	case errors.As(err, &invalid):
		return fmt.Errorf("%s shows a certificate that cannot be used: %w", addr, err)
	case errors.As(err, &alert) && alert.Op == "remote error":
		return fmt.Errorf("%s ends the handshake: %w; it may want a certificate of this client: write %s.cert and %[3]s.key", addr, err, tlsField)
	}
	bare := e
	bare.TLS = nil
	if hello(ctx, bare, addr) == nil {
		return fmt.Errorf("%s speaks no TLS: leave %s out, or write the address of the listener that does", addr, tlsField)
	}
	if timedOut(err) {
		return fmt.Errorf("%s takes connections and says nothing for %s: is it a broker of Kafka's, and does it stand still?", addr, reachWithin)
	}
	return fmt.Errorf("no secure connection to %s: %w", addr, err)
}

// speaksTLS reports whether there is a handshake at an address.
func speaksTLS(ctx context.Context, e broker.Endpoint, addr string) bool {
	conn, err := dialTo(ctx, e, addr)
	if err != nil {
		return false
	}
	defer conn.Close()
	_, err = conns.Secure(ctx, conn, addr, e.TLS)
	return err == nil
}

func timedOut(err error) bool {
	var n net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &n) && n.Timeout()
}

func issuer(c *x509.Certificate) string {
	if c == nil {
		return "its issuer is not told"
	}
	return "its issuer is " + c.Issuer.String()
}

func namesIn(c *x509.Certificate) []string {
	names := append([]string{}, c.DNSNames...)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		return []string{c.Subject.String()}
	}
	return names
}

// signIn says why a broker that had answered before does not answer to who says who it is.
func signIn(e broker.Endpoint, addr string, err error) error {
	told := isTold(err)
	switch {
	case errors.Is(err, kerr.UnsupportedSaslMechanism):
		return fmt.Errorf("%s does not take %s: write another %s.mechanism", addr, e.Mechanism, saslField)
	case errors.Is(err, kerr.IllegalSaslState) && e.User != "":
		return fmt.Errorf("%s does not ask who comes: leave %s out, or write the address of the listener that does", addr, saslField)
	case e.User != "" && (errors.Is(err, kerr.SaslAuthenticationFailed) || !told && hungUp(err)):
		return fmt.Errorf("%s lets the user %q not in by %s: the user, the password or the mechanism is wrong; see %s", addr, e.User, e.Mechanism, saslField)
	case e.User == "" && !told && hungUp(err):
		return fmt.Errorf("%s hangs up on clients that do not say who they are: write %s", addr, saslField)
	}
	return fmt.Errorf("ask %s what the cluster is made of: %w", addr, err)
}
