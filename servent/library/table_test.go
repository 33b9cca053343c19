package library

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/search"
)

// passes says whether a table lets a query pass.
func passes(t *protocol.RouteTable, text string) bool {
	for _, h := range search.AppendHashes(nil, []byte(text)) {
		if !t.Has(h) {
			return false
		}
	}
	return true
}

func TestTable(t *testing.T) {
	dir := tempDir(t)
	l := New(Config{})
	if l.Table() != nil {
		t.Error("a table without files")
	}
	write(t, dir, "music/Café/Blue Danube.mp3", "waltz")
	add(t, l, dir)
	table := l.Table()
	for _, query := range []string{"cafe danube", "CAFÉ", "music mp3", "danu*", "urn"} {
		if got, want := passes(table, query), query != "urn"; got != want {
			t.Errorf("%q: passes %v, want %v", query, got, want)
		}
	}
	if urn := urnOf("waltz"); !table.Has(protocol.WordHash(urn.SHA1URN())) {
		t.Error("the URN is not in the table")
	}
	if table.Bits() != smallestTable {
		t.Errorf("%d bits, want %d", table.Bits(), smallestTable)
	}
	if l.Table() != table {
		t.Error("the table was made twice")
	}
	rescan(t, l)
	if l.Table() != table {
		t.Error("the table was made anew though nothing has changed")
	}
	write(t, dir, "waltz two.ogg", "2")
	rescan(t, l)
	if table2 := l.Table(); table2 == table || !passes(table2, "two ogg danube") || passes(table, "two") {
		t.Error("the table does not follow the files, or a table given out has changed")
	}
	if err := l.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if l.Table() != nil {
		t.Error("a table of nothing")
	}
}

// TestTableForgets: words of files that are gone are gone.
func TestTableForgets(t *testing.T) {
	a, b := tempDir(t), tempDir(t)
	write(t, a, "blue.txt", "1")
	write(t, b, "green.txt", "2")
	l := added(t, a, b)
	if !passes(l.Table(), "blue green") {
		t.Error("words are missing")
	}
	if err := l.Remove(a); err != nil {
		t.Fatal(err)
	}
	if passes(l.Table(), "blue") || !passes(l.Table(), "green txt") {
		t.Error("wrong words after a folder was taken back")
	}
}

func TestTableGrows(t *testing.T) {
	words := protocol.NewRouteTable(protocol.MaxTableBits)
	if got := fitted(words).Bits(); got != smallestTable {
		t.Errorf("%d bits for nothing", got)
	}
	rnd := rand.New(rand.NewPCG(1, 1))
	last := uint(smallestTable)
	for n := range 400_000 {
		word := fmt.Sprintf("%c%c%c%c%x", 'a'+rnd.IntN(26), 'a'+rnd.IntN(26), 'a'+rnd.IntN(26), 'a'+rnd.IntN(26), n)
		words.Add(word)
		if n%50_000 != 0 {
			continue
		}
		table := fitted(words)
		if table.Fill() > maxFill && table.Bits() < protocol.MaxTableBits || table.Bits() < last {
			t.Errorf("%d words: %d bits, fill %.2f", n, table.Bits(), table.Fill())
		}
		last = table.Bits()
		if !table.Has(protocol.WordHash(word)) {
			t.Errorf("%s is missing", word)
		}
	}
	if last <= smallestTable+1 {
		t.Errorf("%d bits for 400,000 words", last)
	}
}
