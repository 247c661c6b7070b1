package testcontainers_test

import (
	"bufio"
	"context"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/client"

	"github.com/seed-228c25e4/squall/testcontainers"
)

// child is another process with a cluster, until it is killed.
func child(run string) {
	_, err := testcontainers.Start(context.Background(), testcontainers.Options{RunID: run, Nodes: 1, Sidecar: os.Getenv("SQUALL_EXECUTABLE")})
	if err != nil {
		os.Stdout.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
	os.Stdout.WriteString("ready\n")
	select {}
}

func spawn(t *testing.T, run string) (*exec.Cmd, io.Reader) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+run, "SQUALL_EXECUTABLE="+executable)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, out
}

// Clean removes the run of a process that was killed, and neither ours nor that of a process which runs.
func TestClean(t *testing.T) {
	c := start(t, testcontainers.Options{Nodes: 1, RunID: "alive"})
	cmd, out := spawn(t, "dead")
	if line, _ := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Errorf("the other run: %s", line)
	}
	done, err := testcontainers.Clean(t.Context(), false)
	if err != nil || slices.Contains(done.Runs, "dead") || !strings.Contains(done.Kept["dead"], "runs") {
		t.Errorf("while both run: %+v, %v", done, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed, as asked
	if n, _, _ := left(t, "dead"); n != 2 {
		t.Errorf("a killed process left %d containers, want 2", n)
	}
	done, err = testcontainers.Clean(t.Context(), false)
	if err != nil || !slices.Contains(done.Runs, "dead") || done.Containers < 2 || done.Networks < 1 {
		t.Errorf("after the kill: %+v, %v", done, err)
	}
	if containers, networks, volumes := left(t, "dead"); containers+networks+volumes > 0 {
		t.Errorf("left behind: %d containers, %d networks, %d volumes", containers, networks, volumes)
	}
	if n, _, _ := left(t, "alive"); n != 2 || done.Kept["alive"] == "" {
		t.Errorf("our own run has %d containers left: %+v", n, done)
	}
	topic(t, c, "orders")
}

// Who cannot see the process of a run asks the lease that its sidecars keep.
func TestLease(t *testing.T) {
	start(t, testcontainers.Options{Nodes: 1, RunID: "leased"})
	why, err := testcontainers.AliveElsewhere(t.Context(), "leased")
	if err != nil || !strings.HasPrefix(why, "it was heard of ") {
		t.Fatalf("alive because %q, %v", why, err)
	}
	if _, err := engine.ContainerPause(t.Context(), "squall-leased-b1-sidecar", client.ContainerPauseOptions{}); err != nil {
		t.Fatal(err)
	}
	if why, err := testcontainers.AliveElsewhere(t.Context(), "leased"); err != nil || !strings.Contains(why, "do not answer") {
		t.Errorf("sidecars that do not answer: alive because %q, %v", why, err)
	}
	if _, err := engine.ContainerUnpause(t.Context(), "squall-leased-b1-sidecar", client.ContainerUnpauseOptions{}); err != nil {
		t.Fatal(err)
	}
}

// Whenever a process is killed while it starts a cluster, Clean finds all of it. SQUALL_KILLS says how often.
func TestKilledWhileStarting(t *testing.T) {
	needDocker(t)
	for range kills(2) {
		cmd, _ := spawn(t, "aborted")
		time.Sleep(100*time.Millisecond + rand.N(2*time.Second))
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()              // killed, as asked
		time.Sleep(2 * time.Second) // the engine finishes what it was asked for last
		containers, networks, volumes := left(t, "aborted")
		if _, err := testcontainers.Clean(t.Context(), false); err != nil {
			t.Error(err)
		}
		t.Logf("%d containers, %d networks, %d volumes were left", containers, networks, volumes)
		if containers, networks, volumes := left(t, "aborted"); containers+networks+volumes > 0 {
			t.Errorf("left behind by Clean: %d containers, %d networks, %d volumes", containers, networks, volumes)
		}
	}
}
