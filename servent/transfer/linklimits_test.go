package transfer

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol/tiger"
)

// TestHeaderLimits: an answer's header at the limits, and one past each.
func TestHeaderLimits(t *testing.T) {
	const first, last = "HTTP/1.1 200 OK\r\nX: ", "\r\n\r\n"
	header := func(size int) string { return first + strings.Repeat("x", size-len(first)-len(last)) + last }
	interim := func(n int) string {
		return strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", n) + header(100)
	}
	for name, tt := range map[string]struct {
		text string
		want error
	}{
		"header at the limit": {header(maxHeaderBytes), nil},
		"header one past it":  {header(maxHeaderBytes + 1), errHeadersSize},
		"endless header":      {header(10 * maxHeaderBytes), errHeadersSize},
		"interim answers":     {interim(maxInterim), nil},
		"one too many":        {interim(maxInterim + 1), errHeaders},
	} {
		t.Run(name, func(t *testing.T) {
			here, there := net.Pipe()
			defer here.Close()
			go func() {
				defer there.Close()
				_, _ = io.WriteString(there, tt.text)
			}()
			cfg := quick().withDefaults()
			resp, err := newLink(here, &cfg, "x").receive(false)
			if !errors.Is(err, tt.want) || err == nil && resp.StatusCode != 200 {
				t.Errorf("error %v, want %v", err, tt.want)
			}
		})
	}
}

// TestWindow: how much a source is asked for in advance grows with its speed, from answer to
// answer, up to a limit; where it answers one request at a time, one is for longer.
func TestWindow(t *testing.T) {
	s := bareSwarm(Job{URN: urnOf(nil)}, sourceAt(1))
	s.resize(1<<30, nil)
	c := s.all[0]
	if c.window() != 0 {
		t.Errorf("%d bytes before anything is known", c.window())
	}
	s.measured(c, 1e6, 100*time.Millisecond) // 10 MB/s
	if c.window() != tiger.MinPart {
		t.Errorf("%d bytes after the first answer", c.window())
	}
	for range 10 {
		s.measured(c, 1e6, 100*time.Millisecond)
	}
	one := c.window()
	c.pipelines = true
	if more := c.window(); one != maxAhead || more < 3.9e6 || more > 4.1e6 {
		t.Errorf("%d bytes in one request, %d in several; want %d and 4 MB", one, more, maxAhead)
	}
	for range 20 {
		s.measured(c, 1e5, 100*time.Millisecond)
	}
	if w := c.window(); w < 3.9e5 || w > 4.2e5 {
		t.Errorf("%d bytes when it has become slow", w)
	}
}
