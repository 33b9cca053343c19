package protocol

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// TestCapturedSessions: every message of the captured links to gtk-gnutella, theirs
// and ours, is understood and encodes to the same bytes again.
func TestCapturedSessions(t *testing.T) {
	for name, want := range map[string]map[Kind]int{
		"leaf":             {KindPong: 217, KindQueryHit: 7, KindQuery: 8, KindPush: 1, KindBye: 1},
		"ultrapeer":        {KindPing: 287, KindPong: 287, KindQRP: 14, KindQueryHit: 1, KindQuery: 12, KindBye: 1},
		"super-beside":     {KindPing: 20, KindPong: 53, KindQRP: 7, KindQueryHit: 7, KindQuery: 29, KindBye: 1},
		"super-leaf":       {KindPing: 9, KindPong: 18, KindQRP: 2, KindQueryHit: 6, KindQuery: 10, KindBye: 1},
		"super-own-leaf":   {KindPing: 5, KindPong: 5, KindQRP: 2, KindQueryHit: 8, KindQuery: 9, KindBye: 1},
		"super-firewalled": {KindPing: 2, KindPong: 2, KindQRP: 2, KindQueryHit: 3, KindQuery: 3, KindPush: 3, KindBye: 1},
		"leaf-searches":    {KindPing: 1, KindPong: 17, KindQRP: 4, KindQueryHit: 7, KindQuery: 7, KindBye: 1},
	} {
		seen := map[Kind]int{}
		for _, msg := range sessionMessages(t, name) {
			h, err := ParseHeader(msg)
			if err != nil || int(h.Size) != len(msg)-HeaderSize {
				t.Fatalf("%s: %x: %v", name, msg, err)
			}
			seen[h.Kind]++
			p, err := parseAny(h.Kind, msg[HeaderSize:])
			if err != nil {
				t.Errorf("%s: %v %x: %v", name, h.Kind, msg, err)
				continue
			}
			h.Size = 0
			if got := AppendMessage(nil, h, p); !bytes.Equal(got, msg) {
				t.Errorf("%s: %v appended as\n%x, was\n%x", name, h.Kind, got, msg)
			}
		}
		for kind, n := range want {
			if seen[kind] != n {
				t.Errorf("%s: %d messages of kind %v, want %d", name, seen[kind], kind, n)
			}
		}
	}
}

// TestCapturedDatagrams is the same for what went over UDP.
func TestCapturedDatagrams(t *testing.T) {
	text, err := os.ReadFile("testdata/gtkg/datagrams")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[Kind]int{}
	for line := range strings.Lines(string(text)) {
		msg := unhex(t, strings.Fields(line)[2])
		h, err := ParseHeader(msg)
		if err != nil {
			t.Fatalf("%x: %v", msg, err)
		}
		seen[h.Kind]++
		p, err := parseAny(h.Kind, msg[HeaderSize:])
		if err != nil {
			t.Errorf("%v %x: %v", h.Kind, msg, err)
			continue
		}
		h.Size = 0
		if got := AppendMessage(nil, h, p); !bytes.Equal(got, msg) {
			t.Errorf("%v appended as\n%x, was\n%x", h.Kind, got, msg)
		}
	}
	for _, kind := range []Kind{KindPing, KindPong, KindVendor, KindQueryHit, KindPush} {
		if seen[kind] == 0 {
			t.Errorf("none of kind %v", kind)
		}
	}
}

// sessionMessages returns the messages of a captured session, both ways.
func sessionMessages(t *testing.T, name string) (messages [][]byte) {
	t.Helper()
	text, err := os.ReadFile("testdata/gtkg/" + name + ".session")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if b := unhex(t, strings.Fields(line)[2]); !bytes.HasPrefix(b, []byte("GNUTELLA")) {
			messages = append(messages, b)
		}
	}
	return messages
}

// opaque is a payload that the codec does not look into.
type opaque []byte

func (o opaque) Append(b []byte) []byte { return append(b, o...) }

// parseAny reads a payload of any kind.
func parseAny(kind Kind, b []byte) (Payload, error) {
	switch kind {
	case KindPing:
		return ParsePing(b)
	case KindPong:
		return ParsePong(b)
	case KindBye:
		return ParseBye(b)
	case KindPush:
		return ParsePush(b)
	case KindQuery:
		return ParseQuery(b)
	case KindQueryHit:
		return ParseQueryHit(b)
	case KindVendor:
		return ParseVendor(b)
	case KindQRP:
		if len(b) > 0 && b[0] == 0 {
			return ParseReset(b)
		}
		return ParseRoutePatch(b)
	}
	return opaque(b), nil
}
