package tui

import (
	"bytes"
	"context"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// A screen is a terminal's output.
type screen struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all.String()
}

// shownUntil waits until the screen has shown a text.
func (s *screen) shownUntil(t *testing.T, text string) {
	t.Helper()
	for range 500 {
		if strings.Contains(s.String(), text) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%q was never shown: %q", text, s.String())
}

const (
	alternate = "\x1b[?1049h"
	normal    = "\x1b[?1049l"
)

// start runs the view in a terminal of 120 by 36.
func start(b *Board, o Options, keys io.Reader) (*screen, <-chan error) {
	s, done := &screen{}, make(chan error, 1)
	o.In, o.Out, o.size = keys, s, [2]int{120, 36}
	go func() { done <- Run(context.Background(), b, o) }()
	return s, done
}

func ended(t *testing.T, done <-chan error) error {
	t.Helper()
	select {
	case err := <-done:
		return err
	case <-time.After(10 * time.Second):
		t.Fatal("the view does not end")
		return nil
	}
}

func restored(t *testing.T, s *screen) {
	t.Helper()
	if all := s.String(); strings.Count(all, alternate) != 1 || strings.Count(all, normal) != 1 || strings.LastIndex(all, normal) < strings.LastIndex(all, alternate) {
		t.Errorf("the terminal is not as it was before: %q", all[max(0, len(all)-300):])
	}
}

func TestViewEndsWithTheRun(t *testing.T) {
	h := newHistory().baseline()
	keys, _ := io.Pipe()
	s, done := start(h.Board, Options{}, keys)
	s.shownUntil(t, "BASELINE")
	h.settle(0, true).verdict(report.Pass, "pass: well.")
	if err := ended(t, done); err != nil {
		t.Error(err)
	}
	restored(t, s)
}

func TestUserLeaves(t *testing.T) {
	h := newHistory().baseline().settle(0, true).verdict(report.Pass, "pass: well.")
	keys, typed := io.Pipe()
	s, done := start(h.Board, Options{Stay: true}, keys)
	s.shownUntil(t, "PASS")
	_, _ = typed.Write([]byte("q"))
	if err := ended(t, done); err != nil {
		t.Error(err)
	}
	restored(t, s)
}

// A view that panics gives the terminal back, and is an error that the run outlives.
func TestPanicGivesTheTerminalBack(t *testing.T) {
	for name, provoke := range map[string]func(*history, *Options) string{
		"while it draws": func(_ *history, o *Options) string {
			looks := 0
			o.Clock = func() time.Duration {
				if looks++; looks > 3 {
					panic("no such clock")
				}
				return 0
			}
			return ""
		},
		"while it asks": func(h *history, _ *Options) string {
			h.Control(report.Controls{Save: func() (string, error) { panic("no such clock") }})
			return "s"
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHistory().baseline()
			var o Options
			key := provoke(h, &o)
			keys, typed := io.Pipe()
			s, done := start(h.Board, o, keys)
			s.shownUntil(t, alternate)
			_, _ = typed.Write([]byte(key))
			if err := ended(t, done); err == nil || !strings.Contains(err.Error(), "the view panicked: no such clock") {
				t.Errorf("%v", err)
			}
			restored(t, s)
			h.run(3) // goes on
		})
	}
}

func TestWithoutColours(t *testing.T) {
	h := newHistory().baseline().kill().run(3)
	keys, _ := io.Pipe()
	s, done := start(h.Board, Options{NoColor: true}, keys)
	s.shownUntil(t, "killed")
	h.settle(0, true).verdict(report.Pass, "pass: well.")
	if err := ended(t, done); err != nil {
		t.Error(err)
	}
	for _, colour := range []string{"38;2;", "38;5;", "\x1b[31m", "\x1b[32m"} {
		if strings.Contains(s.String(), colour) {
			t.Errorf("%q", colour)
		}
	}
}
