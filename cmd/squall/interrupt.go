package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"

	"github.com/seed-228c25e4/squall"
	"github.com/seed-228c25e4/squall/report"
)

// interrupts returns a context that ends with a squall.Stopped when the user or the machine asks for it, and what asks for it as Ctrl-C does. Ctrl-C on a
// terminal ends the plan in good order; without a terminal there are only seconds left, as when a CI job is cancelled. A second signal, or to be asked a second
// time, ends the process at once: what it leaves behind is for `squall clean`. The two are counted apart: who asks once, and does not know of a signal, wants good order.
func interrupts(parent context.Context, p *plain) (ctx context.Context, ask, release func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signal.Ignore(syscall.SIGPIPE) // whoever reads the progress may stop reading; the run goes on
	signals, asked := make(chan os.Signal, 2), make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	done := make(chan struct{})
	go func() {
		var received, wanted int
		for {
			var s os.Signal
			select {
			case <-done:
				return
			case s = <-signals:
				received++
			case s = <-asked:
				wanted++
			}
			stopped := stoppedBy(s, term.IsTerminal(int(os.Stdin.Fd())) && os.Getenv("CI") == "")
			if max(received, wanted) > 1 {
				p.restore()
				p.step("ended at once: `squall clean` removes what is left of the run's cluster")
				os.Exit(int(stopped.Code))
			}
			p.wipe()
			p.step("stopping: %s; once more ends it at once, and leaves the rest to `squall clean`", stopped.By)
			cancel(stopped)
		}
	}()
	ask = func() {
		select {
		case asked <- os.Interrupt:
		default: // two wait already
		}
	}
	return ctx, ask, func() { signal.Stop(signals); close(done); cancel(nil) }
}

func stoppedBy(s os.Signal, terminal bool) squall.Stopped {
	if s == os.Interrupt {
		return squall.Stopped{By: "Ctrl-C", Code: report.ExitInterrupted, Quick: !terminal}
	}
	return squall.Stopped{By: s.String(), Code: report.ExitTerminated, Quick: !terminal}
}
