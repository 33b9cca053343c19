package main

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/servent"
)

var refusing = servent.Status{
	Links: map[string]int{"flat": 0},
	Seeds: []servent.SeedInfo{
		{Addr: "10.0.0.1:1", Error: `refused: 503 "Shielded leaf"`},
		{Addr: "10.0.0.2:1", Linked: true},
		{Addr: "10.0.0.3:1"},
		{Addr: "10.0.0.4:1", Error: "\x1b[2J"},
		{Addr: "10.0.0.5:1"},
	},
}

func TestSeedsText(t *testing.T) {
	got := seedsText(&refusing)
	want := `10.0.0.1:1: refused: 503 "Shielded leaf"; 10.0.0.3:1; 10.0.0.4:1: `
	if !strings.HasPrefix(got, want) || !strings.HasSuffix(got, "; and 1 more") || strings.Contains(got, "\x1b") {
		t.Errorf("got %q", got)
	}
	if got := seedsText(&servent.Status{}); got != "" {
		t.Errorf("of none: %q", got)
	}
}

// TestStatusTellsOfSeeds: status names the peers without a link, and no others.
func TestStatusTellsOfSeeds(t *testing.T) {
	var out strings.Builder
	newApp(&out, io.Discard, func(string) (string, bool) { return "", false }).showStatus(&refusing)
	if text := out.String(); !strings.Contains(text, `none with 10.0.0.1:1: refused: 503 "Shielded leaf"`) || strings.Contains(text, "10.0.0.2") {
		t.Errorf("got %s", text)
	}
}

// TestShareTellsWhoRefuses: a leaf whose only peer is a leaf hears that it was
// refused, not that nobody is there.
func TestShareTellsWhoRefuses(t *testing.T) {
	cfg := servent.Config{Listen: "127.0.0.1:0", ConnectOnly: true, Role: servent.RoleLeaf}
	other, err := servent.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Connect = []string{other.Addr().String()}
	own, err := servent.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 2)
	for _, s := range []*servent.Servent{other, own} {
		go func() { ended <- s.Run(ctx) }()
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for tries := 1000; own.Status().Edge.DialsFailed == 0 && tries > 0; tries-- {
		<-tick.C
	}
	var errOut strings.Builder
	a := newApp(io.Discard, &errOut, func(string) (string, bool) { return "", false })
	(&sharing{a: a, own: own, wantsLinks: true}).warnLonely()
	if !strings.Contains(errOut.String(), "refused: 503") || !strings.Contains(errOut.String(), "Shielded leaf") {
		t.Errorf("told: %s", errOut.String())
	}
	cancel()
	for range 2 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}
