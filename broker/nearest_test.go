package broker_test

import (
	"testing"

	"github.com/seed-228c25e4/squall/broker"
)

func TestNearest(t *testing.T) {
	there := []string{"jetstream.sync_interval", "max_payload", "vm_memory_high_watermark.absolute", "x-delivery-limit", "x-max-length", "x-max-length-bytes"}
	for name, want := range map[string]string{
		"sync_interval": "jetstream.sync_interval", "vm_memory_high_watermark": "vm_memory_high_watermark.absolute", "max-payload": "max_payload",
		"delivery-limit": "x-delivery-limit", "x-max-lenght": "x-max-length", "colour": "", "": "",
	} {
		if got := broker.Nearest(name, there); got != want {
			t.Errorf("%q is taken for %q, want %q", name, got, want)
		}
	}
}
