package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/seed-228c25e4/squall"
	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

// Bounds of the brokers' logs that a run leaves which did not pass, before they are packed.
const (
	logsWithin   = 30 * time.Second
	logHead      = 4 << 20  // of each process: what it wrote first
	logTail      = 12 << 20 // and what it wrote last
	longestLine  = 64 << 10
	logExtension = ".log.gz"
)

// keepLogs packs what the brokers' processes wrote into files beside the report, unless the run passed: b2-1.log.gz is what b2 wrote until it was started
// again. Nothing is kept where the testbed keeps nothing, or where there is no time. What cannot be had is told, and is no error of the run's.
func (a *attempt) keepLogs(ctx context.Context, cluster broker.Cluster, r *report.Report) {
	var stopped squall.Stopped
	if r.Verdict.Outcome == report.Pass || errors.As(context.Cause(ctx), &stopped) && stopped.Quick {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), logsWithin)
	defer cancel()
	secrets := a.s.Secrets()
	for _, n := range cluster.Nodes() {
		keeper, ok := n.(broker.LogKeeper)
		if !ok {
			continue
		}
		err := keeper.Logs(ctx, func(process int) (io.WriteCloser, error) {
			return a.dir.pack(fmt.Sprintf("%s-%d%s", n.Name(), process, logExtension), secrets)
		})
		if err != nil {
			a.progress.step("the log of %s is not kept as a whole: %v", n.Name(), err)
		}
	}
}

// pack makes one more file of the run's results, for lines of a log.
func (o *output) pack(name string, secrets report.Secrets) (io.WriteCloser, error) {
	file, err := os.OpenFile(filepath.Join(o.dir, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	o.logs = append(o.logs, file.Name())
	return &packer{file: file, to: gzip.NewWriter(file), secrets: secrets, room: logHead}, nil
}

// A packer writes a log's lines without what a terminal would obey and without secrets: its beginning and its end, if it is long.
type packer struct {
	file    *os.File
	to      *gzip.Writer
	secrets report.Secrets
	line    []byte // that has no end yet
	room    int    // left for the beginning
	tail    [][]byte
	size    int // of tail
	left    int // lines that are left out
}

// Write implements io.Writer.
func (p *packer) Write(text []byte) (int, error) {
	n := len(text)
	for {
		line, rest, ended := bytes.Cut(text, []byte{'\n'})
		p.line = append(p.line, line[:min(len(line), longestLine-len(p.line))]...)
		if !ended {
			return n, nil
		}
		if err := p.end(); err != nil {
			return 0, err
		}
		text = rest
	}
}

// end takes a line that is whole.
func (p *packer) end() error {
	line := []byte(report.Plain(p.secrets.Hide(string(p.line))) + "\n")
	p.line = p.line[:0]
	if p.room >= len(line) && p.size == 0 {
		p.room -= len(line)
		_, err := p.to.Write(line)
		return err
	}
	p.tail, p.size = append(p.tail, line), p.size+len(line)
	for p.size > logTail {
		p.size -= len(p.tail[0])
		p.tail = p.tail[1:]
		p.left++
	}
	return nil
}

// Close implements io.Closer.
func (p *packer) Close() (err error) {
	if len(p.line) > 0 {
		err = p.end()
	}
	if p.left > 0 {
		_, e := fmt.Fprintf(p.to, "... %s lines are left out here ...\n", report.Thousands(uint64(p.left)))
		err = errors.Join(err, e)
	}
	for _, line := range p.tail {
		_, e := p.to.Write(line)
		err = errors.Join(err, e)
	}
	return errors.Join(err, p.to.Close(), p.file.Close())
}
