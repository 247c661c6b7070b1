package formats

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/seed-228c25e4/squall/report"
)

// hostile is what no view may hand on as it is: what ends a section of XML, what a terminal, Markdown, HTML, a workflow of GitHub Actions or a metric's
// label would obey, and what is no text at all.
const hostile = "\x1b[31mred\x1b[0m ]]> <script>alert(1)</script> & \"quoted\" 'x' | `code` \x00\x07\xff\xfe @everyone [a](http://x) *b* \\ \uffff {l=\"v\"}\r\n::error::owned\n# heading\n\ttab"

// judged judges a report by the expectations that are written in it.
func judged(t *testing.T, r *report.Report, expectations ...string) *report.Report {
	t.Helper()
	r.Run.Contract.Redelivers, r.History.Rate = true, 100
	if expectations == nil {
		for _, e := range r.Expectations {
			text := e.Text
			if e.Warn {
				text += " (warn)"
			}
			expectations = append(expectations, text)
		}
	}
	var all []report.Expectation
	for _, text := range expectations {
		e, err := report.ParseExpectation(text, []string{"death"})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	report.Judge(r, all)
	return r
}

// An element is a node of an XML document.
type element struct {
	name     string
	attrs    map[string]string
	children []*element
	text     string
}

// parseXML reads a document, and fails where it is none.
func parseXML(t *testing.T, data []byte) *element {
	t.Helper()
	root := &element{}
	stack := []*element{root}
	d := xml.NewDecoder(bytes.NewReader(data))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("not XML: %v\n%s", err, data)
		}
		top := stack[len(stack)-1]
		switch x := token.(type) {
		case xml.StartElement:
			e := &element{name: x.Name.Local, attrs: map[string]string{}}
			for _, a := range x.Attr {
				e.attrs[a.Name.Local] = a.Value
			}
			top.children, stack = append(top.children, e), append(stack, e)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			top.text += string(x)
		}
	}
	if len(root.children) != 1 {
		t.Fatalf("%d documents", len(root.children))
	}
	return root.children[0]
}

// junitSchema is what the schemas of Jenkins' xUnit plug-in and of Ant agree upon, for what we write.
var junitSchema = map[string]struct {
	required, optional []string
	children           []string // in this order
	single             []string // of these, one at most, and only one of them
	words              bool     // it may have text
}{
	"testsuites": {required: []string{"name", "tests", "failures", "errors", "time"}, children: []string{"testsuite"}},
	"testsuite": {required: []string{"name", "tests", "failures", "errors", "skipped", "time"}, optional: []string{"timestamp"},
		children: []string{"properties", "testcase", "system-out"}, single: []string{"properties", "system-out"}},
	"properties": {children: []string{"property"}},
	"property":   {required: []string{"name", "value"}},
	"testcase": {required: []string{"classname", "name", "time"}, children: []string{"failure", "error", "system-out"},
		single: []string{"failure", "error", "system-out"}},
	"failure":    {required: []string{"message", "type"}, words: true},
	"error":      {required: []string{"message", "type"}, words: true},
	"system-out": {words: true},
}

var (
	number  = regexp.MustCompile(`^\d+$`)
	decimal = regexp.MustCompile(`^\d+(\.\d+)?$`)
	stamp   = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$`)
)

// checkJUnit holds an element and all that is in it against the schema.
func checkJUnit(t *testing.T, e *element) {
	t.Helper()
	of, ok := junitSchema[e.name]
	if !ok {
		t.Errorf("there is no element %s", e.name)
		return
	}
	for _, a := range of.required {
		if _, ok := e.attrs[a]; !ok {
			t.Errorf("%s has no %s", e.name, a)
		}
	}
	for a, v := range e.attrs {
		is := map[string]*regexp.Regexp{"tests": number, "failures": number, "errors": number, "skipped": number, "time": decimal, "timestamp": stamp}[a]
		if is != nil && !is.MatchString(v) || !slices.Contains(slices.Concat(of.required, of.optional), a) {
			t.Errorf("%s has %s=%q", e.name, a, v)
		}
		if strings.ContainsFunc(v, unicode.IsControl) {
			t.Errorf("control characters in %s=%q", a, v)
		}
	}
	at, times := 0, map[string]int{}
	for _, c := range e.children {
		i := slices.Index(of.children, c.name)
		if times[c.name]++; i < at || slices.Contains(of.single, c.name) && times[c.name] > 1 {
			t.Errorf("%s number %d is in %s at the wrong place", c.name, times[c.name], e.name)
		}
		at = max(at, i)
		checkJUnit(t, c)
	}
	if times["failure"]+times["error"] > 1 {
		t.Errorf("%v has a failure and an error", e.attrs)
	}
	if !of.words && strings.TrimSpace(e.text) != "" {
		t.Errorf("%s has text: %q", e.name, e.text)
	}
	if strings.ContainsFunc(e.text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' }) {
		t.Errorf("control characters in the text of %s: %q", e.name, e.text)
	}
}

// A suiteOf is a testsuite as readers see it.
type suiteOf struct {
	attrs           map[string]string
	cases           map[string]*element // by classname and name
	failed, errored []string
}

// readJUnit reads and checks a file, and returns its testsuites.
func readJUnit(t *testing.T, data []byte) (all []suiteOf) {
	t.Helper()
	root := parseXML(t, data)
	checkJUnit(t, root)
	sum := map[string]int{}
	for _, s := range root.children {
		got := suiteOf{attrs: s.attrs, cases: map[string]*element{}}
		for _, c := range s.children {
			if c.name != "testcase" {
				continue
			}
			name := c.attrs["classname"] + " " + c.attrs["name"]
			if got.cases[name] != nil {
				t.Errorf("two cases are called %s", name)
			}
			got.cases[name] = c
			for _, what := range c.children {
				switch what.name {
				case "failure":
					got.failed = append(got.failed, name)
				case "error":
					got.errored = append(got.errored, name)
				}
			}
		}
		for name, n := range map[string]int{"tests": len(got.cases), "failures": len(got.failed), "errors": len(got.errored), "skipped": 0} {
			if s.attrs[name] != strconv.Itoa(n) {
				t.Errorf("%s=%q of %s, which has %d", name, s.attrs[name], s.attrs["name"], n)
			}
			sum[name] += n
		}
		all = append(all, got)
	}
	for _, name := range []string{"tests", "failures", "errors"} {
		if root.attrs[name] != strconv.Itoa(sum[name]) {
			t.Errorf("%s=%q of all, which have %d", name, root.attrs[name], sum[name])
		}
	}
	return all
}

// junitOf writes one report, and reads its testsuite.
func junitOf(t *testing.T, r *report.Report) suiteOf {
	t.Helper()
	var b bytes.Buffer
	if err := JUnit(&b, r); err != nil {
		t.Fatal(err)
	}
	return readJUnit(t, b.Bytes())[0]
}

// died is the report of a run in which a broker died by itself, and nothing else is wrong.
func died(t *testing.T, outOfMemory bool) *report.Report {
	r := passing()
	r.Crashes = []report.Crash{{Node: "b3", At: 33 * time.Second, Log: []string{"the last words"}, OutOfMemory: outOfMemory}}
	return judged(t, r)
}

func stated(r *report.Report, verdict string) *report.Report {
	r.Run.Stated = verdict
	return r
}

// Something fails or is an error if and only if the verdict says so, and it is what the verdict is about.
func TestJUnitDecides(t *testing.T) {
	with := func(r *report.Report, change func(*report.Report)) *report.Report {
		change(r)
		return r
	}
	for name, c := range map[string]struct {
		of              *report.Report
		failed, errored []string // by the end of the classname, and the name
	}{
		"pass":                     {of: judged(t, passing())},
		"lost":                     {of: judged(t, failing()), failed: []string{"safety lost", "expectations lost == 0", "expectations recovery.service < 15s of death"}},
		"lost, as stated":          {of: judged(t, stated(failing(), "fail(lost, recovery.service)"))},
		"lost, as nobody stated":   {of: judged(t, stated(failing(), "pass")), failed: []string{"verdict pass"}},
		"stated, and not so":       {of: judged(t, stated(passing(), "fail(lost)")), failed: []string{"verdict fail(lost)"}},
		"stated, and nobody knows": {of: judged(t, stated(inconclusive(), "fail(lost)")), errored: []string{"verdict fail(lost)"}},
		"inconclusive": {of: judged(t, inconclusive()), errored: []string{"run valid", "safety lost", "safety group-skip", "safety reordered", "safety duplicates",
			"safety phantom", "safety aborted-read", "safety torn", "safety corrupt", "safety offset-conflict", "safety epoch-regression", "expectations lost == 0"}},
		"a broker died":             {of: died(t, false), failed: []string{"run service and brokers lasted"}},
		"the kernel ended a broker": {of: died(t, true), errored: []string{"run valid"}},
		"only warned":               {of: judged(t, passing(), "recovery.service < 1s of death (warn)")},
		"missed":                    {of: judged(t, passing(), "recovery.service < 1s of death"), failed: []string{"expectations recovery.service < 1s of death"}},
		"stopped": {of: judged(t, with(passing(), func(r *report.Report) { r.Run.Stopped, r.Run.StopCode = "Ctrl-C", report.ExitInterrupted })), errored: []string{"run valid",
			"safety lost", "safety group-skip", "safety offset-conflict", "safety epoch-regression", "safety phantom", "safety aborted-read", "safety corrupt",
			"expectations lost == 0", "expectations recovery.service < 15s of death"}},
		"not healed":                   {of: judged(t, with(passing(), func(r *report.Report) { r.Faults[0].HealError = "no route" })), errored: []string{"run valid"}},
		"by a squall that knew less":   {of: with(judged(t, passing()), func(r *report.Report) { r.Safety.Phantom = 1 })},
		"nobody has judged it":         {of: passing()},
		"there is nothing in a report": {of: new(report.Report)},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "inconclusive" {
				c.of.Run.Contract = report.Contract{Durable: true, Unique: true, Ordered: true, Atomic: true}
				judged(t, c.of)
			}
			s := junitOf(t, c.of)
			same(t, "failures", s.failed, c.failed)
			same(t, "errors", s.errored, c.errored)
			if c.of.Verdict.Outcome == report.Pass && len(s.failed)+len(s.errored) > 0 || c.of.Verdict.Outcome == report.Fail && len(s.failed) == 0 ||
				c.of.Verdict.Outcome == report.Inconclusive && (len(s.failed) > 0 || len(s.errored) == 0) {
				t.Errorf("the verdict is %s", c.of.Verdict.Sentence)
			}
		})
	}
}

// same compares names by their ends.
func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	left := slices.Clone(want)
	for _, g := range got {
		i := slices.IndexFunc(left, func(w string) bool { return strings.HasSuffix(g, "."+w) })
		if i < 0 {
			t.Errorf("%s: %s", what, g)
			continue
		}
		left = slices.Delete(left, i, i+1)
	}
	if len(left) > 0 {
		t.Errorf("no %s: %s", what, strings.Join(left, ", "))
	}
}

// What is written of a run with a failure, as a whole.
func TestJUnitGolden(t *testing.T) {
	r := judged(t, failing(), "lost == 0", "recovery.service < 15s of death (warn)", "recovery.detect < 1s of death")
	r.Run.Version, r.Run.Command, r.Run.ID = "v1", []string{"squall", "run", "leader-kill", "--set", "topic.config[min.insync.replicas]=1"}, "8f3a61c2"
	var b bytes.Buffer
	if err := JUnit(&b, r); err != nil {
		t.Fatal(err)
	}
	readJUnit(t, b.Bytes())
	golden(t, filepath.Join("testdata", "junit.golden"), b.String())
}

func TestJUnitSuite(t *testing.T) {
	var b bytes.Buffer
	err := JUnitSuite(&b, "nightly", []JUnitRun{{Report: judged(t, passing())}, {Name: "leader-kill, again", Report: died(t, false), Error: "remove the cluster: no"},
		{Name: "no-docker", Error: "no Docker engine answers", Took: 1500 * time.Millisecond}, {}})
	if err != nil {
		t.Fatal(err)
	}
	all := readJUnit(t, b.Bytes())
	var told []string
	for _, s := range all {
		told = append(told, fmt.Sprintf("%s: %d failed, %d errors, %ss", s.attrs["name"], len(s.failed), len(s.errored), s.attrs["time"]))
	}
	want := []string{"leader-kill: 0 failed, 0 errors, 95.000s", "leader-kill, again: 1 failed, 1 errors, 95.000s", "no-docker: 0 failed, 1 errors, 1.500s", "run: 0 failed, 1 errors, 0.000s"}
	if !slices.Equal(told, want) {
		t.Errorf("%q, want %q", told, want)
	}
}

// Whatever is in a report, what is written can be read.
func TestJUnitHostile(t *testing.T) {
	s := junitOf(t, spoilt())
	if len(s.cases) < 10 {
		t.Errorf("only %d cases", len(s.cases))
	}
	for name := range s.cases {
		if strings.ContainsAny(name, "\x1b\n") {
			t.Errorf("a case is called %q", name)
		}
	}
}
