package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/seed282dab8e/servent/servent"
)

// sessionOf is one whose servent is in this state; own: it is the command's.
func sessionOf(st servent.Status, err error, own bool) *session {
	h := &held{status: func(context.Context) (servent.Status, error) { return st, err }}
	if own {
		h.own = new(servent.Servent)
	}
	return &session{a: newApp(&buffer{}, &buffer{}, home{}.lookEnv), now: h}
}

func seconds(n int64) *int64 { return &n }

// TestLoneliness: who has no links is told why, and what to do: to wait, where the
// servent is at it, else to name a peer.
func TestLoneliness(t *testing.T) {
	linked := servent.Status{Links: map[string]int{"flat": 1}, Seeds: refusing.Seeds}
	lost := servent.Status{Seeds: refusing.Seeds, LinkLost: seconds(4), Uptime: 500}
	alone := servent.Status{ConnectOnly: true, Listen: "127.0.0.1:7001", LinkLost: seconds(4)}
	only := lost
	only.ConnectOnly = true
	for _, c := range []struct {
		status servent.Status
		err    error
		own    bool
		want   string
	}{
		{linked, nil, true, ""},
		{servent.Status{}, io.EOF, false, ""},
		{refusing, nil, true, `(10.0.0.1:1: refused: 503 "Shielded leaf"; `},
		{refusing, nil, false, `(10.0.0.1:1: refused: 503 "Shielded leaf"; `},
		{servent.Status{Uptime: 3}, nil, false, "the running servent has no links: it was started 3.0 s ago, and looks for peers; try again"},
		{servent.Status{Uptime: 60}, nil, false, "finds no peers by itself; to name one: `servent stop`, then `servent share --connect host:port DIR`"},
		{servent.Status{Uptime: 500, LinkLost: seconds(60)}, nil, false, "finds no peers by itself; to name one: `"},
		{lost, nil, false, "the last was lost 4.0 s ago, and it looks for another one; try again"},
		{lost, nil, true, "): start a servent there, or name others with --connect host:port"},
		{only, nil, false, "), which it tries on: start a servent there again, or name others: `servent stop`, then `servent share --connect-only --connect host:port DIR`"},
		{alone, nil, false, "it looks for nobody, and others may link to it on 127.0.0.1:7001; to name a peer: `servent stop`, then `servent share --connect-only --connect"},
		{alone, nil, true, "--connect-only keeps to the links of --connect: name a peer with --connect host:port"},
		{servent.Status{}, nil, true, "no peer could be reached"},
	} {
		got := sessionOf(c.status, c.err, c.own).loneliness(t.Context())
		if !strings.Contains(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("%+v, %v: %q, want %q", c.status, c.err, got, c.want)
		}
	}
}

// TestNothing: who finds nothing is told to wait while supernodes hear anew of what
// leaves share, and not to search for longer.
func TestNothing(t *testing.T) {
	links := map[string]int{"supernode": 2}
	for _, c := range []struct {
		status servent.Status
		own    bool
		want   string
	}{
		{servent.Status{Links: links, Linked: 3}, false, "nothing found for x: the first link is 3.0 s old, and supernodes may not know yet what others share; try again in some seconds"},
		{servent.Status{Links: links, Linked: 90, LinkLost: seconds(3), Role: "leaf"}, false, "nothing found for x: a supernode has gone 3.0 s ago, and others are being told what its leaves share; try again in some seconds"},
		{servent.Status{Links: links, Linked: 90, LinkLost: seconds(3), Role: "supernode"}, false, "nothing found for x: try fewer words, or a longer --timeout"},
		{servent.Status{Links: links, Linked: 90, LinkLost: seconds(15), Role: "leaf"}, false, "nothing found for x: try fewer words, or a longer --timeout"},
		{servent.Status{Links: links, Linked: 15}, false, "nothing found for x: try fewer words, or a longer --timeout"},
		{servent.Status{Links: links, Linked: 3}, true, "nothing found for x: try fewer words, or a longer --timeout"},
		{servent.Status{Links: links, Linked: 1}, true, "nothing found for x: the first link is 1.0 s old; try a longer --timeout"},
		{servent.Status{Links: links, Linked: 90, LinkLost: seconds(3), Role: "leaf"}, true, "nothing found for x: a supernode has gone 3.0 s ago, and others are being told what its leaves share; try a longer --timeout"},
		{servent.Status{Links: links, Linked: 90, LinkLost: seconds(3), Role: "flat"}, false, "nothing found for x: a link has gone 3.0 s ago, and with it the way to what lies behind; try again in some seconds"},
		{servent.Status{Links: map[string]int{"flat": 1}, Linked: 90, Role: "leaf"}, false, "nothing found for x: this leaf has no supernode, which would look for it; try again in some seconds"},
		{servent.Status{Uptime: 3}, false, "nothing found: the running servent has no links: "},
	} {
		err := sessionOf(c.status, nil, c.own).nothing(t.Context(), "x")
		if !errors.Is(err, errNothing) || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %s", c.status, err, c.want)
		}
	}
}

// TestSearchTellsOfOwnFiles: what the user shares is not found, and not passed over in
// silence.
func TestSearchTellsOfOwnFiles(t *testing.T) {
	h := newHome(t)
	_, ready := h.sharing(t, tree(t))
	code, out, errOut := h.run(t, "search", "--timeout", "100ms", "danube")
	if want := "servent: note: files that match and are shared here: 1 (a search shows those of others)\n"; code != exitNothing || out != "" || !strings.Contains(errOut, want) {
		t.Errorf("exit %d: %s%s", code, out, errOut)
	}
	if _, _, errOut = h.run(t, "search", "--timeout", "100ms", "yellow"); strings.Contains(errOut, "note:") {
		t.Errorf("where none matches: %s", errOut)
	}
	_, _, errOut = newHome(t).run(t, "search", "--timeout", "5s", "--limit", "1", "--connect", ready.Listen, "--connect-only", "--listen", "127.0.0.1:0", "danube")
	if strings.Contains(errOut, "note:") {
		t.Errorf("who shares nothing: %s", errOut)
	}
}

// TestNameOfTheShareIsNotSearched: the name of a shared folder is no word of its files, and
// the help says so; names of folders in it are.
func TestNameOfTheShareIsNotSearched(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, dir+"/Beethoven/Ninth/a.ogg", "x")
	_, ready := newHome(t).sharing(t, dir+"/Beethoven")
	seeker := newHome(t)
	find := func(words string) (code int) {
		code, _, _ = seeker.run(t, "search", "--timeout", "300ms", "--connect", ready.Listen, "--connect-only", "--listen", "127.0.0.1:0", words)
		return code
	}
	if code := find("beethoven"); code != exitNothing {
		t.Errorf("by the name of the share: exit %d", code)
	}
	if code := find("ninth"); code != exitDone {
		t.Errorf("by the name of a folder in it: exit %d", code)
	}
	for command, want := range map[string]string{
		"share": "The name of DIR itself is told to nobody", "search": "within a shared one",
	} {
		if _, out, _ := seeker.run(t, command, "--help"); !strings.Contains(out, want) {
			t.Errorf("servent %s --help: %s", command, out)
		}
	}
}
