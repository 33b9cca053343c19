package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/servent"
	"github.com/seed282dab8e/servent/servent/control"
)

// sharing is a servent of our own that shares until it is told to stop.
type sharing struct {
	a          *app
	own        *servent.Servent
	dirs       []string
	leftOut    bool // list what is
	wantsLinks bool // the user named peers
	ready      bool
	held       []servent.Event // that came before it was ready
	scan       *scan
	known      map[string]bool // shared folders that the user has been told of
}

const (
	// maxHeld bounds the events that wait for the scan to end.
	maxHeld = 1000
	// linkWait is after what time without any link the user is told.
	linkWait = 5 * time.Second
)

func (s *sharing) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	events, unsubscribe := s.own.Events()
	defer unsubscribe()
	served, scanned := make(chan error, 1), make(chan error, 1)
	go func() { served <- control.Serve(ctx, s.own, s.a.dataDir) }()
	go func() { scanned <- s.shareAll(ctx) }()
	defer context.AfterFunc(ctx, func() { s.a.notify("STOPPING=1") })()
	s.scan = s.a.scan()
	defer func() { s.scan.close() }()
	lonely := time.NewTimer(linkWait)
	defer lonely.Stop()
	var failed error
	for {
		select {
		case e := <-events:
			s.take(e)
		case err := <-scanned:
			s.scan.close()
			if err == nil {
				s.tellReady()
			} else if !errors.Is(err, context.Canceled) {
				failed = err
				cancel()
			}
		case <-lonely.C:
			s.warnLonely()
		case err := <-served:
			if failed == nil && err == nil && !s.ready {
				return fmt.Errorf("%w before all was scanned", errInterrupted)
			}
			return errors.Join(failed, err)
		}
	}
}

func (s *sharing) shareAll(ctx context.Context) error {
	for _, dir := range s.dirs {
		if err := s.own.Share(ctx, dir); err != nil {
			return err
		}
	}
	return nil
}

// take shows an event, or keeps it until the servent is ready.
func (s *sharing) take(e servent.Event) {
	switch {
	case e.Scan != nil:
		s.scan.update(*e.Scan)
	case e.Share != nil:
		s.showShare(e)
	case s.ready:
		s.show(e)
	case len(s.held) < maxHeld:
		s.held = append(s.held, e)
	}
}

// showShare tells of a folder that another command has added or taken back.
func (s *sharing) showShare(e servent.Event) {
	dir := e.Share.Dir
	added := e.Event == "shared"
	if !s.ready || s.known[dir] == added {
		return
	}
	s.known[dir] = added
	clock := time.Now().Format(time.TimeOnly)
	switch {
	case s.a.json:
		s.a.printJSON(e)
	case added:
		s.a.printf("%s  shared now: %s\n", clock, shareText(e.Share))
	default:
		s.a.printf("%s  no longer shared: %s\n", clock, dir)
	}
}

func (s *sharing) show(e servent.Event) {
	a := s.a
	if a.json {
		a.printJSON(e)
		return
	}
	clock := time.Now().Format(time.TimeOnly)
	switch {
	case e.Upload != nil:
		what, size := "sent", byteText(e.Upload.Bytes)
		if !e.Upload.Whole {
			what = "broken off: sent part of"
		} else if e.Upload.Bytes < e.Upload.Size {
			size += " of " + byteText(e.Upload.Size)
		}
		a.printf("%s  %s %s, %s, to %s\n", clock, what, search.Clean(e.Upload.Name), size, e.Upload.Addr)
	case e.Role != nil:
		a.printf("%s  now a %s: %s\n", clock, e.Role.Role, search.Clean(e.Role.Why))
	case e.Peer != nil && e.Event == "peer_up":
		a.printf("%s  linked to %s (%s, %s)\n", clock, e.Peer.Addr, e.Peer.Role, search.Clean(e.Peer.Agent))
	case e.Peer != nil:
		a.printf("%s  link to %s has ended\n", clock, e.Peer.Addr)
	}
}

// tellReady says what is shared and where the servent listens.
func (s *sharing) tellReady() {
	a, e := s.a, s.own.Ready()
	s.ready, s.known = true, map[string]bool{}
	a.notify("READY=1")
	if a.json {
		a.printJSON(e)
	} else {
		a.printf("sharing %s, %s\n", countText(e.Ready.Files, "file"), byteText(e.Ready.Bytes))
	}
	hint := false
	for _, info := range s.own.Shares() {
		s.known[info.Dir] = true
		if !a.json {
			a.printf("  %s\n", shareText(&info))
		}
		if s.leftOut {
			a.showLeftOut(info.Dir, s.own.LeftOut(info.Dir), info.LeftOut)
		}
		hint = hint || info.LeftOut > 0 && !s.leftOut
	}
	if !a.json {
		if hint {
			a.printf("  (--left-out lists what is left out, and why)\n")
		}
		a.printf("listening on %s as %s; Ctrl-C or `%s` ends\n", listenText(e.Ready.Listen), e.Ready.Role, a.hint("stop"))
	}
	for _, held := range s.held {
		s.show(held)
	}
	s.held = nil
}

// warnLonely tells of peers that the user named and none of which gives a link.
func (s *sharing) warnLonely() {
	if st := s.own.Status(); s.wantsLinks && linkCount(&st) == 0 {
		s.a.log.WithField("peers", seedsText(&st)).Warn("no link yet with the peers named with --connect; trying on")
	}
}

// listenText is an address for people.
func listenText(addr string) string {
	a, err := netip.ParseAddrPort(addr)
	if err != nil || !a.Addr().IsUnspecified() {
		return addr
	}
	return fmt.Sprintf("port %d of all addresses", a.Port())
}
