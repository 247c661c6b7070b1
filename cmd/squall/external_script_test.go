package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/kafka"
	"github.com/seed-228c25e4/squall/embedded"
)

// What the scripts' cluster asks of those who come. They are nowhere else, so that they can be looked for.
const (
	scriptUser     = "tester"
	scriptPassword = "planted-in-the-environment"
)

type clusterKey struct{}

// cluster [tls] [MECHANISM]: a cluster of three nodes runs until the script ends, in another process than squall's: it is not squall's own. The script has
// $SQUALL_BOOTSTRAP, $SQUALL_PASSWORD, ca.pem in its folder, and $NODES, where `node $NODES kill b1` acts on one.
func runCluster(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) < 3, "cluster [tls] [plain|scram-sha-256|scram-sha-512]")
	o := embedded.Options{Nodes: 3, Config: map[string]string{"broker.session.timeout.ms": "1000"}}
	if slices.Contains(args, "tls") {
		certificate, ca := selfSigned(ts)
		o.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
		ts.Check(os.WriteFile(ts.MkAbs("ca.pem"), ca, 0o600))
	}
	if i := slices.IndexFunc(args, func(a string) bool { return a != "tls" }); i >= 0 {
		o.Users = []embedded.User{{Mechanism: args[i], Name: scriptUser, Password: scriptPassword}}
	}
	c, err := embedded.Kafka(context.Background(), o)
	ts.Check(err)
	acting := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := act(r.Context(), c, strings.Split(strings.Trim(r.URL.Path, "/"), "/")); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	}))
	ts.Defer(func() {
		acting.Close()
		_ = c.Close(context.Background())
	})
	ts.Setenv("SQUALL_BOOTSTRAP", strings.Join(c.Endpoint(broker.Observer).Addrs, ","))
	ts.Setenv("SQUALL_PASSWORD", scriptPassword)
	ts.Setenv("NODES", acting.URL)
	g := guarded{Cluster: c}
	if o.TLS != nil {
		g.with.TLS = &tls.Config{InsecureSkipVerify: true} // the script's own eyes
	}
	if len(o.Users) > 0 {
		g.with.User, g.with.Password, g.with.Mechanism = scriptUser, scriptPassword, o.Users[0].Mechanism
	}
	*ts.Value(clusterKey{}).(*broker.Cluster) = g
}

// A guarded cluster wants to know who comes.
type guarded struct {
	broker.Cluster
	with broker.Endpoint
}

// Endpoint implements broker.Cluster.
func (g guarded) Endpoint(client string) broker.Endpoint {
	e := g.with
	e.Addrs = g.Cluster.Endpoint(client).Addrs
	return e
}

// act does to a node what a path says: kill/b1.
func act(ctx context.Context, c broker.Cluster, path []string) error {
	if len(path) != 2 {
		return fmt.Errorf("act on which node? %q", path)
	}
	i := slices.IndexFunc(c.Nodes(), func(n broker.Node) bool { return n.Name() == path[1] })
	if i < 0 {
		return fmt.Errorf("no node %s", path[1])
	}
	n := c.Nodes()[i]
	switch broker.Act(path[0]) {
	case broker.ActKill:
		return n.Kill(ctx)
	case broker.ActStop:
		return n.Stop(ctx, time.Second)
	case broker.ActStart:
		return n.Start(ctx)
	case broker.ActPause:
		return n.Pause(ctx)
	case broker.ActResume:
		return n.Resume(ctx)
	}
	return fmt.Errorf("no act %s", path[0])
}

// actOnNode is the program `node URL ACT NODE`, as a scenario's commands call it.
func actOnNode() {
	resp, err := http.Get(os.Args[1] + "/" + strings.Join(os.Args[2:], "/"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	text, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusOK {
		fmt.Fprintf(os.Stderr, "%s: password=%s", text, os.Getenv("SQUALL_PASSWORD")) // as a careless program might
		os.Exit(1)
	}
	os.Exit(0)
}

// vacant TOPIC GROUP: the cluster has neither; ! vacant: it has one of them.
func isVacant(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: vacant TOPIC GROUP")
	}
	d := tenant(ts)
	defer d.Close()
	err := d.(broker.Tenant).Vacant(context.Background(), args[0], args[1])
	if (err != nil) != neg {
		ts.Fatalf("vacant: %v", err)
	}
}

// tenant is a driver of the script's cluster.
func tenant(ts *testscript.TestScript) broker.Driver {
	d, err := kafka.New(*ts.Value(clusterKey{}).(*broker.Cluster), broker.Settings{Nodes: 3}, broker.NewClock(), 1)
	ts.Check(err)
	return d
}

// selfSigned returns a certificate of 127.0.0.1, and itself as who signed it.
func selfSigned(ts *testscript.TestScript) (tls.Certificate, []byte) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a broker"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	ts.Check(err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// revive starts the cluster's nodes that do not run, and waits until every node is among the others.
func revive(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) == 0, "revive")
	for _, n := range (*ts.Value(clusterKey{}).(*broker.Cluster)).Nodes() {
		ts.Check(n.Start(context.Background()))
	}
	d := tenant(ts)
	defer d.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		s, err := d.State(ctx)
		if err == nil && len(s.Nodes) == 3 && s.FullyInSync() {
			return
		}
		ts.Check(ctx.Err())
		time.Sleep(20 * time.Millisecond) // between two looks
	}
}
