package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"squall": func() { os.Exit(int(Main(os.Args[1:], os.Stdout, os.Stderr))) },
		"squall-that-panics": func() {
			panicWhenTold()
			os.Exit(int(Main(os.Args[1:], os.Stdout, os.Stderr)))
		},
		"node": actOnNode,
	})
}

// panicWhenTold has a goroutine of this process panic, with nobody to recover it, when the process gets a signal that means nothing to squall.
func panicWhenTold() {
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGUSR1)
	go func() {
		<-told
		panic("planted")
	}()
}

// The scripts run the command as a user does. Beside testscript's own commands they have those below.
func TestScripts(t *testing.T) { runScripts(t, filepath.Join("testdata", "script")) }

// Runs that are held against one another want a machine that does nothing else, other scripts among it.
func TestScriptsAlone(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "alone", "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run("", func(t *testing.T) { runScripts(t, "", file) })
	}
}

func runScripts(t *testing.T, dir string, files ...string) {
	testscript.Run(t, testscript.Params{
		Dir:                 dir,
		Files:               files,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("DOCKER_HOST", "tcp://127.0.0.1:1") // nobody answers there: no script reaches an engine
			env.Setenv("GORACE", "atexit_sleep_ms=0")      // else the race detector lets every good end wait for a second
			env.Values[signalledKey{}] = new([]*exec.Cmd)
			env.Values[clusterKey{}] = new(broker.Cluster)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":  exits,
			"until":  until,
			"signal": signalAll,
			"ended":  ended,
			"sorted": isSorted,
			"report": isReport,
			"events": areEvents,
			"mode":   hasMode,

			"nowhere": isNowhere,
			"cluster": runCluster,
			"vacant":  isVacant,
			"revive":  revive,
		},
	})
}

type signalledKey struct{}

// tooBusy is what squall says of a run that cannot be judged because the machine had too little left for it.
var tooBusy = regexp.MustCompile(`the generator missed its own (schedule|rate)|squall itself was at its limit`)

// disturbed is what squall says of a run that others are not to be held against, because the machine did something else all the while.
var disturbed = regexp.MustCompile(`no figure of it can be used: the host was disturbed`)

// exits CODE COMMAND...: the command ends with this code. A run that could not be judged because the machine was too busy to send in time is tried
// again, and so is one that was disturbed all the while.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) > 1, "exits CODE COMMAND...")
	var code int
	ts.Check(parse(args[0], &code))
	for tries := 3; ; tries-- {
		got := execute(ts, args[1:])
		again := disturbed.MatchString(ts.ReadFile("stdout") + ts.ReadFile("stderr"))
		if got == code && (!again || tries == 1) {
			return
		}
		if tries == 1 || !again && !tooBusy.MatchString(ts.ReadFile("stdout")) {
			ts.Fatalf("exit code %d, want %d", got, code)
		}
		if i := slices.Index(args, "--out"); i > 0 {
			ts.Check(os.RemoveAll(ts.MkAbs(args[i+1])))
		}
	}
}

func execute(ts *testscript.TestScript, args []string) int {
	var exit *exec.ExitError
	err := ts.Exec(args[0], args[1:]...)
	if err != nil && !errors.As(err, &exit) {
		ts.Fatalf("%v", err)
	}
	if exit == nil {
		return 0
	}
	return exit.ExitCode()
}

// until PATTERN FILE: waits until the file, which a command in the background writes, matches.
func until(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) == 2, "until PATTERN FILE")
	pattern, err := regexp.Compile(args[0])
	ts.Check(err)
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if data, err := os.ReadFile(ts.MkAbs(args[1])); err == nil && pattern.Match(data) {
			return
		}
	}
	ts.Fatalf("%s did not match %q in time", args[1], args[0])
}

// signal INT|TERM|HUP|KILL: sends the signal to what runs in the background; `ended` tells later how that ended.
func signalAll(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]os.Signal{"INT": os.Interrupt, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP, "KILL": os.Kill}
	usage(ts, neg, len(args) == 1 && signals[args[0]] != nil, "signal INT|TERM|HUP|KILL")
	sent := ts.Value(signalledKey{}).(*[]*exec.Cmd)
	*sent = ts.BackgroundCmds()
	for _, c := range *sent {
		ts.Check(c.Process.Signal(signals[args[0]]))
	}
}

// ended CODE: after `wait`, what was signalled ended with this code.
func ended(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) == 1, "ended CODE")
	var code int
	ts.Check(parse(args[0], &code))
	sent := *ts.Value(signalledKey{}).(*[]*exec.Cmd)
	if len(sent) == 0 {
		ts.Fatalf("nothing was signalled")
	}
	for _, c := range sent {
		if c.ProcessState == nil || c.ProcessState.ExitCode() != code {
			ts.Fatalf("%v, want exit code %d", c.ProcessState, code)
		}
	}
}

// sorted [FILE]: the file has lines, and they are in order.
func isSorted(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) == 1, "sorted FILE")
	lines := strings.Split(strings.TrimSuffix(ts.ReadFile(args[0]), "\n"), "\n")
	if lines[0] == "" || !slices.IsSorted(lines) {
		ts.Fatalf("empty or not sorted:\n%s", strings.Join(lines, "\n"))
	}
}

// report FILE OUTCOME CODE: the file is exactly one report, whose verdict says so and whose messages were sent.
func isReport(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) == 3, "report FILE OUTCOME CODE")
	var r report.Report
	d := json.NewDecoder(strings.NewReader(ts.ReadFile(args[0])))
	d.DisallowUnknownFields()
	ts.Check(d.Decode(&r))
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		ts.Fatalf("%s holds more than one document", args[0])
	}
	ts.Check(holdsAgainst(report.Schema, ts.ReadFile(args[0])))
	if got := fmt.Sprintf("%s %d", r.Verdict.Outcome, r.Verdict.ExitCode); got != args[1]+" "+args[2] {
		ts.Fatalf("the verdict is %s, want %s %s: %s", got, args[1], args[2], r.Verdict.Sentence)
	}
	if r.Schema != report.SchemaVersion || r.Run.ID == "" || r.Safety.Sent == 0 {
		ts.Fatalf("schema %d, run %q, %d messages sent", r.Schema, r.Run.ID, r.Safety.Sent)
	}
}

// events FILE: the file holds a run's events, a line each, in order, from the first to the verdict.
func areEvents(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) == 1, "events FILE")
	data := ts.ReadFile(args[0])
	if !strings.HasSuffix(data, "\n") {
		ts.Fatalf("the last line is not whole")
	}
	var all []report.Event
	for line := range strings.Lines(data) {
		var e report.Event
		d := json.NewDecoder(bytes.NewReader([]byte(line)))
		d.DisallowUnknownFields()
		ts.Check(d.Decode(&e))
		all = append(all, e)
	}
	if all[0].Type != report.EventRun || all[len(all)-1].Type != report.EventVerdict {
		ts.Fatalf("from %s to %s", all[0].Type, all[len(all)-1].Type)
	}
	if !slices.ContainsFunc(all, func(e report.Event) bool { return e.Type == report.EventWindow }) {
		ts.Fatalf("no windows")
	}
}

// mode PERMISSIONS FILE...: who may do what with the files.
func hasMode(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) > 1, "mode PERMISSIONS FILE...")
	for _, name := range args[1:] {
		info, err := os.Stat(ts.MkAbs(name))
		ts.Check(err)
		if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != args[0] {
			ts.Fatalf("%s has mode %s, want %s", name, got, args[0])
		}
	}
}

// nowhere TEXT FOLDER: none of the folder's files, of which there are some, has the text in it, packed or not.
func isNowhere(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) == 2, "nowhere TEXT FOLDER")
	read := 0
	ts.Check(filepath.WalkDir(ts.MkAbs(args[1]), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		read++
		data, err := os.ReadFile(path)
		ts.Check(err)
		if strings.HasSuffix(path, ".gz") {
			unpacked, err := gzip.NewReader(bytes.NewReader(data))
			ts.Check(err)
			data, err = io.ReadAll(unpacked)
			ts.Check(err)
		}
		if at := bytes.Index(data, []byte(args[0])); at >= 0 {
			ts.Fatalf("%s is in %s: %q", args[0], path, data[max(0, at-80):min(len(data), at+80)])
		}
		return nil
	}))
	if read == 0 {
		ts.Fatalf("%s is empty", args[1])
	}
}

func usage(ts *testscript.TestScript, neg, ok bool, text string) {
	if neg || !ok {
		ts.Fatalf("usage: %s", text)
	}
}

func parse(s string, n *int) (err error) {
	*n, err = strconv.Atoi(s)
	return err
}
