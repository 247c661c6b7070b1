package testcontainers

import (
	"cmp"
	"context"
	"os"
	"sync"
	"time"

	"github.com/moby/moby/client"
	tc "github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/log"
)

// An EnvironmentError says that this machine lacks something: no scenario was tried.
type EnvironmentError struct {
	Problem string // what is missing
	Help    string // what to do about it
	Err     error  // how it was noticed; may be nil
}

func (e *EnvironmentError) Error() string {
	text := e.Problem
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text + "; " + e.Help
}

// Unwrap returns how the problem was noticed.
func (e *EnvironmentError) Unwrap() error { return e.Err }

// An engine is a Docker engine that answers.
type engine struct {
	*client.Client
	reach
	arch string // of the engine, in Go's words
}

// answering is how long an engine may take for its first answer.
const answering = 5 * time.Second

// prepare quietens testcontainers-go, which writes to stderr, and does without its reaper: that is one more image to pull, and `squall clean` removes
// what dead runs left. Whoever has the reaper's image may ask for it.
var prepare = sync.OnceFunc(func() {
	log.SetDefault(log.NewNoopLogger())
	if _, asked := os.LookupEnv("TESTCONTAINERS_RYUK_DISABLED"); !asked {
		os.Setenv("TESTCONTAINERS_RYUK_DISABLED", "true")
	}
	imagePrefix()
	os.Setenv(hubPrefixName, noPrefix)
})

// ImagePrefix is the variable that says where a mirror of Docker Hub is, as in registry.example/mirror/: it stands before the names of images that name no
// registry. Where it is not set, testcontainers-go's own counts.
const ImagePrefix = "SQUALL_IMAGE_PREFIX"

// hubPrefixName is the variable by which testcontainers-go is told of a mirror of Docker Hub. It would put the mirror before every name, those of images
// that are made here as well. So squall does that, in mirrored, and gives testcontainers-go the prefix that changes nothing.
const hubPrefixName = "TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX"

// noPrefix is the prefix that changes nothing. A process that squall started finds it in its environment.
const noPrefix = "."

// imagePrefix is what the user has said in either, before prepare changes one.
var imagePrefix = sync.OnceValue(func() string {
	if p := cmp.Or(os.Getenv(ImagePrefix), os.Getenv(hubPrefixName)); p != noPrefix {
		return p
	}
	return ""
})

// connect finds the engine as testcontainers-go does. Whoever calls it closes the engine.
func connect(ctx context.Context) (*engine, error) {
	prepare()
	ctx, cancel := context.WithTimeout(ctx, answering)
	defer cancel()
	if err := asked(ctx); err != nil {
		return nil, noEngine(err)
	}
	cli, err := tc.NewDockerClientWithOpts(ctx)
	if err != nil {
		return nil, noEngine(err)
	}
	version, err := cli.ServerVersion(ctx, client.ServerVersionOptions{})
	if err != nil {
		cli.Close()
		return nil, noEngine(err)
	}
	e := &engine{Client: cli.Client, arch: version.Arch}
	if e.reach, err = e.reached(ctx, cli.DaemonHost()); err != nil {
		cli.Close()
		return nil, noEngine(err)
	}
	return e, nil
}

// asked tries the engine that DOCKER_HOST names, for testcontainers-go takes another in silence when that one does not answer.
func asked(ctx context.Context) error {
	if os.Getenv(client.EnvOverrideHost) == "" {
		return nil
	}
	cli, err := client.New(client.FromEnv)
	if err != nil {
		return err
	}
	defer cli.Close()
	_, err = cli.Ping(ctx, client.PingOptions{})
	return err
}

func noEngine(err error) error {
	return &EnvironmentError{
		Problem: "no Docker engine answers",
		Help:    "start Docker, or point DOCKER_HOST at an engine; without one, run: embedded runs scenarios that need no real broker",
		Err:     err,
	}
}
