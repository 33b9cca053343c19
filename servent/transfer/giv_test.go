package transfer

import (
	"errors"
	"strings"
	"testing"

	"github.com/seed282dab8e/servent/protocol"
)

const someID = "36be31020494b38bf3d170902b279908"

func TestParseGIV(t *testing.T) {
	id, err := protocol.ParseGUID(someID)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, line string
		want       GIV
	}{
		// Captured from gtk-gnutella 1.2.3, and the form of LimeWire 5.
		{"gtk-gnutella", "GIV 1:" + someID + "/file\n\n", GIV{1, id, "file"}},
		{"limewire", "GIV 0:" + strings.ToUpper(someID) + "/file\n\n", GIV{0, id, "file"}},
		{"crlf", "GIV 7:" + someID + "/a b.txt\r\n\r\n", GIV{7, id, "a b.txt"}},
		{"bare line", "GIV 4294967295:" + someID + "/", GIV{1<<32 - 1, id, ""}},
		{"slash in name", "GIV 1:" + someID + "/a/b", GIV{1, id, "a/b"}},
		{"longest", "GIV 1:" + someID + "/" + strings.Repeat("n", MaxGIVLine-39), GIV{1, id, strings.Repeat("n", MaxGIVLine-39)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseGIV([]byte(tt.line))
			if err != nil || got != tt.want {
				t.Fatalf("ParseGIV = %+v, %v; want %+v", got, err, tt.want)
			}
			again, err := ParseGIV(got.Append(nil))
			if err != nil || again != got {
				t.Errorf("appended and parsed: %+v, %v", again, err)
			}
		})
	}
}

func TestParseGIVRefuses(t *testing.T) {
	tests := []struct {
		name, line string
		kind       protocol.ErrorKind
	}{
		{"empty", "", protocol.Malformed},
		{"other word", "GET 1:" + someID + "/file", protocol.Malformed},
		{"no index", "GIV :" + someID + "/file", protocol.Malformed},
		{"negative index", "GIV -1:" + someID + "/file", protocol.Malformed},
		{"index past 32 bits", "GIV 4294967296:" + someID + "/file", protocol.Malformed},
		{"short id", "GIV 1:" + someID[1:] + "/file", protocol.Malformed},
		{"no hex", "GIV 1:z" + someID[1:] + "/file", protocol.Malformed},
		{"no name", "GIV 1:" + someID, protocol.Malformed},
		{"control in name", "GIV 1:" + someID + "/a\nb", protocol.Malformed},
		{"one past the longest", "GIV 1:" + someID + "/" + strings.Repeat("n", MaxGIVLine-38), protocol.TooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseGIV([]byte(tt.line))
			var perr *protocol.Error
			if !errors.As(err, &perr) || perr.Kind != tt.kind {
				t.Errorf("ParseGIV: %v, want kind %v", err, tt.kind)
			}
		})
	}
}

func TestAppendGIVHostileName(t *testing.T) {
	g := GIV{Name: "a\n\nGET / HTTP/1.0\r\n\r\n" + strings.Repeat("x", 2*MaxGIVLine)}
	line := string(g.Append(nil))
	if strings.Index(line, "\n") != len(line)-2 || len(line) != MaxGIVLine+2 {
		t.Errorf("line of %d bytes with an inner end: %q", len(line), line[:80])
	}
	if _, err := ParseGIV([]byte(line)); err != nil {
		t.Error(err)
	}
}

func FuzzParseGIV(f *testing.F) {
	f.Add([]byte("GIV 1:" + someID + "/file\n\n"))
	f.Add([]byte("GIV 0:" + someID + "/"))
	f.Fuzz(func(t *testing.T, line []byte) {
		g, err := ParseGIV(line)
		if err != nil {
			var perr *protocol.Error
			if !errors.As(err, &perr) {
				t.Fatalf("error of another type: %v", err)
			}
			return
		}
		out := g.Append(nil)
		again, err := ParseGIV(out)
		if err != nil || again != g {
			t.Fatalf("%q: %+v, then %+v, %v", line, g, again, err)
		}
	})
}
