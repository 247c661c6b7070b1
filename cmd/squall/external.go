package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/kafka"
	"github.com/seed-228c25e4/squall/external"
	"github.com/seed-228c25e4/squall/faults"
	"github.com/seed-228c25e4/squall/host"
	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/scenarios"
)

// A scout finds out what a cluster is that squall did not start.
type scout struct {
	find func(context.Context, broker.Endpoint) (broker.Found, error)
	look func(ctx context.Context, e broker.Endpoint, addr string) broker.Presence
}

// scouts are there for the kinds that can be loaded elsewhere.
var scouts = map[string]scout{
	kafka.Kind.Name: {kafka.Discover, kafka.Look},
}

// addAllowed adds the flags by which whoever runs a scenario allows what its file cannot allow itself.
func addAllowed(c *cobra.Command, a *scenarios.Allowed) {
	c.Flags().BoolVar(&a.Exec, "allow-exec", false, "with run: external: run the commands that the scenario gives for the cluster's nodes")
	c.Flags().BoolVar(&a.ClusterWide, "allow-cluster-wide", false, "with run: external: let faults touch what others use on the cluster, such as quotas and settings of all brokers")
}

// allowedFlags are what was allowed, as it is written.
func allowedFlags(a scenarios.Allowed) (flags []string) {
	if a.Exec {
		flags = append(flags, "--allow-exec")
	}
	if a.ClusterWide {
		flags = append(flags, "--allow-cluster-wide")
	}
	return flags
}

// openExternal opens the cluster that the scenario means. Nothing is sent to another, and nothing made.
func openExternal(ctx context.Context, s *scenarios.Scenario, _ string, p *plain) (broker.Cluster, error) {
	if err := permitted(s); err != nil {
		return nil, err
	}
	o, err := externalOptions(s)
	if err != nil {
		return nil, err
	}
	p.step("looking whether %s is the cluster %s", strings.Join(o.Endpoint.Addrs, ", "), o.ClusterID)
	c, err := external.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// permitted returns what the one who runs the scenario has not allowed, and has to; nil: nothing.
func permitted(s *scenarios.Scenario) error {
	if s.NeedsExec() && !s.Allowed.Exec {
		return usageError{fmt.Errorf("%s runs commands of its own on the cluster's nodes: read broker.external.commands in it, and run it with --allow-exec", s.Name)}
	}
	if wide := s.Wide(); len(wide) > 0 && !s.Allowed.ClusterWide {
		return usageError{fmt.Errorf("%s of %s touches what others use on the cluster: run it with --allow-cluster-wide if nobody else does, or may be hurt", strings.Join(wide, ", "), s.Name)}
	}
	return nil
}

// A usageError is a mistake of the one who calls.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// externalOptions takes from the environment, and from files, what the scenario says is there.
func externalOptions(s *scenarios.Scenario) (o external.Options, err error) {
	x := &s.Broker.External
	of := scouts[s.Broker.Kind]
	o = external.Options{ClusterID: x.ClusterID, Nodes: s.Broker.Nodes, Wide: s.Allowed.ClusterWide, Find: of.find, Look: of.look}
	if s.Allowed.Exec {
		o.Commands = x.Commands
	}
	o.Endpoint.Addrs = x.Bootstrap
	var errs []error
	if x.BootstrapEnv != "" {
		all, err := fromEnv("broker.external.bootstrap-env", x.BootstrapEnv)
		errs = append(errs, err)
		o.Endpoint.Addrs = strings.FieldsFunc(all, func(c rune) bool { return c == ',' || c == ' ' })
	}
	if x.ClusterIDEnv != "" {
		o.ClusterID, err = fromEnv("broker.external.cluster-id-env", x.ClusterIDEnv)
		errs = append(errs, err)
	}
	files := secretFiles(s.Source)
	if x.TLS.Used {
		o.Endpoint.TLS, err = files.tls(x.TLS)
		errs = append(errs, err)
	}
	if x.SASL.User != "" {
		x.Password, err = files.password(x.SASL)
		errs = append(errs, err)
		o.Endpoint.User, o.Endpoint.Password, o.Endpoint.Mechanism = x.SASL.User, x.Password, x.SASL.Mechanism
	}
	if err := errors.Join(errs...); err != nil {
		return o, &external.UnusableError{Err: err}
	}
	return o, nil
}

// fromEnv returns what a variable holds that a scenario names.
func fromEnv(field, name string) (string, error) {
	value := strings.TrimSpace(os.Getenv(name))
	if value == "" {
		return "", fmt.Errorf("%s names the variable %s, which is not set: write export %[2]s=VALUE first", field, name)
	}
	return value, nil
}

// A keyring reads files with what is nobody else's to know.
type keyring struct {
	fs.FS
	where string // in words
}

// secretFiles are below the scenario's folder, or below the one that the environment names: a file that came with a scenario of somebody else's is not to
// reach for others of this machine.
func secretFiles(source string) keyring {
	if dir := os.Getenv(scenarios.SecretsFolder); dir != "" {
		return keyring{scenarios.Folder(filepath.Join(dir, "scenario")), "$" + scenarios.SecretsFolder}
	}
	return keyring{scenarios.Folder(source), "the scenario's folder"}
}

// mostSecret bounds a file of certificates, or with a password, in bytes.
const mostSecret = 1 << 20

func (k keyring) read(field, name string) ([]byte, error) {
	if name == "" {
		return nil, nil
	}
	info, err := fs.Stat(k.FS, name)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %s cannot be read below %s (%w); put it there, or name the folder in %s", field, name, k.where, reason(err), scenarios.SecretsFolder)
	case !info.Mode().IsRegular() || info.Size() > mostSecret || info.Size() == 0:
		return nil, fmt.Errorf("%s: %s below %s is no file of 1 byte to %d", field, name, k.where, mostSecret)
	}
	data, err := fs.ReadFile(k.FS, name)
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", field, name, reason(err))
	}
	return data, nil
}

// reason is what an error says without the path.
func reason(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// password is what the variable holds, or the file's first line.
func (k keyring) password(s scenarios.ExternalSASL) (string, error) {
	if s.PasswordEnv != "" {
		return fromEnv("broker.external.sasl.password-env", s.PasswordEnv)
	}
	data, err := k.read("broker.external.sasl.password-file", s.PasswordFile)
	if err != nil {
		return "", err
	}
	line, _, _ := bytes.Cut(data, []byte("\n"))
	if len(bytes.TrimSpace(line)) == 0 {
		return "", fmt.Errorf("broker.external.sasl.password-file: the first line of %s is empty", s.PasswordFile)
	}
	return strings.TrimSpace(string(line)), nil
}

// tls is how connections are secured.
func (k keyring) tls(x scenarios.ExternalTLS) (*tls.Config, error) {
	var pem [3][]byte
	var errs []error
	for i, f := range []struct{ field, name string }{{"ca", x.CA}, {"cert", x.Cert}, {"key", x.Key}} {
		data, err := k.read("broker.external.tls."+f.field, f.name)
		pem[i], errs = data, append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return external.TLS(pem[0], pem[1], pem[2])
}

// examineExternal looks whether the cluster is there, and the one that is meant.
func examineExternal(ctx context.Context, s *scenarios.Scenario) host.Check {
	check := host.Check{Name: "cluster"}
	o, err := externalOptions(s)
	if err == nil {
		var c *external.Cluster
		if c, err = external.Open(ctx, o); err == nil {
			check.State, check.Found = host.OK, fmt.Sprintf("%s, every one of its %d nodes answers", c.Describe().Testbed, len(c.Nodes()))
			return check
		}
	}
	check.State, check.Found = host.Fail, s.Secrets().Hide(strings.ReplaceAll(err.Error(), "\n", "; "))
	return check
}

// neededElsewhere is what a scenario needs to run on a cluster that squall did not start.
func neededElsewhere(s *scenarios.Scenario) []string {
	x := &s.Broker.External
	where := strings.Join(x.Bootstrap, ", ")
	if x.BootstrapEnv != "" {
		where = "$" + x.BootstrapEnv
	}
	id := x.ClusterID
	if x.ClusterIDEnv != "" {
		id = "$" + x.ClusterIDEnv
	}
	needs := []string{fmt.Sprintf("the cluster %s with %d nodes, at %s, which has no topic %s yet", id, s.Broker.Nodes, where, s.Topic.Name)}
	if s.NeedsExec() {
		needs = append(needs, "--allow-exec: it runs the commands that it gives for nodes")
	}
	if wide := s.Wide(); len(wide) > 0 {
		needs = append(needs, "--allow-cluster-wide: "+strings.Join(wide, ", "))
	}
	return needs
}

// mending returns what tells the commands that put right by hand what a fault does to nodes' processes; nil: the scenario has none.
func mending(s *scenarios.Scenario) func(report.Fault) []string {
	if s.Broker.Run != scenarios.Elsewhere {
		return nil
	}
	secrets := s.Secrets()
	return func(f report.Fault) (all []string) {
		k, _ := faults.FindKind(f.Kind)
		if k.Elsewhere != faults.NodeReach {
			return nil
		}
		act := broker.ActStart
		if slices.Contains(k.Acts, broker.ActPause) {
			act = broker.ActResume
		}
		for _, name := range f.Victims {
			all = append(all, secrets.Hide(strings.Join(s.Broker.External.Commands[name][act], " ")))
		}
		return all
	}
}
