package main

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"net"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// subject is where the messages of nats-server go. It and the number of its
// subscriptions are one character, so that a message is no longer than the
// servent's.
const subject = "f"

// publications is the stream that does in NATS what queries and hits do in
// Gnutella: MSG, head and payload are messageSize bytes together.
func publications() stream {
	const before, after = "MSG " + subject + " 1 86\r\n", "\r\n"
	payload := strings.Repeat("x", messageSize-len(before)-len(after))
	sent := fmt.Sprintf("PUB %s %d\r\n%s\r\n", subject, len(payload), payload)
	got := before + payload + after
	return stream{
		sent:   template{[]byte(sent), strings.Index(sent, payload)},
		got:    template{[]byte(got), len(before)},
		period: math.MaxUint64,
	}
}

// nats is the client's side of NATS' text protocol.
type nats struct{}

// join connects to the server at addr, and subscribes if that is asked for.
func (n nats) join(addr string, subscribe bool) (net.Conn, error) {
	conn, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		return nil, err
	}
	err = conn.SetDeadline(time.Now().Add(patience))
	if err == nil {
		err = n.greet(conn, subscribe)
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("join nats-server: %w", err)
	}
	return conn, nil
}

func (n nats) greet(conn net.Conn, subscribe bool) error {
	if err := expect(conn, "INFO "); err != nil {
		return err
	}
	hello := `CONNECT {"verbose":false,"pedantic":false}` + "\r\n"
	if subscribe {
		hello += "SUB " + subject + " 1\r\n"
	}
	if _, err := io.WriteString(conn, hello); err != nil {
		return err
	}
	return n.sync(conn)
}

// sync returns when the server has used all that was sent on conn.
func (nats) sync(conn net.Conn) error {
	if _, err := io.WriteString(conn, "PING\r\n"); err != nil {
		return err
	}
	return expect(conn, "PONG\r\n")
}

// expect reads one line, which the server sends nothing after, and checks how
// it begins.
func expect(conn net.Conn, prefix string) error {
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err == nil && !strings.HasPrefix(line, prefix) {
		err = fmt.Errorf("%q came where %q must", line, prefix)
	}
	return err
}

// serveNATS is the process of nats-server: as it comes, but quiet.
func serveNATS(c control) error {
	s, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, NoLog: true, NoSigs: true,
		DisableShortFirstPing: true, // nothing but messages shall come
	})
	if err != nil {
		return fmt.Errorf("nats-server: %w", err)
	}
	s.Start()
	defer s.Shutdown()
	if !s.ReadyForConnections(patience) {
		return fmt.Errorf("nats-server does not start")
	}
	return c.serve(s.Addr().String(), func() counts { return counts{} })
}

// idle makes a client that has nothing to say.
func (n nats) idle(addr string) (idler, error) {
	conn, err := n.join(addr, false)
	if err != nil {
		return nil, err
	}
	if err := conn.SetDeadline(time.Time{}); err != nil {
		conn.Close()
		return nil, err
	}
	return natsIdler{conn}, nil
}

// natsIdler is an idle client.
type natsIdler struct{ net.Conn }

// answer sends a PONG for every PING.
func (c natsIdler) answer() error {
	for {
		if err := expect(c, "PING"); err != nil {
			return err
		}
		if _, err := io.WriteString(c, "PONG\r\n"); err != nil {
			return err
		}
	}
}
