package servent

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// TestOtherKinds: messages of a kind that we do not know, and what cannot be
// cut into messages, are counted as such.
func TestOtherKinds(t *testing.T) {
	inBubble(t, func(t *testing.T, h *host) {
		c := linkUp(t, h)
		defer c.Close()
		go func() { _, _ = io.Copy(io.Discard, c) }()
		for _, kind := range []protocol.Kind{protocol.KindHSEP, protocol.KindDHT} {
			if _, err := c.Write(protocol.AppendMessage(nil, protocol.Header{Kind: kind, TTL: 1}, nil)); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if n := h.Status().Messages["other"]; n.In != 2 || n.Dropped != 2 {
			t.Errorf("counted %+v, want 2 in, 2 dropped", n)
		}
		bad := protocol.Header{Kind: protocol.KindQuery, TTL: 1, Size: 1<<32 - 1}.Append(nil)
		if _, err := c.Write(bad); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if n := h.Status().Messages["other"]; n.Dropped != 3 {
			t.Errorf("counted %+v, want 3 dropped", n)
		}
	})
}

// TestFailedDialBacks: a Push that cannot be obeyed is counted.
func TestFailedDialBacks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := runHost(t, Config{dial: func(context.Context, netip.AddrPort) (net.Conn, error) { return nil, errors.New("nobody") }})
		h.dialBack(t.Context(), netip.MustParseAddrPort("10.0.0.7:9"), 0)
		if n := h.Status().Edge.DialBacksFailed; n != 1 {
			t.Errorf("counted %d", n)
		}
		h.stop()
	})
}

// TestUploadCounters: what the upload server turns away stands in the status.
func TestUploadCounters(t *testing.T) {
	inBubble(t, func(t *testing.T, h *host) {
		for _, request := range []string{"GET /get/7/none HTTP/1.1\r\nHost: a\r\n\r\n", "GET /nonsense HTTP/1.1\r\nHost: a\r\n\r\n"} {
			c := h.pipes.knock()
			go func() { _, _ = io.WriteString(c, request) }()
			if _, err := io.ReadFull(c, make([]byte, 12)); err != nil {
				t.Fatal(err)
			}
			go func() { _, _ = io.Copy(io.Discard, c) }()
		}
		synctest.Wait()
		e := h.Status().Edge
		if e.UploadsMissing+e.UploadsRefused != 2 || e.UploadsMissing == 0 {
			t.Errorf("counted %+v", e)
		}
		if got := e.Counts(); got["uploads_missing"] != e.UploadsMissing || len(got) < 10 {
			t.Errorf("by name: %v", got)
		}
	})
}

// TestFullInbox: a connection that the upload server does not take is closed
// and counted.
func TestFullInbox(t *testing.T) {
	inBubble(t, func(t *testing.T, h *host) {
		_ = h.inbox.Close() // never fails; from here on it takes nothing
		c := h.pipes.knock()
		go func() { _, _ = io.WriteString(c, "GET / HTTP/1.1\r\n\r\n") }()
		untilClosed(c)
		if n := h.Status().Edge.InboxFull; n != 1 {
			t.Errorf("counted %d", n)
		}
	})
}

// TestStatusTellsOfLinks: for how long there have been links, and when one has ended.
func TestStatusTellsOfLinks(t *testing.T) {
	inBubble(t, func(t *testing.T, h *host) {
		if st := h.Status(); st.Linked != 0 || st.LinkLost != nil {
			t.Errorf("at first: %d, %v", st.Linked, st.LinkLost)
		}
		c := linkUp(t, h)
		go func() { _, _ = io.Copy(io.Discard, c) }()
		time.Sleep(7 * time.Second)
		if st := h.Status(); st.Linked != 7 || st.LinkLost != nil {
			t.Errorf("with a link: %d, %v", st.Linked, st.LinkLost)
		}
		c.Close()
		time.Sleep(3 * time.Second)
		if st := h.Status(); st.Linked != 0 || st.LinkLost == nil || *st.LinkLost != 3 {
			t.Errorf("without it: %d, %v", st.Linked, st.LinkLost)
		}
	})
}
