package testcontainers

import (
	"debug/elf"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Owned is for external tests.
var Owned = owned

func TestServerProperties(t *testing.T) {
	s, err := kafkaSettings(3, map[string]string{"min.insync.replicas": "2", "offsets.topic.num.partitions": "9", "sasl.jaas.config": ` a\b`})
	if err != nil {
		t.Fatal(err)
	}
	got := serverProperties(2, 3, addresses{"127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"}, s)
	for _, want := range []string{
		"node.id=2",
		"controller.quorum.voters=1@node-1:19191,2@node-2:19192,3@node-3:19193",
		"listeners=PRODUCERS://127.0.0.1:29092,CONSUMERS://127.0.0.1:29093,OBSERVER://0.0.0.0:9094,DATA://0.0.0.0:19092,RAFT://0.0.0.0:19192",
		"advertised.listeners=PRODUCERS://127.0.0.1:1,CONSUMERS://127.0.0.1:2,OBSERVER://127.0.0.1:3,DATA://node-2:19092",
		"offsets.topic.replication.factor=3", "transaction.state.log.min.isr=2",
		"offsets.topic.num.partitions=9", "min.insync.replicas=2", // the scenario's
		`sasl.jaas.config=\ a\\b`,
	} {
		if !strings.Contains("\n"+got, "\n"+want+"\n") {
			t.Errorf("no line %q in\n%s", want, got)
		}
	}
	if s, _ := kafkaSettings(1, nil); s["offsets.topic.replication.factor"] != "1" || s["transaction.state.log.min.isr"] != "1" {
		t.Errorf("one node: %v", s)
	}
	for key, value := range map[string]string{"listeners": "x", "a b": "c", "": "x", "log.retention.ms": "1\nlisteners=x"} {
		if _, err := kafkaSettings(3, map[string]string{key: value}); err == nil {
			t.Errorf("%q: %q was taken", key, value)
		}
	}
}

func TestOptions(t *testing.T) {
	o := Options{Nodes: 3}
	if err := o.check(); err != nil || o.RunID == "" || o.Pull != PullMissing || o.memory() != 1536<<20 {
		t.Errorf("%+v, %v", o, err)
	}
	o.Heap = "2G"
	if o.memory() != 4608<<20 {
		t.Errorf("2G: %d", o.memory())
	}
	for _, wrong := range []Options{{}, {Nodes: 10}, {Nodes: 1, Kind: "pigeons"}, {Nodes: 1, RunID: "a b"}, {Nodes: 1, Heap: "lots"}, {Nodes: 1, Pull: "sometimes"}} {
		if err := wrong.check(); err == nil {
			t.Errorf("%+v was taken", wrong)
		}
	}
}

// The engine that is asked for is taken, or none.
func TestNoEngine(t *testing.T) {
	t.Setenv("DOCKER_HOST", "unix:///nobody/listens.sock")
	_, err := Start(t.Context(), Options{Nodes: 1})
	var lacking *EnvironmentError
	if !errors.As(err, &lacking) || lacking.Problem != "no Docker engine answers" {
		t.Errorf("%v", err)
	}
	if _, err := Clean(t.Context(), false); !errors.As(err, &lacking) {
		t.Errorf("clean: %v", err)
	}
}

func TestOwner(t *testing.T) {
	here := self()
	if here == (owner{}) {
		t.Skip("this system does not tell who a process is")
	}
	if parseOwner(here.String()) != here {
		t.Errorf("%q is read as %+v", here, parseOwner(here.String()))
	}
	if alive, known := here.alive(here); !alive || !known {
		t.Error("this process is dead")
	}
	other := here
	other.started = "1"
	if alive, known := other.alive(here); alive || !known {
		t.Error("a process whose number was used again is alive")
	}
	other = here
	other.world = "elsewhere pid:[1]"
	if _, known := other.alive(here); known {
		t.Error("a process of another machine is known")
	}
	cmd := exec.Command("true")
	if err := cmd.Start(); err != nil {
		t.Skip(err)
	}
	dead := owner{here.world, cmd.Process.Pid, "0"}
	dead.started, _ = startOf(dead.pid)
	_ = cmd.Wait()
	if alive, known := dead.alive(here); alive || !known {
		t.Error("a process that ended is alive")
	}
}

func TestRunsAlone(t *testing.T) {
	if err := runsAlone([]byte("#!/bin/sh\n"), "amd64"); err == nil || !strings.Contains(err.Error(), "no program for Linux") {
		t.Errorf("a script: %v", err)
	}
	sh, err := os.ReadFile("/bin/sh")
	if err != nil {
		t.Skip(err)
	}
	f, err := elf.Open("/bin/sh")
	if err != nil {
		t.Skip(err)
	}
	defer f.Close()
	for arch, machine := range machines {
		err := runsAlone(sh, arch)
		switch {
		case machine != f.Machine && (err == nil || !strings.Contains(err.Error(), "it was built for")):
			t.Errorf("%s: %v", arch, err)
		case machine == f.Machine && err == nil:
			t.Logf("/bin/sh is static on %s", arch)
		}
	}
}
