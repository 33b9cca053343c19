package protocol

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/seed282dab8e/servent/protocol/tiger"
)

// testTree is the whole tree of a file of that size, built as the text says.
func testTree(size int) THEX {
	content := bytes.Repeat([]byte("servent"), size/7+1)[:size]
	var level []tiger.Digest
	for at := 0; at == 0 || at < size; at += tiger.LeafSize {
		level = append(level, tiger.Sum(append([]byte{0}, content[at:min(at+tiger.LeafSize, size)]...)))
	}
	return THEX{Size: uint64(size), Levels: tiger.Expand(level)}
}

func (x THEX) root() tiger.Digest { return x.Levels[0][0] }

func TestTHEXRoundTrip(t *testing.T) {
	for _, size := range []int{0, 1, 1024, 1025, 2048, 3000, 5 << 10, 100_000} {
		want := testTree(size)
		var tree tiger.Tree
		tree.Write(bytes.Repeat([]byte("servent"), size/7+1)[:size])
		if tree.Root() != want.root() {
			t.Fatalf("%d bytes: the test's own tree is wrong", size)
		}
		for depth := range want.Levels { // servents hand out as many levels as they like
			part := THEX{want.Size, want.Levels[:depth+1]}
			got, err := ParseTHEX(part.Append(nil), part.Size, part.root())
			if err != nil || !reflect.DeepEqual(got, part) {
				t.Errorf("%d bytes, %d levels: %v", size, depth+1, err)
			}
		}
	}
}

// TestTHEXLayout compares with what gtk-gnutella sent of a tree of the same
// shape: all but the uuid must be the same.
func TestTHEXLayout(t *testing.T) {
	text, err := os.ReadFile("testdata/wire/thex.dime.hex")
	if err != nil {
		t.Fatal(err)
	}
	captured, err := hex.DecodeString(strings.Join(strings.Fields(string(text)), ""))
	if err != nil {
		t.Fatal(err)
	}
	whole := testTree(1_500_000)
	ours := THEX{whole.Size, whole.Levels[:4]}.Append(nil)
	if len(ours) != 808 {
		t.Errorf("%d bytes, want 808", len(ours))
	}
	uuid := regexp.MustCompile(`uuid:[0-9a-f-]{36}`)
	got, want := uuid.ReplaceAll(ours[:400], nil), uuid.ReplaceAll(captured, nil)
	if !bytes.Equal(got, want) {
		t.Errorf("starts\n%q, want\n%q", got, want)
	}
}

func TestTHEXRefused(t *testing.T) {
	x := testTree(5000)
	good := x.Append(nil)
	swap := func(old, with string) []byte { return bytes.Replace(good, []byte(old), []byte(with), 1) }
	lie := testTree(5000)
	lie.Levels[2][1][3]++
	odd := testTree(5000)
	odd.Levels[3][4][0]++ // the node that goes up as it is
	deep := testTree(5000)
	deep.Levels = append(deep.Levels, deep.Levels[3])
	tests := []struct {
		name string
		b    []byte
		size uint64
		root tiger.Digest
	}{
		{"other size", good, 5001, x.root()},
		{"other root", good, 5000, tiger.Digest{}},
		{"a node that does not follow", lie.Append(nil), 5000, x.root()},
		{"a promoted node that does not follow", odd.Append(nil), 5000, x.root()},
		{"more levels than there are", deep.Append(nil), 5000, x.root()},
		{"half a level", THEX{5000, tiger.Nodes{x.Levels[0], x.Levels[1][:1]}}.Append(nil), 5000, x.root()},
		{"other leaves", swap(`segmentsize="1024"`, `segmentsize="2048"`), 5000, x.root()},
		{"other digest", swap("digest/tiger", "digest/sha-1"), 5000, x.root()},
		{"other order", swap("breadthfirst", "depth1stfirs"), 5000, x.root()},
		{"no such record", swap(`uri="uuid:`, `uri="uuix:`), 5000, x.root()},
		{"no xml", swap("<hashtree>", "<hashtrea>"), 5000, x.root()},
		{"one record", AppendDIME(nil, DIMERecord{Form: DIMEMedia}), 5000, x.root()},
		{"no nodes", AppendDIME(nil, mustDIME(t, good)[0], DIMERecord{ID: mustDIME(t, good)[1].ID}), 5000, x.root()},
		{"xml too long", AppendDIME(nil, DIMERecord{Data: make([]byte, maxTHEXXML+1)}, mustDIME(t, good)[1]), 5000, x.root()},
		{"too long", append(bytes.Clone(good), make([]byte, MaxTHEX)...), 5000, x.root()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseTHEX(tt.b, tt.size, tt.root)
			var wrong *Error
			if !errors.As(err, &wrong) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func mustDIME(t *testing.T, b []byte) []DIMERecord {
	t.Helper()
	records, err := ParseDIME(b)
	if err != nil {
		t.Fatal(err)
	}
	return records
}

func FuzzTHEX(f *testing.F) {
	for _, size := range []int{0, 5000, 100_000} {
		f.Add(testTree(size).Append(nil), uint64(size))
	}
	f.Add([]byte{}, uint64(1<<63))
	root := testTree(5000).root()
	f.Fuzz(func(t *testing.T, b []byte, size uint64) {
		x, err := ParseTHEX(b, size, root)
		if err == nil && (x.root() != root || x.Size != size) {
			t.Errorf("believed another root")
		}
	})
}

// TestTHEXCaptured reads the tree that gtk-gnutella 1.2.3 sent of a file whose
// root its hit has told.
func TestTHEXCaptured(t *testing.T) {
	answer, err := os.ReadFile("testdata/gtkg/thex.response")
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := bytes.Cut(answer, []byte("\r\n\r\n"))
	root, err := ParseURN("urn:bitprint:K7GDLP6IYLOCOIOAGD2QLOOFEEJXBGU3.BVRXE7O3UHGUUOHZPYM5NAGSBMASWD7FS7SBMMY")
	if err != nil {
		t.Fatal(err)
	}
	x, err := ParseTHEX(body, 440_040, root.Tiger)
	if err != nil || len(x.Levels) != 2 || len(x.Levels[1]) != 2 {
		t.Errorf("%d levels, %v", len(x.Levels), err)
	}
}
