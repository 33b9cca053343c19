package servent

import (
	"context"
	"io"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
)

// TestSeeds: status tells of each peer that the user named whether it is
// linked, and what it answered where it is not.
func TestSeeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		other := runHost(t, Config{})
		conns := make(chan net.Conn, 1)
		answer := func(text string) net.Conn {
			here, there := net.Pipe()
			go func() { // a peer that refuses
				buf := make([]byte, 4096)
				if _, err := there.Read(buf); err == nil {
					_, _ = io.WriteString(there, text)
				}
				there.Close()
			}()
			return here
		}
		h := runHost(t, Config{
			Connect: []string{"10.0.0.1:6346", "10.0.0.2:1", "10.0.0.3:1", "10.0.0.4:1"},
			dial: func(_ context.Context, a netip.AddrPort) (net.Conn, error) {
				switch a.Addr().As4()[3] {
				case 1:
					c := other.pipes.knock()
					select {
					case conns <- c:
					default:
					}
					return c, nil
				case 2:
					return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: net.TCPAddrFromAddrPort(a), Err: syscall.ECONNREFUSED}
				case 3:
					return answer("GNUTELLA/0.6 503 No slots\r\n\r\n"), nil
				}
				return answer(""), nil
			},
		})
		synctest.Wait()
		want := []SeedInfo{
			{Addr: "10.0.0.1:6346", Linked: true},
			{Addr: "10.0.0.2:1", Error: "connection refused"},
			{Addr: "10.0.0.3:1", Error: `refused: 503 "No slots"`},
			{Addr: "10.0.0.4:1", Error: "unexpected EOF"},
		}
		if got := h.Status().Seeds; !slices.Equal(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
		if got := other.Status().Seeds; got == nil || len(got) != 0 {
			t.Errorf("without seeds: %#v", got)
		}
		(<-conns).Close()
		synctest.Wait()
		if got := h.Status().Seeds[0]; got.Linked || got.Error != "" {
			t.Errorf("after the link has ended: %+v", got)
		}
		h.stop()
		other.stop()
	})
}
