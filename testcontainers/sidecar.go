package testcontainers

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/moby/moby/api/types/jsonstream"
	"github.com/moby/moby/client"

	"github.com/seed-228c25e4/squall/broker"
)

const (
	sidecarRepo = "squall/sidecar"
	helpBuild   = "build squall with `make build`, or `CGO_ENABLED=0 go install`, which make a static executable for Linux"
)

var machines = map[string]elf.Machine{
	"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64, "arm": elf.EM_ARM, "386": elf.EM_386,
	"ppc64le": elf.EM_PPC64, "s390x": elf.EM_S390, "riscv64": elf.EM_RISCV,
}

var importing sync.Mutex // two clusters of one process need the image once

// sidecarImage makes the image of the sidecar, which holds nothing but this very program, unless it is there.
func (e *engine) sidecarImage(ctx context.Context, executable string) (broker.Image, error) {
	program, err := readExecutable(executable)
	if err != nil {
		return broker.Image{}, err
	}
	if err := runsAlone(program, e.arch); err != nil {
		return broker.Image{}, &EnvironmentError{Problem: "the sidecar cannot run this program", Help: helpBuild, Err: err}
	}
	img := broker.Image{Role: "sidecar", Name: sidecarName(program)}
	importing.Lock()
	defer importing.Unlock()
	if img.Digest, err = e.digest(ctx, img.Name); err != nil || img.Digest != "" {
		return img, err
	}
	if err := e.importSidecar(ctx, img.Name, program); err != nil {
		return img, fmt.Errorf("make the image %s: %w", img.Name, err)
	}
	img.Digest, err = e.digest(ctx, img.Name)
	if err == nil && img.Digest == "" {
		err = fmt.Errorf("make the image %s: the engine does not have it", img.Name)
	}
	return img, err
}

func readExecutable(path string) ([]byte, error) {
	if path == "" {
		own, err := os.Executable()
		if err != nil {
			return nil, &EnvironmentError{Problem: "squall does not find its own program for the sidecar", Help: helpBuild, Err: err}
		}
		path = own
	}
	program, err := os.ReadFile(path)
	if err != nil {
		return nil, &EnvironmentError{Problem: "the program for the sidecar cannot be read", Help: helpBuild, Err: err}
	}
	return program, nil
}

// sidecarName changes with the program, so that an image is made once and never mistaken.
func sidecarName(program []byte) string {
	return fmt.Sprintf("%s:%x", sidecarRepo, sha256.Sum256(program))[:len(sidecarRepo)+1+16]
}

// runsAlone tells why a program cannot run in an empty image on that architecture.
func runsAlone(program []byte, arch string) error {
	f, err := elf.NewFile(bytes.NewReader(program))
	if err != nil {
		return errors.New("it is no program for Linux")
	}
	defer f.Close()
	if want, known := machines[arch]; known && f.Machine != want {
		return fmt.Errorf("it was built for %v, and the Docker engine runs on %s", f.Machine, arch)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return errors.New("it is linked dynamically")
		}
	}
	return nil
}

func (e *engine) importSidecar(ctx context.Context, name string, program []byte) error {
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	if err := w.WriteHeader(&tar.Header{Name: "squall", Mode: 0o755, Size: int64(len(program)), Format: tar.FormatUSTAR}); err != nil {
		return err
	}
	if _, err := w.Write(program); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	body, err := e.ImageImport(ctx, client.ImageImportSource{Source: &layer, SourceName: "-"}, name, client.ImageImportOptions{
		Changes: []string{`ENTRYPOINT ["/squall", "sidecar"]`, "USER 65534:65534", "LABEL " + labelImage + "=sidecar"},
	})
	if err != nil {
		return err
	}
	defer body.Close()
	for messages := json.NewDecoder(body); ; {
		var m jsonstream.Message
		switch err := messages.Decode(&m); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case m.Error != nil:
			return m.Error
		}
	}
}
