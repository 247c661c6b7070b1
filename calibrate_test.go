package squall_test

import (
	"context"
	"strings"
	"testing"

	"github.com/seed-228c25e4/squall"
	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/kafka"
	"github.com/seed-228c25e4/squall/embedded"
	"github.com/seed-228c25e4/squall/report"
)

// calibrate calibrates a scenario on a broker that forgets.
func calibrate(t *testing.T, ctx context.Context, text string) (*report.Calibration, error) {
	t.Helper()
	s := read(t, text)
	cluster, err := embedded.Null()
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close(context.Background())
	clock := broker.NewClock()
	driver, err := kafka.New(cluster, s.Settings(), clock, run)
	if err != nil {
		t.Fatal(err)
	}
	defer driver.Close()
	return squall.Calibrate(ctx, s, squall.Testbed{Cluster: cluster, Driver: driver, Clock: clock})
}

// What the generator can send is found before a run; a target that is near to it is told as such.
func TestCalibrate(t *testing.T) {
	beyond := strings.Replace(quietly, "rate: 600/s", "rate: { ramp: { from: 100/s, to: 1000000k/s, over: 2s } }", 1)
	for name, c := range map[string]struct {
		text   string
		target float64
		near   bool
	}{"small": {quietly, 600, false}, "beyond every machine": {beyond, 1e9, true}} {
		t.Run(name, func(t *testing.T) {
			got, err := calibrate(t, t.Context(), c.text)
			if err != nil {
				t.Fatal(err)
			}
			if got.Target != c.target || got.Ceiling < 5000 || got.Share() > 0.5 != c.near || strings.Contains(got.String(), "too near") != c.near {
				t.Errorf("%+v: %s", got, got)
			}
		})
	}
}

// Calibration that is stopped says so, and leaves nothing behind.
func TestCalibrateStopped(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(squall.Stopped{By: "Ctrl-C"})
	if got, err := calibrate(t, ctx, quietly); got != nil || err == nil {
		t.Errorf("%v, %v", got, err)
	}
}
