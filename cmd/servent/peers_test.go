package main

import (
	"testing"
	"time"

	"github.com/seed282dab8e/servent/servent"
)

func TestPeersTable(t *testing.T) {
	var out buffer
	a := newApp(&out, &buffer{}, home{}.lookEnv)
	now := time.Now()
	a.showPeers("supernode", []servent.PeerInfo{
		{Addr: "127.0.0.1:6346", Role: "flat", Agent: "Evil\x1b[2J/1.0", Since: now.Add(-time.Hour), In: 1234, Out: 5},
		{Addr: "10.0.0.2:6346", Role: "leaf", Agent: "a", Since: now, List: &servent.ListInfo{State: "held", Files: 1}},
		{Addr: "10.0.0.3:6346", Role: "supernode", Agent: "b", Since: now, List: &servent.ListInfo{State: "table"}},
	}, now)
	want := "PEER            ROLE              UP     IN  OUT  FILES            AGENT\n" +
		"127.0.0.1:6346  flat       1 h 0 min  1,234    5  -                Evil[2J/1.0\n" +
		"10.0.0.2:6346   leaf           <1 ms      0    0  its 1 file       a\n" +
		"10.0.0.3:6346   supernode      <1 ms      0    0  tables of words  b\n"
	if out.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", out.String(), want)
	}
}

// TestFilesText: what stands in the last but one column, by both roles.
func TestFilesText(t *testing.T) {
	list := func(state string) *servent.ListInfo { return &servent.ListInfo{State: state} }
	for _, c := range []struct {
		own, peer string
		list      *servent.ListInfo
		want      string
	}{
		{"supernode", "leaf", nil, "-"},
		{"supernode", "supernode", nil, "-"},
		{"supernode", "supernode", list("table"), "tables of words"},
		{"supernode", "leaf", list("table"), "its table of words"},
		{"leaf", "supernode", list("table"), "ours: table of words"},
		{"supernode", "leaf", list("coming"), "its list coming"},
		{"supernode", "leaf", list("refused"), "its table of words"},
		{"leaf", "supernode", nil, "-"},
		{"leaf", "supernode", list("offered"), "ours: list offered"},
		{"leaf", "supernode", list("sending"), "ours: list sending"},
		{"leaf", "supernode", list("given"), "ours: list given"},
		{"leaf", "supernode", &servent.ListInfo{State: "refused", Reason: "no \x1broom"}, "ours: table of words, list refused: no room"},
		{"leaf", "flat", nil, "-"},
		{"flat", "supernode", nil, "-"},
	} {
		if got := filesText(c.own, &servent.PeerInfo{Role: c.peer, List: c.list}); got != c.want {
			t.Errorf("%s to %s, %+v: %q, want %q", c.own, c.peer, c.list, got, c.want)
		}
	}
}
