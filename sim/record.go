package sim

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/seed282dab8e/servent/servent/overlay"
)

// A recording is a line of JSON that says what the World is, one for each thing
// that was done to it, with how many events had happened by then, and one with
// the hash of the trace that came of it.

// op is something that was done to a World.
type op struct {
	Events uint64        `json:"n"`  // that had happened before
	At     time.Duration `json:"at"` // in nanoseconds
	Do     string        `json:"do"`

	Node   NodeID          `json:"node,omitempty"`
	Peer   NodeID          `json:"peer,omitempty"`
	Wire   *Wire           `json:"wire,omitempty"`
	Groups [][]NodeID      `json:"groups,omitempty"`
	Factor float64         `json:"factor,omitempty"`
	From   netip.AddrPort  `json:"from,omitzero"`
	To     netip.AddrPort  `json:"to,omitzero"`
	Msg    []byte          `json:"msg,omitempty"`
	What   json.RawMessage `json:"what,omitempty"` // the node's configuration, or the event
	Hash   string          `json:"hash,omitempty"`
}

// What was done, as op says it. What a node was told goes by the name of the event.
const (
	doAdd       = "add"
	doStart     = "start"
	doLeave     = "leave"
	doCrash     = "crash"
	doVanish    = "vanish"
	doLink      = "link"
	doDatagram  = "datagram"
	doMeet      = "meet"
	doPartition = "partition"
	doHeal      = "heal"
	doSlow      = "slow"
	doEnd       = "end"

	doHeard     = "heard"
	doResources = "resources"
	doQuery     = "query"
	doEndQuery  = "end query"
	doPush      = "push"
	doAskCaches = "ask caches"
)

// recordVersion is that of the format.
const recordVersion = 1

// recordedWorld is the first line: Config, as far as it can be written down.
type recordedWorld struct {
	Trace                    int // recordVersion
	Seed                     uint64
	Latency                  Latency
	Bandwidth                int
	LinkLoss                 float64
	Role                     overlay.Role
	DialTimeout, CloseLinger time.Duration
	Loss                     float64
}

func (r recordedWorld) config() Config {
	return Config{
		Seed: r.Seed, Latency: r.Latency, Bandwidth: r.Bandwidth, LinkLoss: r.LinkLoss, Role: r.Role,
		DialTimeout: r.DialTimeout, CloseLinger: r.CloseLinger, Loss: r.Loss,
	}
}

// recordedNode is NodeConfig without what cannot be written down: its fields of the
// same names hide those.
type recordedNode struct {
	NodeConfig
	Find    *struct{} `json:",omitempty"`
	Shared  *struct{} `json:",omitempty"`
	Overlay recordedOverlay
}

type recordedOverlay struct {
	overlay.Config
	Rand    *struct{} `json:",omitempty"`
	Blocked *struct{} `json:",omitempty"`
}

func (r recordedNode) config() NodeConfig {
	cfg := r.NodeConfig
	cfg.Overlay = r.Overlay.Config
	return cfg
}

// recorder writes a recording. A nil one does nothing.
type recorder struct {
	w   *World
	out *bufio.Writer
	err error // the first
}

func newRecorder(w *World, c Config) *recorder {
	if c.Record == nil {
		return nil
	}
	r := &recorder{w: w, out: bufio.NewWriter(c.Record)}
	r.line(recordedWorld{recordVersion, c.Seed, c.Latency, c.Bandwidth, c.LinkLoss, c.Role, c.DialTimeout, c.CloseLinger, c.Loss})
	return r
}

func (r *recorder) fail(text string) {
	if r != nil {
		r.err = errors.Join(r.err, errors.New(text))
	}
}

func (r *recorder) line(v any) {
	line, err := json.Marshal(v)
	if err == nil {
		_, err = r.out.Write(append(line, '\n'))
	}
	if r.err == nil {
		r.err = err
	}
}

// note writes down that o is done now.
func (r *recorder) note(o op) {
	if r == nil || r.err != nil {
		return
	}
	o.Events, o.At = r.w.ran, r.w.now
	r.line(o)
}

func (r *recorder) add(cfg NodeConfig) {
	if r == nil {
		return
	}
	if cfg.Find != nil || cfg.Overlay.Rand != nil || cfg.Overlay.Blocked != nil {
		r.fail("a node whose configuration has a function or a source of randomness cannot be recorded")
		return
	}
	r.what(op{Do: doAdd}, recordedNode{NodeConfig: cfg, Overlay: recordedOverlay{Config: cfg.Overlay}})
}

// event writes down what a node is told.
func (r *recorder) event(id NodeID, ev overlay.Event) {
	if r == nil {
		return
	}
	do := ""
	switch ev.(type) {
	case overlay.Heard:
		do = doHeard
	case overlay.Resources:
		do = doResources
	case overlay.UserQuery:
		do = doQuery
	case overlay.UserQueryEnd:
		do = doEndQuery
	case overlay.UserPush:
		do = doPush
	case overlay.AskCaches:
		do = doAskCaches
	default:
		r.fail(fmt.Sprintf("an event %T cannot be recorded", ev))
		return
	}
	r.what(op{Do: do, Node: id}, ev)
}

func (r *recorder) what(o op, v any) {
	raw, err := sparse(v)
	if err != nil {
		r.fail(err.Error())
		return
	}
	o.What = raw
	r.note(o)
}

// EndRecord writes the last line of a recording, with the hash of the trace. Its
// error is the first of all: something that cannot be recorded, or written.
func (w *World) EndRecord() error {
	r := w.record
	if r == nil {
		return nil
	}
	r.note(op{Do: doEnd, Hash: fmt.Sprintf("%016x", w.trace.hash)})
	w.record = nil
	if r.err != nil {
		return fmt.Errorf("record a trace: %w", r.err)
	}
	return r.out.Flush()
}
