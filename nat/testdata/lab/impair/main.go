// Command impair delays and loses the packets of the lab's internet, as netem would
// where the kernel has it. It reads packet headers from NFQUEUE 1 and gives its verdicts
// late. The packets stay in the kernel.
//
//	impair -delay 10ms -jitter 2ms -loss 0
//
// Each packet crosses two access links, that of its sender and that of its receiver:
// delay, jitter (from 0 up to it) and loss apply to it twice. A round trip of two hosts
// with -delay 10ms takes 40 ms, and some jitter.
package main

import (
	"container/heap"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"sync"
	"syscall"
	"time"
)

// links is what happens to packets.
type links struct {
	delay, jitter time.Duration
	loss          float64
	last          map[[8]byte]time.Time // when the last packet of two addresses leaves: jitter does not reorder
}

// crossed is how many links a packet crosses.
const crossed = 2

// leaves returns when a packet of that IPv4 header leaves; false: it is lost.
func (l *links) leaves(now time.Time, header []byte) (time.Time, bool) {
	at := now
	for range crossed {
		if rand.Float64() < l.loss {
			return at, false
		}
		at = at.Add(l.delay)
		if l.jitter > 0 {
			at = at.Add(rand.N(l.jitter))
		}
	}
	pair := [8]byte(header[12:20])
	if last := l.last[pair]; last.After(at) {
		at = last
	}
	l.last[pair] = at
	return at, true
}

// packet waits for its verdict.
type packet struct {
	at time.Time
	id uint32
}

// waiting is a heap of packets by time, then by id, which counts up.
type waiting []packet

func (w waiting) Len() int { return len(w) }
func (w waiting) Less(i, j int) bool {
	return w[i].at.Before(w[j].at) || w[i].at.Equal(w[j].at) && w[i].id < w[j].id
}
func (w waiting) Swap(i, j int) { w[i], w[j] = w[j], w[i] }
func (w *waiting) Push(x any)   { *w = append(*w, x.(packet)) }
func (w *waiting) Pop() any {
	last := (*w)[len(*w)-1]
	*w = (*w)[:len(*w)-1]
	return last
}

// delayer lets packets go at their time.
type delayer struct {
	queue *queue
	wake  chan struct{}

	mu      sync.Mutex
	waiting waiting
}

func (d *delayer) add(p packet) {
	d.mu.Lock()
	heap.Push(&d.waiting, p)
	first := d.waiting[0] == p
	d.mu.Unlock()
	if first {
		select {
		case d.wake <- struct{}{}:
		default: // it comes anyway
		}
	}
}

// due takes those whose time has come, and returns how long the next has to wait.
func (d *delayer) due(now time.Time) (ids []uint32, wait time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for len(d.waiting) > 0 && !d.waiting[0].at.After(now) {
		ids = append(ids, heap.Pop(&d.waiting).(packet).id)
	}
	if len(d.waiting) == 0 {
		return ids, time.Hour
	}
	return ids, d.waiting[0].at.Sub(now)
}

func (d *delayer) run() {
	for {
		ids, wait := d.due(time.Now())
		for _, id := range ids {
			d.queue.verdict(id, accept)
		}
		select {
		case <-time.After(wait):
		case <-d.wake:
		}
	}
}

func main() {
	l := links{last: map[[8]byte]time.Time{}}
	flag.DurationVar(&l.delay, "delay", 0, "of each link, in each direction")
	flag.DurationVar(&l.jitter, "jitter", 0, "at most so much more, at random")
	flag.Float64Var(&l.loss, "loss", 0, "part of the packets that a link loses, 0 to 1")
	flag.Parse()
	q, err := open()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("ready")
	d := delayer{queue: q, wake: make(chan struct{}, 1)}
	go d.run()
	for {
		err := q.read(func(id uint32, header []byte) {
			if len(header) < 20 || header[0]>>4 != 4 {
				q.verdict(id, accept)
			} else if at, ok := l.leaves(time.Now(), header); ok {
				d.add(packet{at, id})
			} else {
				q.verdict(id, drop)
			}
		})
		if err != nil && !errors.Is(err, syscall.EINTR) {
			log.Fatal(err)
		}
	}
}

// ---- the kernel's queue of packets (nfnetlink_queue.h)

const (
	netfilter = 12 // NETLINK_NETFILTER
	queueSubs = 3  // NFNL_SUBSYS_QUEUE
	number    = 1  // of the queue

	msgPacket, msgVerdict, msgConfig = 0, 1, 2
	drop, accept                     = 0, 1
)

type queue struct {
	fd  int
	buf []byte
}

// open binds the queue of this network namespace.
func open() (*queue, error) {
	fd, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, netfilter)
	if err != nil {
		return nil, fmt.Errorf("netlink: %w", err)
	}
	q := &queue{fd: fd, buf: make([]byte, 1<<17)}
	err = errors.Join(
		syscall.Bind(fd, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK}),
		syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, 33, 64<<20), // SO_RCVBUFFORCE
		syscall.SetsockoptInt(fd, 270, 5, 1),                      // SOL_NETLINK, NETLINK_NO_ENOBUFS
		q.config(attribute(1, []byte{1, 0, 0, 0})),                // NFQA_CFG_CMD: bind
		q.config(attribute(2, []byte{0, 0, 0, 64, 2})),            // NFQA_CFG_PARAMS: copy 64 bytes of each
		q.config(attribute(3, []byte{0, 1, 0, 0})),                // NFQA_CFG_QUEUE_MAXLEN: 65536
	)
	if err != nil {
		return nil, fmt.Errorf("queue of packets: %w", err)
	}
	return q, nil
}

// config sends a configuration and waits for the answer.
func (q *queue) config(body []byte) error {
	if err := q.send(msgConfig, syscall.NLM_F_REQUEST|syscall.NLM_F_ACK, body); err != nil {
		return err
	}
	n, _, err := syscall.Recvfrom(q.fd, q.buf, 0)
	if err != nil || n < 20 {
		return fmt.Errorf("%d bytes of answer: %w", n, err)
	}
	if e := int32(binary.NativeEndian.Uint32(q.buf[16:])); e != 0 {
		return syscall.Errno(-e)
	}
	return nil
}

// verdict may be called by several goroutines: it is one datagram.
func (q *queue) verdict(id, verdict uint32) {
	b := binary.BigEndian.AppendUint32(nil, verdict)
	if err := q.send(msgVerdict, syscall.NLM_F_REQUEST, attribute(2, binary.BigEndian.AppendUint32(b, id))); err != nil {
		log.Print(err)
	}
}

func (q *queue) send(kind, flags uint16, body []byte) error {
	b := binary.NativeEndian.AppendUint32(nil, uint32(20+len(body)))
	b = binary.NativeEndian.AppendUint16(b, queueSubs<<8|kind)
	b = binary.NativeEndian.AppendUint16(b, flags)
	b = append(b, make([]byte, 8+2)...)          // sequence, port; family, version
	b = binary.BigEndian.AppendUint16(b, number) // nfgenmsg.res_id
	return syscall.Sendto(q.fd, append(b, body...), 0, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK})
}

func attribute(kind uint16, value []byte) []byte {
	b := binary.NativeEndian.AppendUint16(nil, uint16(4+len(value)))
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = append(b, value...)
	return append(b, make([]byte, -len(value)&3)...)
}

// read waits for packets and hands on the id and the first bytes of each.
func (q *queue) read(take func(id uint32, header []byte)) error {
	n, _, err := syscall.Recvfrom(q.fd, q.buf, 0)
	if err != nil {
		return fmt.Errorf("read the queue: %w", err)
	}
	for b := q.buf[:n]; len(b) >= 20; {
		size := int(binary.NativeEndian.Uint32(b))
		if size < 20 || size > len(b) {
			break
		}
		if binary.NativeEndian.Uint16(b[4:]) == queueSubs<<8|msgPacket {
			take(parts(b[20:size]))
		}
		b = b[min((size+3)&^3, len(b)):]
	}
	return nil
}

// parts finds the id and the first bytes of a packet.
func parts(b []byte) (id uint32, header []byte) {
	for len(b) >= 4 {
		n := int(binary.NativeEndian.Uint16(b))
		if n < 4 || n > len(b) {
			return id, header
		}
		switch binary.NativeEndian.Uint16(b[2:]) & 0x3fff {
		case 1: // NFQA_PACKET_HDR
			id = binary.BigEndian.Uint32(b[4:])
		case 10: // NFQA_PAYLOAD
			header = b[4:n]
		}
		b = b[min((n+3)&^3, len(b)):]
	}
	return id, header
}
