package sim

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/seed282dab8e/servent/servent/overlay"
)

// maxRecordLine is how long a line of a recording may be.
const maxRecordLine = 16 << 20

// Replay does all that a recording says, and returns the World that it ends with.
// An error names the line that is to blame. That another trace came of it than was
// recorded is an error, too, which says after which line: then the code is not the
// one that it was recorded with.
func Replay(r io.Reader) (*World, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxRecordLine)
	p := &replayer{}
	for n := 1; lines.Scan(); n++ {
		if err := p.line(lines.Bytes()); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, fmt.Errorf("a line is longer than %d bytes", maxRecordLine)
	case err != nil:
		return nil, fmt.Errorf("read a recording: %w", err)
	case p.w == nil:
		return nil, errors.New("the recording is empty")
	case !p.ended:
		return nil, errors.New("the recording breaks off: its last line does not end it")
	}
	return p.w, nil
}

// replayer replays line by line.
type replayer struct {
	w     *World
	ended bool
}

func (p *replayer) line(line []byte) error {
	switch {
	case p.ended:
		return errors.New("the recording has ended before")
	case p.w == nil:
		cfg, err := parseRecordHead(line)
		if err != nil {
			return err
		}
		p.w = New(cfg)
		return nil
	}
	o, err := parseOp(line)
	if err != nil {
		return err
	}
	if err := p.w.runTo(o); err != nil {
		return err
	}
	p.ended = o.Do == doEnd
	return p.w.carry(o)
}

// strict reads JSON that has no other fields than v.
func strict(raw []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(v); errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the line is cut off")
	} else if err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more behind the value")
	}
	return nil
}

func parseRecordHead(line []byte) (Config, error) {
	var head recordedWorld
	if err := strict(line, &head); err != nil {
		return Config{}, errors.New("this is no recording of servent sim nodes")
	}
	l := head.Latency
	switch {
	case head.Trace != recordVersion:
		return Config{}, fmt.Errorf("this is no recording, or one of version %d: want %d", head.Trace, recordVersion)
	case min(l.Low, l.High, head.DialTimeout, head.CloseLinger) < 0 || head.Bandwidth < 0:
		return Config{}, errors.New("a latency, time or bandwidth is negative")
	case !isPart(head.Loss) || !isPart(head.LinkLoss):
		return Config{}, errors.New("a loss is not within 0 to 1")
	case head.Role > overlay.RoleSupernode:
		return Config{}, fmt.Errorf("no role has the number %d", head.Role)
	}
	return head.config(), nil
}

func isPart(f float64) bool { return f >= 0 && f <= 1 }

// parseOp reads a line. That its nodes are there is for the World to check.
func parseOp(line []byte) (op, error) {
	var o op
	if err := strict(line, &o); err != nil {
		return op{}, err
	}
	if o.At < 0 || o.Node < 0 || o.Peer < 0 {
		return op{}, errors.New("a time or the number of a node is negative")
	}
	for _, group := range o.Groups {
		for _, id := range group {
			if id < 0 {
				return op{}, errors.New("the number of a node is negative")
			}
		}
	}
	return o, nil
}

// runTo lets happen what happened before o.
func (w *World) runTo(o op) error {
	if o.At < w.now || o.Events < w.ran {
		return fmt.Errorf("it is at %s after %d events, and the line before at %s after %d", o.At, o.Events, w.now, w.ran)
	}
	for w.ran < o.Events {
		at, ok := w.queue.next()
		if !ok || at > o.At {
			return fmt.Errorf("%d events have happened by %s, and %d had when it was recorded", w.ran, o.At, o.Events)
		}
		w.runNext(at)
	}
	w.now = o.At
	return nil
}
