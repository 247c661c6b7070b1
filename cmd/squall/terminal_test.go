package main_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// soon is how long a test waits for what a terminal shows at once, on a machine that may have much else to do.
const soon = 30 * time.Second

// A terminal is one of tmux, on a server of its own.
type terminal struct {
	t      *testing.T
	server string
}

// openTerminal opens a terminal in which a shell's commands run. Without tmux the test is skipped aloud, and fails where everything is required.
func openTerminal(t *testing.T, columns, lines int, script string) *terminal {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		if os.Getenv("SQUALL_REQUIRE_DOCKER") == "1" {
			t.Fatalf("there is no tmux: %v", err)
		}
		t.Skip("NOT TESTED: there is no tmux")
	}
	term := &terminal{t, fmt.Sprintf("squall-test-%d", os.Getpid())}
	t.Cleanup(func() { _ = exec.Command("tmux", "-L", term.server, "kill-server").Run() })
	term.tmux("-f", "/dev/null", "new-session", "-d", "-x", fmt.Sprint(columns), "-y", fmt.Sprint(lines), "env -u CI TERM=screen-256color sh -c '"+script+"; sleep 600'")
	term.tmux("set-option", "-s", "escape-time", "0")
	return term
}

func (term *terminal) tmux(args ...string) string {
	term.t.Helper()
	out, err := exec.Command("tmux", append([]string{"-L", term.server}, args...)...).CombinedOutput()
	if err != nil {
		term.t.Fatalf("tmux %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// screen returns what the terminal shows.
func (term *terminal) screen() string { return term.tmux("capture-pane", "-p") }

// press presses keys, as tmux calls them, one after the other.
func (term *terminal) press(keys ...string) {
	term.t.Helper()
	for _, k := range keys {
		term.tmux("send-keys", "-t", "0", k)
		time.Sleep(100 * time.Millisecond)
	}
}

// until waits until the terminal shows all of some texts, and returns what it shows then.
func (term *terminal) until(within time.Duration, texts ...string) string {
	term.t.Helper()
	for end := time.Now().Add(within); ; time.Sleep(50 * time.Millisecond) {
		screen := term.screen()
		missing := slices.IndexFunc(texts, func(text string) bool { return !strings.Contains(screen, text) })
		switch {
		case missing < 0:
			return screen
		case time.Now().After(end):
			term.t.Fatalf("after %v there is no %q:\n%s", within, texts[missing], screen)
		}
	}
}

// A run is looked at, broken by hand, saved and stopped on a terminal, which is afterwards as it was; what was saved does the same again.
func TestTerminal(t *testing.T) {
	squall, dir := executable(t), t.TempDir()
	term := openTerminal(t, 120, 36, fmt.Sprintf("cd %s; stty -a > before; %s run quickstart --out out --set phases.baseline=40s; echo ended $?; stty -a > after", dir, squall))
	term.until(soon, "BASELINE", "Brokers", "LOST", "lost == 0", "Partitions")
	for _, view := range [][]string{{"2", "By phase", "warm-up"}, {"3", "in sync", "controller"}, {"4", "leader-kill", "planned"}, {"5", "Log", "ready: "}, {"?", "Keys", "break something now"}} {
		term.press(view[0])
		term.until(soon, view[1:]...)
	}
	term.press("Escape", "1")
	breakByHand(term)
	freeze(term)
	term.tmux("resize-window", "-x", "80", "-y", "24")
	small := term.until(soon, "squall  quickstart", "expect", "Partitions")
	if lines := strings.Split(strings.TrimRight(small, "\n"), "\n"); len(lines) != 24 {
		t.Errorf("%d lines on 24:\n%s", len(lines), small)
	}
	term.press("s")
	term.until(soon, "by-hand.yaml")
	term.press("q")
	term.until(soon, "ended 130")
	checkAfterwards(t, term, dir)
	runSaved(t, squall, filepath.Join(dir, "out", "by-hand.yaml"))
}

// breakByHand kills a broker with the dialog.
func breakByHand(term *terminal) {
	term.press("f")
	term.until(soon, "kill")
	term.press("k", "i", "l", "l", "Enter")
	term.until(soon, "leader")
	term.press("Enter")
	term.until(soon, "10s")
	term.press("Enter")
	term.until(soon, "{ kill: ")
	term.press("Enter")
	term.until(soon, "by-hand-1", "killed")
}

// freeze freezes the view, which then stays as it is.
func freeze(term *terminal) {
	term.press("space")
	before := term.until(soon, "FROZEN")
	for drawn := term.screen(); drawn != before; drawn = term.screen() { // it was looked at while it was being drawn
		before = drawn
		time.Sleep(100 * time.Millisecond)
	}
	time.Sleep(1500 * time.Millisecond)
	if after := term.screen(); after != before {
		term.t.Errorf("frozen, it changed from\n%s\nto\n%s", before, after)
	}
	term.press("space")
}

// checkAfterwards looks at what the run left: the terminal as it was, the summary on it, and a report that says what was done by hand.
func checkAfterwards(t *testing.T, term *terminal, dir string) {
	t.Helper()
	term.isAsBefore(dir)
	if told := term.tmux("capture-pane", "-p", "-S", "-200"); !strings.Contains(told, "INCONCLUSIVE") || !strings.Contains(told, "touched by hand") {
		t.Errorf("the summary is not on the screen:\n%s", told)
	}
	data, err := os.ReadFile(filepath.Join(dir, "out", "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r report.Report
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Run.Touched) == 0 || !slices.ContainsFunc(r.Faults, func(f report.Fault) bool { return f.Name == "by-hand-1" && f.Took() && f.Healed >= 0 }) {
		t.Errorf("touched: %+v, faults: %+v", r.Run.Touched, r.Faults)
	}
}

// isAsBefore compares the terminal's settings in the files before and after, and looks at its screen and cursor.
func (term *terminal) isAsBefore(dir string) {
	t := term.t
	t.Helper()
	before, err := os.ReadFile(filepath.Join(dir, "before"))
	if err != nil {
		t.Fatal(err)
	}
	var after []byte
	for end := time.Now().Add(soon); len(after) == 0 && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		after, _ = os.ReadFile(filepath.Join(dir, "after"))
	}
	size := func(settings []byte) string { // which was changed meanwhile
		_, rest, _ := strings.Cut(string(settings), "\n")
		return rest
	}
	if size(before) != size(after) {
		t.Errorf("the terminal was\n%s\nand is\n%s", before, after)
	}
	if mode := strings.TrimSpace(term.tmux("display-message", "-p", "#{alternate_on} #{cursor_flag}")); mode != "0 1" {
		t.Errorf("alternate screen and cursor are %q, want 0 1", mode)
	}
}

// runSaved runs what was saved: it is right as it is, and does by plan what was done by hand.
func runSaved(t *testing.T, squall, file string) {
	t.Helper()
	if out, err := exec.Command(squall, "validate", file).CombinedOutput(); err != nil {
		t.Fatalf("validate: %v\n%s", err, out)
	}
	p := start(t, squall, file)
	p.wait()
	if r := p.report(); r.Verdict.Outcome == report.Fail || !slices.ContainsFunc(r.Faults, func(f report.Fault) bool { return f.Kind == "kill" && strings.HasPrefix(f.Name, "by-hand") && f.Took() }) {
		t.Errorf("%s\n%+v", r.Verdict.Sentence, r.Faults)
	}
}
