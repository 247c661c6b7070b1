package report

import (
	"regexp"
	"slices"
	"strings"
)

// What Redacted puts in the place of what it takes out.
const (
	noPath    = "(path)"
	noAddress = "(address)"
	noHost    = "(host)"
)

var (
	// paths are absolute ones of two parts or more: what has one, such as /s, may be a unit.
	paths = regexp.MustCompile(`(^|[\s"'=(,:\[])(?:(?:file://)?~?(?:/[\w.@+~%-]+){2,}/?|~/[\w.@+~%/-]+|[A-Za-z]:\\[^\s"']+)`)
	// addresses are of IPv4, and of IPv6 in brackets or of four groups or more: what has three is a time of day.
	addresses = regexp.MustCompile(`\b\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?\b|\[[0-9a-fA-F]*:[0-9a-fA-F:.]+\](?::\d{1,5})?|\b(?:[0-9a-fA-F]{1,4}:){3,7}:?[0-9a-fA-F]{1,4}\b`)
	// hosts are names with a port, or with an end as names of hosts have it.
	hosts = regexp.MustCompile(`\b[A-Za-z][\w-]*(?:\.[\w-]+)*:\d{4,5}\b|\b(?:[A-Za-z0-9][\w-]*\.)+(?:local|localdomain|internal|intranet|lan|corp|home|com|net|org|io|dev|cloud|example|test)\b`)
)

// Redacted returns a copy of a report without what tells of the machine and the network in which it was made: paths, addresses and names of hosts. Of the
// run's files, their own names stay. Names are further words that are taken out, such as the machine's own name, unless they are shorter than 4 bytes or words
// of the run itself.
func Redacted(r *Report, names ...string) *Report {
	run := &r.Run
	own := slices.Concat([]string{run.Scenario, run.Load, run.Broker.Kind, run.Broker.Testbed}, run.Broker.Nodes, run.FaultNames, run.Objective)
	names = slices.DeleteFunc(slices.Clone(names), func(n string) bool {
		return len(n) < leastSecret || slices.ContainsFunc(own, func(w string) bool { return strings.Contains(w, n) })
	})
	out := rewritten(r, func(text string) string { return redact(text, names) })
	for i, f := range r.Files {
		out.Files[i] = f[strings.LastIndexAny(f, `/\`)+1:]
	}
	return out
}

func redact(text string, names []string) string {
	text = paths.ReplaceAllString(text, "${1}"+noPath)
	text = addresses.ReplaceAllString(text, noAddress)
	text = hosts.ReplaceAllString(text, noHost)
	for _, n := range names {
		text = strings.ReplaceAll(text, n, noHost)
	}
	return text
}
