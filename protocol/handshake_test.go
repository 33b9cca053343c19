package protocol

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// captured returns the groups of a handshake that was captured from a running
// servent, in order: after each marker line one side speaks.
func captured(t testing.TB, name string) []string {
	t.Helper()
	file, err := os.ReadFile(filepath.Join("testdata/wire", name+".handshake.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var groups []string
	for line := range strings.Lines(string(file)) {
		switch {
		case strings.HasPrefix(line, ">>>>>"), strings.HasPrefix(line, "<<<<<"):
			groups = append(groups, "")
		case len(groups) == 0:
			t.Fatalf("%s does not begin with a marker", name)
		default:
			groups[len(groups)-1] += line
		}
	}
	return groups
}

// readGroup parses b as one group.
func readGroup(b []byte) (g Group, n int, done bool, err error) {
	var r GroupReader
	n, done, err = r.Feed(b)
	return r.Group(), n, done, err
}

// wholeGroup parses text as exactly one group.
func wholeGroup(t failer, text string) Group {
	g, n, done, err := readGroup([]byte(text))
	if n != len(text) || !done || err != nil {
		t.Fatal("group of", len(text), "bytes: took", n, done, err)
	}
	return g
}

// capture says what a captured handshake is to be read as. Codes of 0 are
// CONNECT lines. Headers are "group name: value".
type capture struct {
	version string
	codes   []int
	texts   []string
	headers []string
}

const gtkg = "User-Agent: gtk-gnutella/1.2.3-14-ga331a-dirty (2024-03-03; "

var captures = map[string]capture{
	"crawler": {
		"0.6",
		[]int{0, 200, 200},
		[]string{"", "OK", "OK"},
		[]string{"0 crawler: 0.1", "1 Peers: ", "1 Leaves: ", "1 X-Live-Since: Mon, 03 Jun 2024 21:36:16 +0000"},
	},
	"leaf_session": {
		"0.6",
		[]int{0, 200, 200},
		[]string{"", "OK", "OK"},
		[]string{
			"0 X-Ultrapeer: False", "0 Listen-IP: 127.0.0.1:7999", "0 X-Features: sflag/0.1, browse/1.0, HSEP/0.2",
			"1 " + gtkg + "Topless; Linux x86_64)", "1 GUID: 3c1f31020bb5d9e3db8e6ed496ec1932", "1 x-ultrapeer-needed: True",
			"1 X-Degree: 46", "1 X-Max-TTL: 4", "1 Content-Encoding: deflate", "2 content-encoding: deflate",
		},
	},
	"out_leaf": {
		"0.6",
		[]int{0, 200, 200},
		[]string{"", "OK", "OK"},
		[]string{
			"0 Node: 5.11.0.1:7003", "0 Remote-IP: 5.13.0.1", "0 X-Ultrapeer: False",
			"0 X-Token: Zl44GvOkDH56GK2qDexnZQnPdR4AJbNg0ed+; vcE=", "1 User-Agent: InteropProbe/0.1", "2 Content-Encoding: deflate",
		},
	},
	"out_ultra": {
		"0.6",
		[]int{0, 200, 200},
		[]string{"", "OK", "OK"},
		[]string{"0 X-Ultrapeer: True", "0 GUID: 36be31020494b38bf3d170902b279908", "1 X-Ext-Probes: 0.1", "2 Content-Encoding: deflate"},
	},
	"rej_leaf_no_deflate": {
		"0.6",
		[]int{0, 403},
		[]string{"", "Gnet connection not compressed"},
		[]string{"1 Remote-IP: 127.0.0.1"},
	},
	"rej_no_xultrapeer": {
		"0.6",
		[]int{0, 403},
		[]string{"", "Normal nodes refused"},
		[]string{"0 Accept-Encoding: deflate", "1 Remote-IP: 127.0.0.1"},
	},
	"rej_v04": {"0.4", []int{0}, []string{""}, nil},
	"relay_ultra": {
		"0.6",
		[]int{0, 200, 200},
		[]string{"", "OK", "OK"},
		[]string{"0 X-Ultrapeer: True", "1 X-Ultrapeer: True", "1 X-Query-Routing: 0.2", "2 Content-Encoding: deflate"},
	},
}

func TestCapturedHandshakes(t *testing.T) {
	files, err := filepath.Glob("testdata/wire/*.handshake.txt")
	if err != nil || len(files) != len(captures) {
		t.Fatalf("%d captured handshakes, %d known: %v", len(files), len(captures), err)
	}
	for name, want := range captures {
		t.Run(name, func(t *testing.T) { want.check(t, captured(t, name)) })
	}
}

func (c capture) check(t *testing.T, texts []string) {
	if len(texts) > len(c.codes) && texts[len(c.codes)] == "" {
		texts = texts[:len(c.codes)] // the servent closed without a word
	}
	if len(texts) != len(c.codes) {
		t.Fatalf("%d groups, want %d", len(texts), len(c.codes))
	}
	groups := make([]Group, len(texts))
	for i, text := range texts {
		g := wholeGroup(t, text)
		if g.Version != c.version || g.Connect != (i == 0) || g.Code != c.codes[i] || g.Text != c.texts[i] {
			t.Errorf("group %d: %v %q %d %q", i, g.Connect, g.Version, g.Code, g.Text)
		}
		if got := strings.Count(text, "\n") - 2; g.Headers.Len() != got {
			t.Errorf("group %d: %d headers of %d", i, g.Headers.Len(), got)
		}
		if got := string(g.Append(nil)); got != text && c.version != "0.4" { // that one ends lines in LF
			t.Errorf("group %d comes back as %q, want %q", i, got, text)
		}
		groups[i] = g
	}
	for _, h := range c.headers {
		name, value, _ := strings.Cut(h[2:], ": ")
		headers := groups[h[0]-'0'].Headers
		if got := headers.Get(name); !headers.Has(name) || got != value {
			t.Errorf("group %c: %s: %q, want %q", h[0], name, got, value)
		}
	}
}

func TestGroupAppend(t *testing.T) {
	for _, c := range []struct {
		group Group
		text  string
	}{
		{Group{Connect: true, Version: "0.6"}, "GNUTELLA CONNECT/0.6\r\n\r\n"},
		{Group{Version: "0.6", Code: 200, Text: "OK", Headers: headersOf("A: b")}, "GNUTELLA/0.6 200 OK\r\nA: b\r\n\r\n"},
		{Group{Version: "0.6", Code: 503, Headers: headersOf("Peers: ")}, "GNUTELLA/0.6 503\r\nPeers: \r\n\r\n"},
		{ // what a peer made us say cannot end the line
			Group{Version: "0.6", Code: 503, Text: "no\r\n\r\nroom", Headers: headersOf("A: b\nC: d\x00")},
			"GNUTELLA/0.6 503 no    room\r\nA: b C: d \r\n\r\n",
		},
	} {
		if got := string(c.group.Append([]byte("before "))); got != "before "+c.text {
			t.Errorf("got %q, want %q", got, c.text)
		}
	}
}

// TestGroupRoundTrip writes groups as we do and reads them in pieces.
func TestGroupRoundTrip(t *testing.T) {
	words := rapid.StringMatching(`([!-~ä]+( [!-~ä]+)*)?`)
	rapid.Check(t, func(t *rapid.T) {
		g := Group{Connect: rapid.Bool().Draw(t, "connect"), Version: rapid.StringMatching(`[0-9]{1,3}\.[0-9]{1,3}`).Draw(t, "version")}
		if !g.Connect {
			g.Code = rapid.IntRange(100, 999).Draw(t, "code")
			g.Text = words.Draw(t, "text")
		}
		for range rapid.IntRange(0, 8).Draw(t, "headers") {
			g.Headers.Add(rapid.StringMatching(`[!-9;-~]{1,12}`).Draw(t, "name"), words.Draw(t, "value"))
		}
		text := g.Append(nil)
		stream := append(bytes.Clone(text), "\x00binary"...)
		var r GroupReader
		taken := 0
		for done := false; !done; {
			piece := stream[taken : taken+rapid.IntRange(0, len(stream)-taken).Draw(t, "piece")]
			n, d, err := r.Feed(piece)
			if err != nil {
				t.Fatal(err)
			}
			taken, done = taken+n, d
		}
		if taken != len(text) {
			t.Fatalf("took %d of %d bytes", taken, len(text))
		}
		if again := r.Group().Append(nil); !bytes.Equal(again, text) {
			t.Fatalf("%q comes back as %q", text, again)
		}
		if got := r.Group(); got.Connect != g.Connect || got.Version != g.Version || got.Code != g.Code || got.Text != g.Text {
			t.Fatalf("%+v comes back as %+v", g, got)
		}
	})
}
