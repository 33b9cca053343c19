package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestLinks(t *testing.T) {
	text, r := measureSmall(t, "links", "-links", "20", "-rest", "1ms")
	if len(r.Rows) != 5 || strings.Count(text, "an idle client of nats-server") != 10 {
		t.Errorf("want five rows beside nats-server in\n%s", text)
	}
}

// TestVerdictOfFigure: a row tells whether it keeps its limit and its aim.
func TestVerdictOfFigure(t *testing.T) {
	for _, c := range []struct {
		figure, most, aim float64
		want              string
	}{
		{5, 0, 0, ""},
		{16, 16, 0, "within 16 KiB"},
		{16.5, 16, 12, "MISSED: at most 16 KiB"},
		{16, 16, 12, "within 16 KiB, not the aim of 12"},
		{12, 16, 12, "within 16 KiB, and the aim of 12"},
	} {
		for _, peer := range []string{"", "others"} {
			r := &row{Unit: "KiB", Peer: peer, Most: c.most, OfFigure: true, Aim: c.aim}
			r.note(c.figure, 100)
			if got := r.verdict(); got != c.want {
				t.Errorf("%v of %v and %v: %q, want %q", c.figure, c.most, c.aim, got, c.want)
			}
		}
	}
}

// TestLeafTables: the tables are as large and as full as they are said to be.
func TestLeafTables(t *testing.T) {
	tables := leafTables()
	for i, parts := range tables {
		size := 0
		for _, p := range parts {
			size += len(p)
		}
		if size < 4<<10 || i > 0 && bytes.Equal(parts[1], tables[0][1]) {
			t.Errorf("table %d has %d bytes, or is the first again", i, size)
		}
	}
}
