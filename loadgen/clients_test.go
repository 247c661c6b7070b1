package loadgen

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

type empty struct{ aborted int }

func (*empty) Receive(ctx context.Context, into []broker.Delivery) ([]broker.Delivery, error) {
	<-ctx.Done()
	return into[:0], ctx.Err()
}
func (e *empty) Abort()                    { e.aborted++ }
func (*empty) Close(context.Context) error { return nil }

type blank struct{}

func (blank) Delivered([]broker.Delivery) {}

// Who is crashed right after having been resumed is there to be crashed, however soon; who is down already, or has not begun, is not.
func TestCrashAfterResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var made []*empty
		r := NewReceiver(Options{Partitions: 1, Phases: NewPhases(report.Phase{})}, 0, func() ReceivePage { return blank{} })
		c := NewConsuming("consumer-0", r, func(context.Context) (broker.Consumer, error) {
			made = append(made, &empty{})
			return made[len(made)-1], nil
		})
		if c.Crash(t.Context()) == nil {
			t.Error("crashed before it began")
		}
		ctx, end := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- c.Run(ctx) }()
		synctest.Wait()
		for range 5 {
			if err := c.Crash(t.Context()); err != nil {
				t.Fatal(err)
			}
			if c.Crash(t.Context()) == nil {
				t.Error("crashed though it is down")
			}
			if err := c.Resume(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		end()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		for i, m := range made {
			if want := min(1, 5-i); m.aborted != want {
				t.Errorf("incarnation %d of %d was aborted %d times, want %d", i, len(made), m.aborted, want)
			}
		}
		if len(made) != 6 {
			t.Errorf("%d incarnations", len(made))
		}
	})
}
