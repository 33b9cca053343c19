package protocol

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestGroupReaderTolerates(t *testing.T) {
	for name, c := range map[string]struct {
		text    string
		want    Group
		headers []string
	}{
		"LF alone":       {"GNUTELLA CONNECT/0.6\nA: b\n\n", Group{Connect: true, Version: "0.6"}, []string{"A: b"}},
		"mixed ends":     {"GNUTELLA CONNECT/0.6\r\nA: b\n\r\n", Group{Connect: true, Version: "0.6"}, []string{"A: b"}},
		"higher version": {"GNUTELLA CONNECT/12.34\r\n\r\n", Group{Connect: true, Version: "12.34"}, nil},
		"higher answer":  {"GNUTELLA/0.7 200 OK\r\n\r\n", Group{Version: "0.7", Code: 200, Text: "OK"}, nil},
		"no text":        {"GNUTELLA/0.6 200\r\n\r\n", Group{Version: "0.6", Code: 200}, nil},
		"blanks":         {"GNUTELLA/0.6  503 \t Not  now \r\n\r\n", Group{Version: "0.6", Code: 503, Text: "Not  now"}, nil},
		"blank at end":   {"GNUTELLA CONNECT/0.6 \r\n\r\n", Group{Connect: true, Version: "0.6"}, nil},
		"header blanks":  {"GNUTELLA/0.6 200 OK\r\nA :\t b c \r\nD:e\r\n\r\n", Group{Version: "0.6", Code: 200, Text: "OK"}, []string{"A: b c", "D: e"}},
		"colon in value": {"GNUTELLA/0.6 200 OK\r\nNode: 1.2.3.4:5\r\n\r\n", Group{Version: "0.6", Code: 200, Text: "OK"}, []string{"Node: 1.2.3.4:5"}},
		"folded": {
			"GNUTELLA/0.6 200 OK\r\nX-Try: 1.2.3.4:5,\r\n\t6.7.8.9:10\r\n \r\n  end\r\nB:\r\n c\r\n\r\n",
			Group{Version: "0.6", Code: 200, Text: "OK"},
			[]string{"X-Try: 1.2.3.4:5, 6.7.8.9:10 end", "B: c"},
		},
		"not ASCII": {"GNUTELLA/0.6 200 OK\r\nA: \xe4\xff\r\n\r\n", Group{Version: "0.6", Code: 200, Text: "OK"}, []string{"A: \xe4\xff"}},
	} {
		t.Run(name, func(t *testing.T) {
			g := wholeGroup(t, c.text)
			if g.Connect != c.want.Connect || g.Version != c.want.Version || g.Code != c.want.Code || g.Text != c.want.Text {
				t.Errorf("got %+v", g)
			}
			if got := linesOf(g.Headers); !slices.Equal(got, c.headers) {
				t.Errorf("headers %q, want %q", got, c.headers)
			}
		})
	}
}

func TestGroupReaderRefuses(t *testing.T) {
	const ok = "GNUTELLA/0.6 200 OK\r\n"
	for text, field := range map[string]string{
		"\r\n":                                   "handshake line",
		"HTTP/1.1 200 OK\r\n":                    "handshake line",
		"gnutella connect/0.6\r\n":               "handshake line",
		"GNUTELLA CONNECT/\r\n":                  "handshake line",
		"GNUTELLA CONNECT/6\r\n":                 "handshake line",
		"GNUTELLA CONNECT/.6\r\n":                "handshake line",
		"GNUTELLA CONNECT/0.6.1\r\n":             "handshake line",
		"GNUTELLA CONNECT/0.6 x\r\n":             "handshake line",
		"GNUTELLA CONNECT/0.123456789012345\r\n": "handshake line",
		"GNUTELLA/0.6\r\n":                       "handshake line",
		"GNUTELLA/0.6 OK\r\n":                    "handshake line",
		"GNUTELLA/0.6 20 OK\r\n":                 "handshake line",
		"GNUTELLA/0.6 0200 OK\r\n":               "handshake line",
		"GNUTELLA/0.6 099 OK\r\n":                "handshake line",
		"GNUTELLA/0.6 2000 OK\r\n":               "handshake line",
		"GNUTELLA/0.6 +20 OK\r\n":                "handshake line",
		"GNUTELLA/x 200 OK\r\n":                  "handshake line",
		"GNUTELLA/0.6 200 O\x00K\r\n":            "handshake line",
		ok + "no colon\r\n":                      "handshake header",
		ok + ": no name\r\n":                     "handshake header",
		ok + "two words: x\r\n":                  "handshake header",
		ok + "n\xe4me: x\r\n":                    "handshake header",
		ok + " folded nothing\r\n":               "handshake header",
		ok + "A: b\x00\r\n":                      "handshake line",
		ok + "A: b\rc\r\n":                       "handshake line",
		ok + "\r\r\n":                            "handshake line",
	} {
		_, n, done, err := readGroup([]byte(text + "more"))
		if n != len(text) || done {
			t.Errorf("%q: took %d, done %v", text, n, done)
		}
		wantError(t, err, Malformed, field)
	}
}

func TestGroupReaderErrorSticks(t *testing.T) {
	var r GroupReader
	_, _, first := r.Feed([]byte("nonsense\n"))
	n, done, again := r.Feed([]byte("GNUTELLA/0.6 200 OK\r\n\r\n"))
	if n != 0 || done || first == nil || !errors.Is(again, first) {
		t.Errorf("took %d, done %v: %v after %v", n, done, again, first)
	}
}

// TestGroupReaderLimits goes to each limit and one past it.
func TestGroupReaderLimits(t *testing.T) {
	const ok = "GNUTELLA/0.6 200 OK\r\n"
	manyHeaders := strings.Repeat("A: b\r\n", MaxHeaders)
	longLine := "A: " + strings.Repeat("x", MaxHeaderLine-3)
	folded := "A: " + strings.Repeat("x", MaxHeaderLine-5) + "\r\n yy" // with its value put together: the limit
	// Lines as long as they may be, then one that fills the group.
	full := ok + strings.Repeat(longLine+"\n", 3) + "B:"
	full += strings.Repeat("y", MaxGroupBytes-len(full)-len("\n\n")) + "\n\n"
	for name, c := range map[string]struct{ good, bad, field string }{
		"headers":     {ok + manyHeaders + "\r\n", ok + manyHeaders + "A: b\r\n\r\n", "handshake headers"},
		"line":        {ok + longLine + "\r\n\r\n", ok + longLine + "x\r\n\r\n", "handshake line"},
		"line LF":     {ok + longLine + "\n\n", ok + longLine + "x\n\n", "handshake line"},
		"line CR":     {ok + longLine + "\r\n\r\n", ok + longLine + "\rx\n\n", "handshake line"},
		"folded line": {ok + folded + "\r\n\r\n", ok + folded + "y\r\n\r\n", "handshake line"},
		"status line": {
			ok[:len(ok)-2] + strings.Repeat("x", MaxHeaderLine+2-len(ok)) + "\r\n\r\n",
			ok[:len(ok)-2] + strings.Repeat("x", MaxHeaderLine+3-len(ok)) + "\r\n\r\n", "handshake line",
		},
		"group": {full, full[:len(full)-1] + "\r\n", "handshake"},
	} {
		t.Run(name, func(t *testing.T) {
			wholeGroup(t, c.good)
			_, _, done, err := readGroup([]byte(c.bad))
			if done {
				t.Error("took one too many")
			}
			wantError(t, err, TooLarge, c.field)
		})
	}
}

// TestGroupReaderKeepsLittle feeds a line of a megabyte, and a handshake that
// never ends.
func TestGroupReaderKeepsLittle(t *testing.T) {
	for name, piece := range map[string]string{
		"one line": strings.Repeat("x", 1000),
		"headers":  strings.Repeat("A: bcdefghijklmn\r\n", 50),
		"folds":    " x\r\n",
	} {
		b := []byte(piece)
		var r GroupReader
		_, _, err := r.Feed([]byte("GNUTELLA/0.6 200 OK\r\nA: b\r\n"))
		n := allocated(func() {
			for range 1 << 20 / len(b) {
				if err == nil {
					_, _, err = r.Feed(b)
				}
			}
		})
		if err == nil || r.size > MaxGroupBytes+1 {
			t.Errorf("%s: %d bytes taken", name, r.size)
		}
		checkPeerFault(t, err)
		if limit := uint64(8 << 20); n > limit { // folds are put together again and again
			t.Errorf("%s: %d bytes allocated", name, n)
		}
	}
}

func FuzzGroupReader(f *testing.F) {
	for name := range captures {
		for _, text := range captured(f, name) {
			f.Add([]byte(text))
		}
	}
	f.Add([]byte("GNUTELLA/0.7 503 \r\nA:\n b\n\t\nC : d\r\n\r\n\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		g, n, done, err := readGroup(b)
		checkPeerFault(t, err)
		if n > len(b) || done && err != nil || !done && err == nil && n < len(b) {
			t.Fatalf("took %d of %d, done %v, %v", n, len(b), done, err)
		}
		var r GroupReader
		m := 0
		for i := range b {
			k, _, _ := r.Feed(b[i : i+1])
			m += k
		}
		_, done2, err2 := r.Feed(nil)
		if m != n || done2 != done || fmt.Sprint(err2) != fmt.Sprint(err) {
			t.Fatalf("whole: %d %v %v; byte by byte: %d %v %v", n, done, err, m, done2, err2)
		}
		if !done {
			return
		}
		text := g.Append(nil)
		if !bytes.Equal(r.Group().Append(nil), text) {
			t.Fatalf("byte by byte: %q, want %q", r.Group().Append(nil), text)
		}
		again, k, done, err := readGroup(text)
		grown := len(text) > n // canonical line ends and blanks may pass a limit
		if !grown && (k != len(text) || !done || err != nil) {
			t.Fatalf("%q: took %d, done %v, %v", text, k, done, err)
		}
		if done && !bytes.Equal(again.Append(nil), text) {
			t.Fatalf("%q comes back as %q", text, again.Append(nil))
		}
	})
}

func BenchmarkGroupReader(b *testing.B) {
	text := []byte(captured(b, "out_leaf")[0])
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, done, err := readGroup(text); !done || err != nil {
			b.Fatal(err)
		}
	}
}
