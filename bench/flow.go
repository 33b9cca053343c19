package main

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// chunk is how many messages the sender writes at once.
	chunk = 256
	// patience is how long a flow may take before it counts as stuck.
	patience = time.Minute
	// readSize is that of a receiver's buffer.
	readSize = 64 << 10
)

// flow sends numbered messages into one connection and takes them from others,
// all of them, in order. The sender waits for the slowest receiver when it is
// window messages ahead.
type flow struct {
	stream    stream
	window    uint64
	sender    net.Conn
	receivers []*receiver

	next     uint64        // number of the next message
	progress chan struct{} // a receiver has got on
}

func newFlow(s stream, window int, sender net.Conn, receivers []*receiver) *flow {
	return &flow{stream: s, window: uint64(window), sender: sender, receivers: receivers, progress: make(chan struct{}, 1)}
}

// run sends n messages and returns when every receiver has them. After an error
// the connections are closed.
func (f *flow) run(ctx context.Context, n int) error {
	ctx, fail := context.WithCancelCause(ctx)
	stop := context.AfterFunc(ctx, f.close) // wakes whoever is blocked
	var wg sync.WaitGroup
	begin := func(part func() error) {
		wg.Go(func() {
			if err := part(); err != nil {
				fail(err)
			}
		})
	}
	end := f.next + uint64(n)
	for _, r := range f.receivers {
		begin(func() error { return r.run(f, end) })
	}
	begin(func() error { return f.send(ctx, end) })
	wg.Wait()
	if !stop() {
		return context.Cause(ctx)
	}
	fail(nil)
	return nil
}

func (f *flow) close() {
	f.sender.Close()
	for _, r := range f.receivers {
		r.conn.Close()
	}
}

func (f *flow) send(ctx context.Context, end uint64) error {
	if err := f.sender.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	buf := make([]byte, 0, chunk*messageSize)
	for f.next < end {
		n := min(chunk, end-f.next)
		if f.next+n > f.slowest()+f.window {
			select {
			case <-f.progress:
				continue
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		buf = f.stream.append(buf[:0], f.next, int(n))
		if _, err := f.sender.Write(buf); err != nil {
			return fmt.Errorf("send: %w", err)
		}
		f.next += n
	}
	return nil
}

// slowest is how many messages every receiver has.
func (f *flow) slowest() uint64 {
	least := f.receivers[0].count.Load()
	for _, r := range f.receivers[1:] {
		least = min(least, r.count.Load())
	}
	return least
}

// receiver takes messages from one connection, and sends some of them back.
type receiver struct {
	conn   net.Conn
	count  atomic.Uint64 // messages taken
	repeat repeater
	buf    [readSize]byte
}

// run takes messages up to number end.
func (r *receiver) run(f *flow, end uint64) error {
	if err := r.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	have := 0
	for next := r.count.Load(); next < end; {
		n, err := r.conn.Read(r.buf[have:])
		if err != nil {
			return fmt.Errorf("receive message %d: %w", next, err)
		}
		have += n
		count, err := f.stream.take(r.buf[:have], next)
		if err != nil {
			return err
		}
		used := int(count) * messageSize
		if err := r.repeat.write(r.conn, r.buf[:used]); err != nil {
			return fmt.Errorf("repeat a message: %w", err)
		}
		have = copy(r.buf[:], r.buf[used:have])
		next += count
		r.count.Store(next)
		select {
		case f.progress <- struct{}{}:
		default:
		}
	}
	if have > 0 {
		return fmt.Errorf("%d bytes more than expected", have)
	}
	return nil
}
