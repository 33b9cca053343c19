package search

import (
	"testing"

	"github.com/seed282dab8e/servent/protocol"
)

// hasAll says whether a table lets a query with this text pass.
func hasAll(table *protocol.RouteTable, text string) bool {
	for _, h := range AppendHashes(nil, []byte(text)) {
		if !table.Has(h) {
			return false
		}
	}
	return true
}

func TestAddWords(t *testing.T) {
	table := protocol.NewRouteTable(protocol.MaxTableBits)
	AddWords(table, "Müsik/Johann Strauß/An-der-schönen-blauen-Internationalization.mp3")
	AddWords(table, "ab/cde/Αθήνα/蓝色多瑙河.ogg")
	for _, query := range []string{
		"musik", "MÜSIK johann", "strauß", "schonen", "ab", "cde", "mp3", "αθηνα", "蓝色多瑙河",
		"int*", "inte*", "interna*", "internationalizatio*", "internationalization*", "joh*", "蓝色多*", "αθη*", "schö*",
	} {
		if !hasAll(table, query) {
			t.Errorf("the table does not let %q pass", query)
		}
	}
	for _, query := range []string{"waltz", "in*", "ohann", "nternationalization", "蓝色*", "xyz*"} {
		if hasAll(table, query) {
			t.Errorf("the table lets %q pass", query)
		}
	}
}

// TestAddWordsForeign: servents that keep accents, or spell words in another way, find us.
func TestAddWordsForeign(t *testing.T) {
	table := protocol.NewRouteTable(protocol.MaxTableBits)
	AddWords(table, "Schöne Αθήνα/Cafe\u0301 Strauß ποταμός.mp3")
	for name, hash := range map[string]uint32{
		"accent kept":     protocol.WordHash("schöne"),
		"accent composed": protocol.WordHash("café"),
		"accents shorter": protocol.WordHash("schön"),
		"greek":           protocol.WordHash("αθήνα"),
		"sharp s":         protocol.WordHash("strauss"),
		"final sigma":     protocol.WordHash("ποταμος"),
	} {
		if !table.Has(hash) {
			t.Errorf("%s: not in the table", name)
		}
	}
}

func TestAppendHashesAsTokens(t *testing.T) {
	for _, text := range []string{
		"", "Blue Danube", "net/http/server.go", "Café ÜBER", "a", " -- ",
		"ALongWordOfMoreThanThirtyTwoLettersInARow and more", "x\xffy",
	} {
		var want []uint32
		for _, w := range Tokens(text) {
			want = append(want, protocol.WordHash(w))
		}
		got := AppendHashes([]uint32{7}, []byte(text))
		if len(got) != len(want)+1 || got[0] != 7 {
			t.Errorf("%q: %d hashes, want %d", text, len(got)-1, len(want))
			continue
		}
		for i, h := range want {
			if got[i+1] != h {
				t.Errorf("%q: hash %d is %x, want %x", text, i, got[i+1], h)
			}
		}
	}
}

func FuzzAppendHashes(f *testing.F) {
	f.Add([]byte("Blue Danube"))
	f.Add([]byte("Caf\xc3\xa9 x*"))
	f.Fuzz(func(t *testing.T, text []byte) {
		hashes := AppendHashes(nil, text)
		for i, w := range Tokens(string(text)) {
			if i >= len(hashes) || hashes[i] != protocol.WordHash(w) {
				t.Fatalf("%q: word %q is not hash %d of %x", text, w, i, hashes)
			}
		}
	})
}
