package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"time"
)

// fanOut is how many receivers the messages of 1 to 10 go to.
const fanOut = 10

// pattern is a shape of traffic.
type pattern struct {
	Name      string
	receivers int
}

func patterns() []pattern {
	return []pattern{{"1 to 10", fanOut}, {"1 to 1", 1}}
}

// sample is one measurement.
type sample struct {
	Deliveries int           `json:"deliveries"`
	Duplicates uint64        `json:"duplicates"` // messages that came a second time, beside those delivered
	CPU        time.Duration `json:"cpu_ns"`     // of the server's process
	Wall       time.Duration `json:"wall_ns"`
}

// perCore is how many messages are delivered in a second of processor time.
func (s sample) perCore() float64 { return float64(s.Deliveries) / s.CPU.Seconds() }

// perSecond is how many messages are delivered in a second.
func (s sample) perSecond() float64 { return float64(s.Deliveries) / s.Wall.Seconds() }

// measure starts a server, warms it up with as many messages as it then
// measures, so that the servent's table of ids has its full size, and measures
// it.
func measure(ctx context.Context, c config, server string, p pattern) (s sample, err error) {
	profile := ""
	if c.Profile != "" {
		profile = filepath.Join(c.Profile, fmt.Sprintf("%s-%d.pprof", server, p.receivers))
	}
	ch, err := startChild(ctx, server, profile)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, ch.stop()) }()
	t, err := set(ctx, c, server, p, ch.addr)
	if err != nil {
		return s, err
	}
	defer t.flow.close()
	if err := t.run(ctx, c.Messages); err != nil {
		return s, fmt.Errorf("warm up: %w", err)
	}
	return t.measure(ctx, ch, c.Messages)
}

// table is a server's clients, set for one pattern.
type table struct {
	flow *flow
	sync func(net.Conn) error // until the server has used what a connection sent
}

// run sends n messages, and returns when the server is at rest again.
func (t *table) run(ctx context.Context, n int) error {
	if err := t.flow.run(ctx, n); err != nil {
		return err
	}
	for _, r := range t.flow.receivers {
		if err := t.sync(r.conn); err != nil {
			return fmt.Errorf("after the messages: %w", err)
		}
	}
	return nil
}

func (t *table) measure(ctx context.Context, ch *child, n int) (sample, error) {
	before, err := ch.state()
	if err != nil {
		return sample{}, err
	}
	repeated := t.repeated()
	start := time.Now()
	if err := t.run(ctx, n); err != nil {
		return sample{}, err
	}
	wall := time.Since(start)
	after, err := ch.state()
	if err != nil {
		return sample{}, err
	}
	s := sample{
		Deliveries: n * len(t.flow.receivers), Duplicates: after.Duplicates - before.Duplicates,
		CPU: after.CPU - before.CPU, Wall: wall,
	}
	if want := t.repeated() - repeated; s.Duplicates != want {
		return s, fmt.Errorf("%d messages were sent twice, and %d counted as duplicates", want, s.Duplicates)
	}
	if lost := after.Dropped - before.Dropped; lost > 0 {
		return s, fmt.Errorf("%d messages were dropped", lost)
	}
	return s, nil
}

// repeated is how many messages the receivers have sent back.
func (t *table) repeated() uint64 {
	n := 0
	for _, r := range t.flow.receivers {
		n += r.repeat.sent
	}
	return uint64(n)
}

// set connects the clients that pattern p needs to the server at addr.
func set(ctx context.Context, c config, server string, p pattern, addr string) (*table, error) {
	switch {
	case server == natsName:
		return setNATS(c, p, addr)
	case p.receivers > 1:
		return setFlood(c, p, addr)
	}
	return setHits(ctx, c, addr)
}

func setNATS(c config, p pattern, addr string) (*table, error) {
	var client nats
	sender, receivers, err := join(p.receivers, func(receives bool) (net.Conn, error) { return client.join(addr, receives) })
	if err != nil {
		return nil, err
	}
	return &table{newFlow(publications(), c.Window, sender, receivers), client.sync}, nil
}

func setFlood(c config, p pattern, addr string) (*table, error) {
	var client gnutella
	if err := client.find(addr, sharedFiles[0]); err != nil {
		return nil, err
	}
	sender, receivers, err := join(p.receivers, func(bool) (net.Conn, error) { return client.join(addr) })
	if err != nil {
		return nil, err
	}
	receivers[0].repeat.every = c.Repeat
	return &table{newFlow(queries(), c.Window, sender, receivers), client.sync}, nil
}

// setHits lets the receiver ask askedQueries; hits then go back to it.
func setHits(ctx context.Context, c config, addr string) (*table, error) {
	var client gnutella
	holder, askers, err := join(1, func(bool) (net.Conn, error) { return client.join(addr) })
	if err != nil {
		return nil, err
	}
	asker := askers[0]
	ask := newFlow(queries(), c.Window, asker.conn, []*receiver{{conn: holder}})
	if err := ask.run(ctx, askedQueries); err != nil {
		return nil, fmt.Errorf("ask: %w", err)
	}
	return &table{newFlow(hits(), c.Window, holder, askers), client.sync}, nil
}

// join makes one connection to send and n to receive on.
func join(n int, dial func(receives bool) (net.Conn, error)) (net.Conn, []*receiver, error) {
	var receivers []*receiver
	for range n {
		conn, err := dial(true)
		if err != nil {
			return nil, nil, err
		}
		receivers = append(receivers, &receiver{conn: conn})
	}
	sender, err := dial(false)
	return sender, receivers, err
}
