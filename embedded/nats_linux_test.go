package embedded_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/embedded"
)

// lonelyParent is the process of the test below: it starts a cluster with one node paused, says so, and ends in a way that nobody has prepared for.
func lonelyParent(how string) {
	c, err := embedded.NATS(context.Background(), embedded.NATSOptions{})
	if err == nil {
		err = c.Nodes()[1].Pause(context.Background())
	}
	fmt.Println("started", err)
	if how == "panic" {
		_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
		go panic("planted")
	}
	select {}
}

// No node outlives the process that started it, however that ends; not even a node that stands still and cannot notice.
func TestNATSNodesDieWithTheirParent(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	for _, how := range []string{"kill", "panic"} {
		t.Run(how, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "nats-parent", how)
			cmd.Stderr = nil
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			line, err := bufio.NewReader(out).ReadString('\n')
			if err != nil || line != "started <nil>\n" {
				t.Fatalf("the parent says %q, %v", line, err)
			}
			nodes := childrenOf(t, cmd.Process.Pid)
			if len(nodes) != 3 {
				t.Fatalf("the parent has the children %v, not three", nodes)
			}
			if how == "kill" {
				err = cmd.Process.Kill()
			} else {
				_, err = in.Write([]byte("now\n"))
			}
			if err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait()
			within(t, 10*time.Second, "every node is gone", func() bool { return len(alive(nodes)) == 0 })
		})
	}
	// What they left on disk goes with the next cluster.
	c := natsCluster(t, embedded.NATSOptions{Nodes: 1})
	if err := c.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "squall-nats-*")); len(left) > 0 {
		t.Errorf("folders are left: %v", left)
	}
}

// stat returns the fields of a process behind its name; nil: it is gone, or waits for its parent to notice.
func stat(pid string) [][]byte {
	data, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return nil
	}
	fields := bytes.Fields(data[bytes.LastIndexByte(data, ')')+1:])
	if fields[0][0] == 'Z' {
		return nil
	}
	return fields
}

func childrenOf(t *testing.T, parent int) (pids []string) {
	t.Helper()
	all, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		if strings.Trim(p.Name(), "0123456789") != "" {
			continue
		}
		if s := stat(p.Name()); s != nil && string(s[1]) == strconv.Itoa(parent) {
			pids = append(pids, p.Name())
		}
	}
	return pids
}

func alive(pids []string) (living []string) {
	for _, pid := range pids {
		if stat(pid) != nil {
			living = append(living, pid)
		}
	}
	return living
}
