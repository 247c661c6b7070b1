package formats

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	xhtml "golang.org/x/net/html"

	"github.com/seed-228c25e4/squall/report"
)

func pageOf(t testing.TB, r *report.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := HTML(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// elements calls f for each element of a page, with its attributes.
func elements(t testing.TB, page string, f func(name string, attr map[string]string)) {
	t.Helper()
	z := xhtml.NewTokenizer(strings.NewReader(page))
	for {
		switch z.Next() {
		case xhtml.ErrorToken:
			if z.Err() != io.EOF {
				t.Fatal(z.Err())
			}
			return
		case xhtml.StartTagToken, xhtml.SelfClosingTagToken:
			token, attr := z.Token(), map[string]string{}
			for _, a := range token.Attr {
				attr[a.Key] = a.Val
			}
			f(token.Data, attr)
		}
	}
}

// all are reports of each kind, and one with every field set.
func all() map[string]*report.Report {
	everything, next := new(report.Report), 0
	fill(reflect.ValueOf(everything).Elem(), &next)
	return map[string]*report.Report{"pass": passing(), "fail": failing(), "inconclusive": inconclusive(), "repeated": repeated(), "empty": {}, "everything": everything, "long": long(300, 5)}
}

// The page holds what the report holds, loads nothing, and closes what it opens.
func TestHTML(t *testing.T) {
	for name, r := range all() {
		t.Run(name, func(t *testing.T) {
			page := pageOf(t, r)
			wellFormed(t, page)
			for _, text := range []string{"default-src 'none'", xhtml.EscapeString(r.Verdict.Sentence), fmt.Sprintf("Exit code %d.", r.Verdict.ExitCode), `lang="en"`, "<main>", "@media print"} {
				if !strings.Contains(page, text) {
					t.Errorf("%q is not in it", text)
				}
			}
			for _, e := range r.Expectations {
				if !strings.Contains(page, xhtml.EscapeString(e.Text)) {
					t.Errorf("the expectation %q is not in it", e.Text)
				}
			}
			if i := regexp.MustCompile(`(NaN|Inf|%!|&lt;nil&gt;)`).FindString(page); i != "" {
				t.Errorf("%s is in it", i)
			}
		})
	}
}

// wellFormed checks that every element that is opened is closed in its order, that nothing is loaded, that names are there once, and what pictures and
// tables tell to those who do not see them.
func wellFormed(t *testing.T, page string) {
	t.Helper()
	ids := map[string]bool{}
	elements(t, page, func(name string, attr map[string]string) {
		switch name {
		case "script", "link", "img", "iframe", "object", "embed", "form", "base", "use", "image", "foreignobject", "audio", "video":
			t.Errorf("a <%s> is in it", name)
		case "svg":
			if attr["class"] != "" && attr["class"] != "swatch" && attr["role"] != "img" {
				t.Errorf("a drawing that says nothing: %v", attr)
			}
		case "th":
			if attr["scope"] == "" {
				t.Error("a head of a table without a scope")
			}
		}
		for key, value := range attr {
			if strings.HasPrefix(key, "on") || key == "style" || key == "src" || key == "href" && !strings.HasPrefix(value, "#") {
				t.Errorf("<%s %s=%q>", name, key, value)
			}
		}
		if id := attr["id"]; id != "" {
			if ids[id] {
				t.Errorf("the id %s twice", id)
			}
			ids[id] = true
		}
	})
	balanced(t, page)
}

// balanced checks that every element that is opened is closed in its order.
func balanced(t *testing.T, page string) {
	t.Helper()
	var open []string
	z := xhtml.NewTokenizer(strings.NewReader(page))
	for {
		switch z.Next() {
		case xhtml.ErrorToken:
			if len(open) > 0 {
				t.Errorf("never closed: %v", open)
			}
			return
		case xhtml.StartTagToken:
			if name, _ := z.TagName(); string(name) != "meta" {
				open = append(open, string(name))
			}
		case xhtml.EndTagToken:
			name, _ := z.TagName()
			if len(open) == 0 || open[len(open)-1] != string(name) {
				t.Fatalf("</%s> closes %v", name, open)
			}
			open = open[:len(open)-1]
		}
	}
}

// The only style that the page's policy admits is its own.
func TestHTMLStyleIsAdmitted(t *testing.T) {
	page := pageOf(t, passing())
	_, rest, _ := strings.Cut(page, "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	hash := sha256.Sum256([]byte(style))
	policy := ""
	elements(t, page, func(name string, attr map[string]string) {
		if attr["http-equiv"] == "Content-Security-Policy" {
			policy = attr["content"]
		}
	})
	if want := "'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'"; !strings.Contains(policy, want) {
		t.Errorf("%s is not in the policy %q", want, policy)
	}
	if strings.Contains(style, "url(") || strings.Contains(style, "@import") {
		t.Error("the style loads something")
	}
}

// Whatever stands in a report's texts, it stays text.
func TestHTMLOfHostileWords(t *testing.T) {
	const evil = `</style></svg></title><script>alert("1")</script>' onload=x <img src=x onerror=y>&quot;]]>`
	for name, r := range all() {
		poison(reflect.ValueOf(r).Elem(), evil)
		t.Run(name, func(t *testing.T) {
			page := pageOf(t, r)
			wellFormed(t, page)
			if name != "empty" && strings.Count(page, "&lt;script&gt;") < 30 {
				t.Errorf("the words are in it only %d times", strings.Count(page, "&lt;script&gt;"))
			}
		})
	}
}

// poison puts words behind every text below v.
func poison(v reflect.Value, words string) {
	switch v.Kind() {
	case reflect.Struct:
		if _, ok := v.Addr().Interface().(*time.Time); ok {
			return
		}
		for i := range v.NumField() {
			poison(v.Field(i), words)
		}
	case reflect.Slice:
		for i := range v.Len() {
			poison(v.Index(i), words)
		}
	case reflect.Map:
		if v.Type().Key().Kind() != reflect.String {
			return
		}
		old := reflect.MakeMap(v.Type())
		for _, key := range v.MapKeys() {
			k, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			k.SetString(key.String() + words)
			value.Set(v.MapIndex(key))
			poison(value, words)
			old.SetMapIndex(k, value)
		}
		if v.Len() > 0 {
			v.Set(old)
		}
	case reflect.String:
		v.SetString(v.String() + words)
	case reflect.Pointer:
		if !v.IsNil() {
			poison(v.Elem(), words)
		}
	}
}

// long makes the report of a run of so many seconds, in which a leader dies again and again.
func long(seconds, faults int) *report.Report {
	r := passing()
	rnd := rand.New(rand.NewPCG(1, 2))
	death, rec := r.Faults[0], r.Recovery[0]
	r.Windows, r.Faults, r.Recovery, r.Phases, r.History.States = nil, nil, nil, nil, nil
	length := time.Duration(seconds) * time.Second
	every := length / time.Duration(faults+1)
	add := func(name string, kind report.PhaseKind, from time.Duration, l report.Latency) {
		p := report.Phase{Name: name, Kind: kind, From: from}
		r.Phases = append(r.Phases, report.PhaseFigures{Phase: p, Acknowledged: 1000, Latency: l})
		r.History.Phases = append(r.History.Phases, p)
	}
	ok := passing().Phases
	add("baseline", report.Baseline, 0, ok[2].Latency)
	for i := range faults {
		f, own := death, rec
		f.Name, f.Group, own.Fault = fmt.Sprintf("death #%d", i+1), "death", fmt.Sprintf("death #%d", i+1)
		f.Planned = every * time.Duration(i+1)
		f.Commanded, f.Effective, f.Healing, f.Healed = f.Planned, f.Planned+4*ms, f.Planned+every/4, f.Planned+every/4+ms
		own.Service = report.KnownFigure(time.Duration((6 + 4*rnd.Float64()) * float64(time.Second)))
		if i%7 == 3 {
			own.Service = report.CensoredFigure(12 * time.Second)
		}
		r.Faults, r.Recovery = append(r.Faults, f), append(r.Recovery, own)
		add("during "+f.Name, report.During, f.Effective, ok[0].Latency)
		add("recovery "+f.Name, report.Recovering, f.Healed, ok[2].Latency)
	}
	for i := range seconds {
		at := time.Duration(i) * time.Second
		w := report.Window{Start: at, Due: 1000, Sent: 1000, Acknowledged: 1000, Delivered: 1000, Partitions: "ffffff", Latency: ok[2].Latency, Errors: map[string]uint64{}}
		w.Latency.Ack = histogram(time.Duration((2+2*rnd.Float64())*float64(ms)), time.Duration((8+8*rnd.Float64())*float64(ms)), time.Duration((20+80*rnd.Float64())*float64(ms)))
		if since := (at - death.Effective) % every; at > every && at%every < 9*time.Second && since != 0 {
			w.Acknowledged, w.Partitions, w.Backlog, w.Errors["time-out"] = 300, "sfsftf", 700, 12
			w.Latency.Ack = ok[0].Latency.Ack
		}
		r.Windows = append(r.Windows, w)
		if i%20 == 0 {
			r.History.States = append(r.History.States, report.StateChange{At: at, Controller: fmt.Sprintf("b%d", i/20%3+1)})
		}
	}
	figures := make([]report.Figure, len(r.Recovery))
	for i := range figures {
		figures[i] = r.Recovery[i].Service
	}
	d := report.Distribute(figures)
	r.Series = []report.Series{{Name: "death", Injections: faults, Took: faults, Service: d, Detect: d, FirstSuccess: d, Performance: d, Redundancy: d, Drained: d}}
	return r
}

// A day's page can still be sent around, and its figures are those of the whole day.
func TestHTMLOfADay(t *testing.T) {
	t.Parallel()
	const most = 3 << 20
	r := long(24*3600, 400)
	r.Windows[40_000].Acknowledged = 31_337
	page := pageOf(t, r)
	wellFormed(t, page)
	if len(page) > most {
		t.Errorf("%d bytes, over %d", len(page), most)
	}
	var due uint64
	for i := range r.Windows {
		due += r.Windows[i].Due
	}
	for _, text := range []string{report.Thousands(due) + " messages were due", "more, in report.json", "more, in events.ndjson", "the least and the greatest second are drawn", "400 injections"} {
		if !strings.Contains(page, text) {
			t.Errorf("%q is not in it", text)
		}
	}
}

// The parts of an outage are told below its bar, where no bar is too narrow for them, and the timer that explains the largest is marked where it ran out.
func TestPartsAndTimer(t *testing.T) {
	r := passing()
	rec := &r.Recovery[0]
	rec.Service, rec.Performance, rec.RedundancySinceEffect = report.KnownFigure(10*time.Second), report.KnownFigure(20*time.Second), report.KnownFigure(0)
	rec.Parts = []report.Part{{Name: report.Detection, Took: ms}, {Name: report.Election, Took: 9 * time.Second}, {Name: report.Discovery, Took: 0}, {Name: report.CatchUp, Took: 999 * ms}}
	page := pageOf(t, r)
	if strings.Contains(page, `class="timer"`) {
		t.Error("a timer is marked that explains nothing")
	}
	for _, text := range []string{"</svg> detection 1ms</li>", "</svg> election 9s</li>", "</svg> catch-up 999ms</li>"} {
		if !strings.Contains(page, text) {
			t.Errorf("%s is not in it", text)
		}
	}
	rec.Timer, r.Run.Timers = "quorum", []report.Timer{{Name: "other", Value: time.Second}, {Name: "quorum", Value: 7999 * ms, Part: "election"}}
	page = pageOf(t, r)
	for _, text := range []string{`<title>quorum = 8s</title><line class="timer" x1="40.00%" x2="40.00%"`, "</svg> quorum = 8s</li>"} {
		if !strings.Contains(page, text) {
			t.Errorf("%s is not in it", text)
		}
	}
	r.Run.Timers[1].Least = 3999 * ms
	if page, text := pageOf(t, r), `<title>quorum = 4s to 8s</title><line class="timer" x1="20.00%"`; !strings.Contains(page, text) {
		t.Errorf("%s is not in it", text)
	}
	rec.Parts[0].Took, rec.Parts[1].Took = 4*time.Second, 5001*ms
	r.Run.Timers[1].Least, r.Run.Timers[1].Value = 0, 8*time.Second
	if page, text := pageOf(t, r), `<title>quorum = 8s</title><line class="timer" x1="60.00%"`; !strings.Contains(page, text) {
		t.Errorf("the largest part began later: %s is not in it", text)
	}
	r.Run.Timers[1].Part = "detection"
	if page, text := pageOf(t, r), `<title>quorum = 8s</title><line class="timer" x1="40.00%"`; !strings.Contains(page, text) {
		t.Errorf("it explains the outage as a whole: %s is not in it", text)
	}
}

// The signs of injections stand above an axis.
func TestSpreadTicks(t *testing.T) {
	page := pageOf(t, repeated())
	_, rest, _ := strings.Cut(page, `<tr class="ticks">`)
	axis, _, _ := strings.Cut(rest, "</tr>")
	for _, text := range []string{`class="tick first" x="0.00%" y="16">0s</text>`, ">10s</text>", ">20s</text>", ">30s</text>"} {
		if !strings.Contains(axis, text) {
			t.Errorf("%s is not in %s", text, axis)
		}
	}
	for to, want := range map[time.Duration]int{0: 0, time.Millisecond: 6, 1020 * ms: 3, 31 * time.Second: 4, 100 * time.Second: 6} {
		if ticks, _ := spreadTicks(scale{to: float64(to)}); len(ticks) != want {
			t.Errorf("%s: %d ticks, want %d: %v", to, len(ticks), want, ticks)
		}
	}
}

// What happened to clients stands among the events, with the time of day, and beside the fault that did it; what is not there is counted.
func TestClientEvents(t *testing.T) {
	page := pageOf(t, failing())
	for _, text := range []string{
		`<th scope="row">20.1s</th><td>03:04:25 UTC</td><td>client</td><td>producer-0 lost b2: connection refused (12 times in 3.4s)</td>`,
		`<th scope="row">100ms</th><td>03:04:05 UTC</td><td>client</td><td>producer-0 connected b2</td>`, "3 more, in events.ndjson",
	} {
		if !strings.Contains(page, text) {
			t.Errorf("%s is not in it", text)
		}
	}
	r := failing()
	const with = "clients           20.1s (03:04:25 UTC) producer-0 lost b2"
	var b bytes.Buffer
	if err := Text(&b, r); err != nil || !strings.Contains(b.String(), with) || strings.Contains(b.String(), "EOF") {
		t.Errorf("%v\n%s", err, b.String())
	}
	for i := range 5000 {
		at := 20*time.Second + time.Duration(i)*ms
		r.Clients.Events = append(r.Clients.Events, report.ClientMoment{At: at, Client: "producer-1", Kind: "lost", Node: "b2", Times: 1, Last: at})
	}
	page = pageOf(t, r)
	if n := strings.Count(page, "<td>client</td>"); n == 0 || n >= mostEvents || !strings.Contains(page, "death effective") || !strings.Contains(page, "more, in events.ndjson") {
		t.Errorf("%d events of clients, and those of the fault: %t", n, strings.Contains(page, "death effective"))
	}
}

// What cannot be written is told.
func TestHTMLThatCannotBeWritten(t *testing.T) {
	if err := HTML(&full{3}, failing()); err == nil {
		t.Error("no error")
	}
}
