package kafka

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/seed-228c25e4/squall/broker"
)

var _ broker.PowerLoss = (*driver)(nil)

// flushConfig is how many messages of a partition a broker leaves unflushed at most, and one more.
const flushConfig = "flush.messages"

// Kafka acknowledges what is in the page cache. What it has surely flushed of a partition is what lies before
//   - its recovery point, which it writes down every minute (log.flush.offset.checkpoint.interval.ms);
//   - the segment that it appends to: a segment is flushed when the next is begun;
//   - the last flush.messages - 1 messages, where that is set: it flushes with the append that makes them so many.
//
// The largest of the three is where a machine without power may have cut the log, in the worst case. Its metadata log is not concerned: Kafka flushes
// that before it answers.
const (
	recoveryPoints = "recovery-point-offset-checkpoint"
	metadataLog    = "__cluster_metadata-0"
)

// PowerLoss implements broker.PowerLoss.
func (d *driver) PowerLoss(ctx context.Context) (func(context.Context, broker.Disk) ([]string, error), error) {
	flush, err := d.flushMessages(ctx)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, disk broker.Disk) ([]string, error) { return cutUnflushed(ctx, disk, flush) }, nil
}

// flushMessages asks for flush.messages in force, by topic. Topics that the driver does not know are taken for never flushed by count.
func (d *driver) flushMessages(ctx context.Context) (map[string]int64, error) {
	d.mu.Lock()
	topics := slices.Clone(d.topics)
	d.mu.Unlock()
	req := kmsg.NewPtrDescribeConfigsRequest()
	for _, t := range topics {
		r := kmsg.NewDescribeConfigsRequestResource()
		r.ResourceType, r.ResourceName, r.ConfigNames = kmsg.ConfigResourceTypeTopic, t, []string{flushConfig}
		req.Resources = append(req.Resources, r)
	}
	if len(req.Resources) == 0 {
		return nil, nil
	}
	resp, err := req.RequestWith(ctx, d.eyes)
	if err != nil {
		return nil, fmt.Errorf("ask for %s: %w", flushConfig, err)
	}
	flush := map[string]int64{}
	for _, r := range resp.Resources {
		if err := kerr.ErrorForCode(r.ErrorCode); err != nil {
			return nil, fmt.Errorf("ask for %s of %s: %w", flushConfig, r.ResourceName, err)
		}
		for _, c := range r.Configs {
			if n, err := strconv.ParseInt(value(c.Value), 10, 64); err == nil && c.Name == flushConfig {
				flush[r.ResourceName] = n
			}
		}
	}
	return flush, nil
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// A segment is one file of a partition's log.
type segment struct {
	broker.File
	base int64 // offset of its first message
}

// cutUnflushed takes from the disk of a killed broker what it may not have flushed.
func cutUnflushed(ctx context.Context, disk broker.Disk, flush map[string]int64) ([]string, error) {
	files, err := disk.Files(ctx)
	if err != nil {
		return nil, err
	}
	points := map[string]int64{}
	if slices.ContainsFunc(files, func(f broker.File) bool { return f.Path == recoveryPoints }) { // a young broker has none yet
		if points, err = readRecoveryPoints(ctx, disk); err != nil {
			return nil, err
		}
	}
	var told []string
	var edits []broker.Edit
	partitions, segments, others := sortFiles(files)
	for _, p := range partitions {
		last := segments[p][len(segments[p])-1]
		topic, _ := splitPartition(p)
		c, err := findCut(ctx, disk, last, max(points[p], last.base), flush[topic])
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", last.Path, err)
		}
		if c.position == last.Size {
			continue
		}
		told = append(told, fmt.Sprintf("%s cut from offset %d back to %d, %d B of %s", p, c.end, c.offset, last.Size-c.position, last.Path))
		edits = append(edits, broker.Edit{Path: last.Path, Truncate: true, Size: c.position})
		for _, f := range others[p] {
			if above(f.Path, last.base, c.offset) {
				edits = append(edits, broker.Edit{Path: f.Path, Remove: true})
			}
		}
	}
	if len(edits) == 0 {
		return []string{"everything was flushed: nothing is lost"}, nil
	}
	return told, disk.Change(ctx, edits...)
}

// sortFiles returns the partitions in order, and of each the segments in order and the files beside them.
func sortFiles(files []broker.File) (partitions []string, segments map[string][]segment, others map[string][]broker.File) {
	segments, others = map[string][]segment{}, map[string][]broker.File{}
	for _, f := range files {
		dir, name := path.Split(f.Path)
		dir = strings.TrimSuffix(dir, "/")
		if _, ok := splitPartition(dir); !ok || dir == metadataLog {
			continue
		}
		base, err := strconv.ParseInt(strings.TrimSuffix(name, ".log"), 10, 64)
		if err != nil || !strings.HasSuffix(name, ".log") {
			others[dir] = append(others[dir], f)
			continue
		}
		if segments[dir] == nil {
			partitions = append(partitions, dir)
		}
		segments[dir] = append(segments[dir], segment{f, base})
	}
	for _, s := range segments {
		slices.SortFunc(s, func(a, b segment) int { return int(min(1, max(-1, a.base-b.base))) })
	}
	return partitions, segments, others
}

// splitPartition reads the topic from a partition's directory. One that is being deleted or moved has another form of name.
func splitPartition(dir string) (topic string, ok bool) {
	i := strings.LastIndexByte(dir, '-')
	if i <= 0 || strings.Contains(dir, "/") {
		return "", false
	}
	_, err := strconv.ParseUint(dir[i+1:], 10, 31)
	return dir[:i], err == nil
}

// above reports whether a file beside the log has to go with what is cut: the indexes of the segment, and snapshots of producers after the cut. Kafka
// makes them anew.
func above(file string, base, cut int64) bool {
	name, kind := strings.TrimSuffix(path.Base(file), path.Ext(file)), path.Ext(file)
	offset, err := strconv.ParseInt(name, 10, 64)
	switch {
	case err != nil:
		return false
	case kind == ".snapshot":
		return offset > cut
	}
	return offset == base && slices.Contains([]string{".index", ".timeindex", ".txnindex"}, kind)
}

// readRecoveryPoints reads Kafka's checkpoint: a version, how many lines follow, and a topic, a partition and an offset in each.
func readRecoveryPoints(ctx context.Context, disk broker.Disk) (map[string]int64, error) {
	r, err := disk.Open(ctx, recoveryPoints)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	points := map[string]int64{}
	lines := bufio.NewScanner(r)
	for n := 0; lines.Scan(); n++ {
		if n < 2 {
			if n == 0 && lines.Text() != "0" {
				return nil, fmt.Errorf("%s has version %q, which squall does not know", recoveryPoints, lines.Text())
			}
			continue
		}
		words := strings.Fields(lines.Text())
		if len(words) != 3 {
			return nil, fmt.Errorf("%s: %q is no topic with partition and offset", recoveryPoints, lines.Text())
		}
		offset, err := strconv.ParseInt(words[2], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%s: %q is no offset", recoveryPoints, words[2])
		}
		points[words[0]+"-"+words[1]] = offset
	}
	return points, lines.Err()
}

// A cut is where a segment is to end.
type cut struct {
	offset, position int64
	end              int64 // the offset after the last message that was there
}

// batchHead is as much of a batch as tells where it is: its first offset, its length, leader epoch, magic, checksum, attributes and the distance of its
// last offset.
const batchHead = 8 + 4 + 4 + 1 + 4 + 2 + 4

// findCut finds the first batch of a segment that was not surely flushed, and where its last whole one ends. Half a batch at the end is cut in any case.
func findCut(ctx context.Context, disk broker.Disk, s segment, flushed, every int64) (cut, error) {
	r, err := disk.Open(ctx, s.Path)
	if err != nil {
		return cut{}, err
	}
	defer r.Close()
	in := bufio.NewReaderSize(r, 1<<16)
	all := []cut{{offset: s.base}} // where each batch begins, and where the last ends
	for head := make([]byte, batchHead); ; {
		if _, err := io.ReadFull(in, head); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		} else if err != nil {
			return cut{}, err
		}
		at := all[len(all)-1]
		length := int64(binary.BigEndian.Uint32(head[8:])) + 12
		if bytes.Equal(head, make([]byte, batchHead)) || length < batchHead || at.position+length > s.Size {
			break // zeros after the last batch, or half a batch
		}
		all[len(all)-1].offset = int64(binary.BigEndian.Uint64(head))
		next := int64(binary.BigEndian.Uint64(head)) + int64(binary.BigEndian.Uint32(head[batchHead-4:])) + 1
		all = append(all, cut{offset: next, position: at.position + length})
		if _, err := io.CopyN(io.Discard, in, length-batchHead); err != nil {
			return cut{}, err
		}
	}
	end := all[len(all)-1]
	if every > 0 && every < math.MaxInt64 {
		flushed = max(flushed, end.offset-every+1)
	}
	i := slices.IndexFunc(all, func(c cut) bool { return c.offset >= flushed })
	if i < 0 {
		i = len(all) - 1
	}
	return cut{offset: all[i].offset, position: all[i].position, end: end.offset}, nil
}
