package testcontainers

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/pkg/authconfig"
	"github.com/moby/moby/client"
	tc "github.com/testcontainers/testcontainers-go"

	"github.com/seed-228c25e4/squall/broker"
)

// When an image may be pulled.
const (
	PullMissing = "missing" // when it is not here: the default
	PullNever   = "never"
	PullAlways  = "always"
)

// The images of brokers where the scenario names none, and what is built by images/ where no registry is reachable.
const (
	kafkaImage       = "apache/kafka:4.3.1"
	kafkaLocalImage  = "squall/kafka:4.3.1"
	natsImage        = "nats:2.15.2"
	natsLocalImage   = "squall/nats:2.15.2"
	rabbitImage      = "rabbitmq:4.0.5"
	rabbitLocalImage = "squall/rabbitmq:4.0.5"
)

// natsRepo are servers of any version, each built from its Go module.
const natsRepo = "squall/nats:"

// How long a registry may take for its first word: less where there is something else to run.
const (
	firstWord      = 15 * time.Second
	firstWordLocal = 4 * time.Second
	betweenWords   = time.Minute
)

// wanted is the image that a broker shall run.
type wanted struct {
	name  string // what the scenario names; empty: none
	usual string // what is taken then
	local string // what may stand in for the usual one
	pull  string
}

// unpullable remembers pulls that failed, so that the runs of one suite do not wait for the same registry again and again.
var unpullable sync.Map

// resolve finds the image, pulls it where that is wanted, and falls back on the local build only where the scenario names no image.
func (e *engine) resolve(ctx context.Context, w wanted) (broker.Image, error) {
	name := w.name
	if name == "" {
		name = w.usual
	}
	found := broker.Image{Role: "broker", Name: name}
	if why := misnamed(name); why != "" {
		return found, &EnvironmentError{Problem: fmt.Sprintf("there can be no image %q", name), Help: why}
	}
	digest, err := e.digest(ctx, name)
	if err != nil {
		return found, err
	}
	if digest != "" && w.pull != PullAlways {
		found.Digest = digest
		return found, nil
	}
	local := broker.Image{Role: "broker", Name: w.local}
	if w.name == "" && w.pull != PullAlways {
		if local.Digest, err = e.digest(ctx, w.local); err != nil {
			return found, err
		}
	}
	why := errors.New("pulling is switched off")
	if w.pull != PullNever {
		if why = e.pull(ctx, name, local.Digest != ""); why == nil {
			found.Digest, err = e.digest(ctx, name)
			return found, err
		}
	}
	if ctx.Err() != nil {
		return found, ctx.Err()
	}
	if local.Digest != "" {
		local.Note = fmt.Sprintf("stands in for %s, which is not here and could not be pulled", name)
		return local, nil
	}
	return found, missing(why, name, w.local)
}

// mirrored is the name under which a mirror of Docker Hub has an image. One that names its registry, and what is built here, is looked for nowhere else.
func mirrored(prefix, image string) string {
	image = strings.TrimPrefix(image, "docker.io/")
	first, _, named := strings.Cut(image, "/")
	registry := named && (strings.ContainsAny(first, ".:") || first == "localhost")
	if prefix == "" || registry || strings.HasPrefix(image, "squall/") {
		return image
	}
	return strings.TrimSuffix(prefix, "/") + "/" + image
}

// imageName is what names of images look like: [HOST[:PORT]/]NAME[:TAG][@DIGEST].
var imageName = regexp.MustCompile(`^(([a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)*|\[[0-9a-fA-F:]+\])(:[0-9]+)?/)?` +
	`[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*(/[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*)*(:[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127})?(@[a-zA-Z0-9+._-]+:[0-9a-fA-F]{32,})?$`)

// misnamed says why a name can be none of an image; empty: it can. No engine is asked, which would say so of itself, as of anything else that went wrong.
func misnamed(name string) string {
	switch {
	case imageName.MatchString(name):
		return ""
	case imagePrefix() != "" && strings.HasPrefix(name, strings.TrimSuffix(imagePrefix(), "/")):
		return "this is no name of an image; the prefix is the host of a registry, and perhaps a path, as in registry.example/mirror/"
	}
	return "this is no name of an image; write it as in registry.example:5000/apache/kafka:4.3.1, in small letters"
}

func missing(why error, name, local string) error {
	help := "docker pull it where a registry is reachable; `make images` builds " + local + ", which runs where the scenario names no image"
	if version, ok := strings.CutPrefix(name, natsRepo); ok && name != local {
		help = "`testcontainers/images/nats/build.sh " + version + "` in squall's repository builds it"
	}
	return &EnvironmentError{Problem: "missing image " + name, Help: help, Err: why}
}

// digest returns the id of an image that is here, and nothing for one that is not.
func (e *engine) digest(ctx context.Context, name string) (string, error) {
	i, err := e.ImageInspect(ctx, name)
	switch {
	case errdefs.IsNotFound(err):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("look for image %s: %w", name, err)
	}
	return i.ID, nil
}

// pull gets an image, as long as the registry goes on talking.
func (e *engine) pull(ctx context.Context, name string, hasLocal bool) error {
	if err, failed := unpullable.Load(name); failed {
		return err.(error)
	}
	patience := firstWord
	if hasLocal {
		patience = firstWordLocal
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silent := time.AfterFunc(patience, func() { cancel(errors.New("the registry does not answer")) })
	defer silent.Stop()
	err := e.pullMessages(ctx, name, func() { silent.Reset(betweenWords) })
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		unpullable.Store(name, err)
	}
	return err
}

func (e *engine) pullMessages(ctx context.Context, name string, heard func()) error {
	options := client.ImagePullOptions{}
	if _, auth, err := tc.DockerImageAuth(ctx, name); err == nil {
		options.RegistryAuth, _ = authconfig.Encode(auth) // without it, the registry says whether it minds
	}
	stream, err := e.ImagePull(ctx, name, options)
	if err != nil {
		return err
	}
	defer stream.Close()
	for message, err := range stream.JSONMessages(ctx) {
		if err != nil {
			return err
		}
		if message.Error != nil {
			return message.Error
		}
		heard()
	}
	return nil
}
