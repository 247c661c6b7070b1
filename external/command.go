package external

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

const (
	// commandWithin bounds one command; afterWithin is how long what it started may keep its output open once it is told to end.
	commandWithin = 30 * time.Second
	afterWithin   = time.Second
	// mostOutput is how much of what a command wrote is told, in bytes from its end.
	mostOutput = 1000
)

// errRefused is of a command that ended by itself, and not well.
var errRefused = errors.New("the command failed")

// run runs an argument list as it is: no shell reads it, and nothing is in its standard input. What it wrote is told only in an error.
func run(ctx context.Context, argv []string) error {
	ctx, cancel := context.WithTimeout(ctx, commandWithin)
	defer cancel()
	var out tail
	c := exec.CommandContext(ctx, argv[0], argv[1:]...)
	c.Stdout, c.Stderr, c.WaitDelay = &out, &out, afterWithin
	err := c.Run()
	var exited *exec.ExitError
	line := strings.Join(argv, " ")
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("%s: it was ended before it was done, and what became of it is not known: %w%s", line, ctx.Err(), out.told())
	case errors.As(err, &exited):
		return fmt.Errorf("%s: %w: %w%s", line, errRefused, err, out.told())
	}
	return fmt.Errorf("%s: %w", line, err)
}

// there looks for a command's program.
func there(argv []string) error {
	if len(argv) == 0 {
		return errors.New("the command is empty")
	}
	_, err := exec.LookPath(argv[0])
	return err
}

// A tail keeps the end of what is written to it.
type tail struct{ buf bytes.Buffer }

func (t *tail) Write(b []byte) (int, error) {
	t.buf.Write(b)
	if over := t.buf.Len() - mostOutput; over > 0 {
		t.buf.Next(over)
	}
	return len(b), nil
}

// told is what was written, as the end of a sentence.
func (t *tail) told() string {
	text := strings.Join(strings.Fields(strings.ToValidUTF8(t.buf.String(), "?")), " ")
	if text == "" {
		return ""
	}
	return ": it wrote: " + text
}
