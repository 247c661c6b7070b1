package formats

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// A JUnitRun is one run of many: a testsuite of a JUnit file.
type JUnitRun struct {
	Name   string         // of the testsuite; empty: the scenario's
	Report *report.Report // judged; nil: there is none, and Error says why
	Error  string         // what went wrong beside the verdict, or kept the run from having one; empty: nothing
	Took   time.Duration  // of a run without a report
	// Excused says why nothing of the run counts, as when it is in quarantine: what fails is only told. Empty: it counts.
	Excused string
}

// JUnit writes a run as JUnit XML, as Jenkins, GitLab and others read it: junit.xml. There is a case for each expectation and for each rule of safety that
// the run's contract promises, one that the run is valid, and one that its service and brokers lasted. What nobody can know is an error and never skipped; a
// missed expectation that is only a warning passes. Where the scenario states its verdict, that alone decides. Something fails, or is an error, if and only
// if the verdict is not pass.
func JUnit(w io.Writer, r *report.Report) error {
	return JUnitSuite(w, "squall", []JUnitRun{{Report: r}})
}

// JUnitSuite writes many runs into one JUnit file, a testsuite each, in their order. Testsuites need names of their own to be told apart: where one scenario
// is run more than once, the runs' names say which is which.
func JUnitSuite(w io.Writer, name string, runs []JUnitRun) error {
	all := junitSuites{Name: words(name)}
	var took time.Duration
	for i := range runs {
		s := runs[i].suite()
		all.Tests, all.Failures, all.Errors = all.Tests+s.Tests, all.Failures+s.Failures, all.Errors+s.Errors
		all.Suites = append(all.Suites, s)
		took += runs[i].took()
	}
	all.Time = seconds(took)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Time     string       `xml:"time,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name       string           `xml:"name,attr"`
	Tests      int              `xml:"tests,attr"`
	Failures   int              `xml:"failures,attr"`
	Errors     int              `xml:"errors,attr"`
	Skipped    int              `xml:"skipped,attr"` // some readers want it to be there; it is 0
	Time       string           `xml:"time,attr"`
	Timestamp  string           `xml:"timestamp,attr,omitempty"`
	Properties *junitProperties `xml:"properties"`
	Cases      []junitCase      `xml:"testcase"`
	Out        *junitText       `xml:"system-out"`
}

type junitProperties struct {
	All []junitProperty `xml:"property"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Time    string        `xml:"time,attr"`
	Failure *junitProblem `xml:"failure"`
	Error   *junitProblem `xml:"error"`
	Out     *junitText    `xml:"system-out"`
}

type junitProblem struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",cdata"`
}

// A junitText has several lines.
type junitText struct {
	Text string `xml:",cdata"`
}

// lined returns lines of text; nil: there are none.
func lined(text string) *junitText {
	if text = strings.Trim(lines(text), "\n"); text == "" {
		return nil
	}
	return &junitText{text}
}

func (j *JUnitRun) took() time.Duration {
	if j.Report != nil {
		return j.Report.Run.Took
	}
	return j.Took
}

func (j *JUnitRun) suite() junitSuite {
	s := junitSuite{Name: words(j.Name), Time: seconds(j.took())}
	if r := j.Report; r != nil {
		s.Name = words(cmp.Or(j.Name, r.Run.Scenario))
		s.Timestamp = r.Run.Started.UTC().Format("2006-01-02T15:04:05")
		s.Properties = &junitProperties{properties(r)}
		s.Out = lined(summary(r))
		s.Cases = casesOf(r)
	}
	s.Name = cmp.Or(s.Name, "run")
	if j.Error != "" || j.Report == nil {
		s.Cases = append(s.Cases, junitCase{Name: "run", Class: "squall", Error: &junitProblem{Message: words(cmp.Or(j.Error, "there is no report")), Type: "squall"}})
	}
	if j.Excused != "" {
		for i := range s.Cases {
			s.Cases[i].onlyTell(j.Excused + ": ")
		}
	}
	s.finish(j.took())
	return s
}

// finish counts the cases, and gives each a name of its own: readers take those of one name for one.
func (s *junitSuite) finish(took time.Duration) {
	s.Tests = len(s.Cases)
	seen := map[string]int{}
	for i := range s.Cases {
		c := &s.Cases[i]
		c.Class, c.Time = s.Name+"."+c.Class, seconds(0)
		if i == 0 {
			c.Time = seconds(took)
		}
		key := c.Class + "\n" + c.Name
		if seen[key]++; seen[key] > 1 {
			c.Name += fmt.Sprintf(" (%d)", seen[key])
		}
		switch {
		case c.Failure != nil:
			s.Failures++
		case c.Error != nil:
			s.Errors++
		}
	}
}

// properties tell what a reader needs to tell runs apart, and to repeat one.
func properties(r *report.Report) []junitProperty {
	b := &r.Run.Broker
	var all []junitProperty
	add := func(name, value string) {
		if value != "" {
			all = append(all, junitProperty{words(name), words(value)})
		}
	}
	add("squall.version", r.Run.Version)
	add("scenario", r.Run.Scenario)
	add("seed", fmt.Sprint(r.Run.Seed))
	add("command", shell(r.Run.Command))
	add("run", r.Run.ID)
	add("verdict", string(r.Verdict.Outcome))
	add("exit code", fmt.Sprint(int(r.Verdict.ExitCode)))
	add("broker", b.Kind)
	add("testbed", b.Testbed)
	for _, of := range slices.Sorted(maps.Keys(b.Versions)) {
		add("version "+of, b.Versions[of])
	}
	for _, i := range b.Images {
		add("image "+i.Role, strings.TrimSuffix(i.Name+"@"+i.Digest, "@"))
	}
	return all
}

// summary is the report for people, as far as a testsuite has room for it.
func summary(r *report.Report) string {
	const room = 64 << 10
	var b strings.Builder
	told := *r
	told.Files = fileNames(r.Files) // the others' places are those of a machine that the reader may not be at
	if err := Text(&b, &told); err != nil {
		return err.Error()
	}
	all := b.String()
	if len(all) <= room {
		return all
	}
	return all[:room] + fmt.Sprintf("\n... and %d bytes more, which report.json has", len(all)-room)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", max(0, d).Seconds()) }
