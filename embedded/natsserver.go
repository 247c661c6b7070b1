package embedded

import (
	"fmt"
	"io"
	"os"

	"github.com/nats-io/nats-server/v2/server"
)

// ServeNATS is what a node of NATS runs: one NATS server with this configuration file, in a process of its own. It ends when the server does, and the
// whole process ends when alive does: whoever started it holds the other end, and is gone.
func ServeNATS(config string, alive io.Reader) error {
	go func() {
		_, _ = io.Copy(io.Discard, alive)
		os.Exit(1)
	}()
	o, err := natsOptions(config)
	if err != nil {
		return err
	}
	s, err := server.NewServer(o)
	if err != nil {
		return fmt.Errorf("make the NATS server: %w", err)
	}
	s.ConfigureLogger()
	s.Start()
	s.WaitForShutdown()
	return nil
}

// natsOptions reads a configuration file as the server itself does.
func natsOptions(config string) (*server.Options, error) {
	o, err := server.ProcessConfigFile(config)
	if err != nil {
		return nil, fmt.Errorf("configuration of the NATS server: %w", err)
	}
	return o, nil
}

// natsVersion is the version of the server that is built in.
const natsVersion = server.VERSION
