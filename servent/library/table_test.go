package library

import (
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
	if table.Bits() != 16 {
		t.Errorf("%d bits, want 16", table.Bits())
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
