package sim

import (
	"slices"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
)

// line makes three flat nodes in a row, the last of which shares a file.
func line(t *testing.T, cfg Config) *World {
	t.Helper()
	cfg.Role = overlay.RoleFlat
	w := New(cfg)
	for v := range 3 {
		nc := NodeConfig{Overlay: overlay.Config{ConnectOnly: true, UDP: true}}
		if v == 2 {
			nc.Files = []string{"blue danube.ogg"}
		}
		w.Add(nc)
		if v > 0 {
			if err := w.Link(NodeID(v-1), NodeID(v)); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.RunUntilIdle()
	return w
}

// TestPartition: what is sent on a link into the other part comes when the partition has
// ended, in its order; a link that is silent for too long ends on both sides.
func TestPartition(t *testing.T) {
	w := line(t, Config{})
	w.Partition([]NodeID{0, 1}, []NodeID{2})
	f := w.Query(0, "danube", 7)
	w.Run(30 * time.Second)
	if f.Reached != 1 || len(f.Hits) != 0 {
		t.Fatalf("while parted %d nodes are reached, with %d hits", f.Reached, len(f.Hits))
	}
	w.Heal()
	w.RunUntilIdle()
	if f.Reached != 2 || len(f.Hits) != 1 || f.Hits[0].At < 30*time.Second {
		t.Errorf("healed, %d nodes are reached, with hits %v", f.Reached, f.Hits)
	}
	w.Partition([]NodeID{0, 1}) // the others have no group
	w.Run(5 * time.Minute)
	if n := len(w.Node(1).Links()) + len(w.Node(2).Links()); n != 1 {
		t.Errorf("%d links after five minutes of silence, want that between 0 and 1", n)
	}
	w.Heal()
	if err := w.Link(1, 2); err != nil {
		t.Fatal(err)
	}
	w.RunUntilIdle()
	f = w.Query(0, "danube", 7)
	w.RunUntilIdle()
	if len(f.Hits) != 1 {
		t.Errorf("%d hits once all is well", len(f.Hits))
	}
}

// TestPartitionHidesTheEnd: who closes a link is done with it at once; the other part
// hears of it later.
func TestPartitionHidesTheEnd(t *testing.T) {
	l := newLogger(Config{})
	a := pairOfStrangers(t, l.w, Wire{})
	l.w.Partition([]NodeID{0})
	a.queue = append(a.queue, overlay.Action{Op: overlay.OpClose, Link: a.links[0]})
	l.w.Step(0, overlay.Heard{})
	l.w.Run(10 * time.Second)
	here, _ := of[overlay.PeerDown](l, 0)
	if there, _ := of[overlay.PeerDown](l, 1); len(here) != 1 || len(there) != 0 {
		t.Errorf("while parted %d ends here, %d there", len(here), len(there))
	}
	l.w.Heal()
	l.w.RunUntilIdle()
	if _, at := of[overlay.PeerDown](l, 1); len(at) != 1 || at[0] != 10*time.Second+lag {
		t.Errorf("healed, the end comes at %v", at)
	}
}

// TestPartitionStopsDials: nobody is dialled, nor reached by datagrams, in the other part.
func TestPartitionStopsDials(t *testing.T) {
	l := newLogger(Config{})
	for range 2 {
		l.w.Add(NodeConfig{})
	}
	l.w.Partition([]NodeID{0})
	l.w.Step(0, overlay.Heard{Addrs: addrsOf(l.w, 1)})
	l.w.SendDatagram(0, l.w.Addr(0), l.w.Addr(1), numbered(1, 0))
	l.w.Run(20 * time.Second)
	_, failed := of[overlay.DialFailed](l, 0)
	if got, _ := of[overlay.Datagram](l, 1); len(got) > 0 || len(failed) == 0 || failed[0].Round(time.Millisecond) != 10*time.Second {
		t.Errorf("%d datagrams, dials fail at %v", len(got), failed)
	}
	l.w.Heal()
	l.w.SendDatagram(0, l.w.Addr(0), l.w.Addr(1), numbered(1, 0))
	l.w.Run(time.Minute)
	if got, _ := of[overlay.Datagram](l, 1); len(got) != 1 || len(l.w.Node(1).Links()) != 1 {
		t.Errorf("healed, %d datagrams and %d links", len(got), len(l.w.Node(1).Links()))
	}
}

// TestPartitionDuringHandshake: a dial that is under way when the cable is cut fails.
func TestPartitionDuringHandshake(t *testing.T) {
	l := newLogger(Config{})
	for range 2 {
		l.w.Add(NodeConfig{})
	}
	l.w.Step(0, overlay.Heard{Addrs: addrsOf(l.w, 1)})
	l.w.Run(lag / 2)
	l.w.Partition([]NodeID{0})
	l.w.Run(15 * time.Second)
	if failed, _ := of[overlay.DialFailed](l, 0); len(failed) == 0 {
		t.Error("the dial has not failed")
	}
	if l.w.Graph().Size() != 0 || len(l.w.Node(0).Links()) > 0 {
		t.Error("there is a link")
	}
}

// TestSlow: a node that is five times as slow takes five times as long for all it sends.
func TestSlow(t *testing.T) {
	l := newLogger(Config{})
	a := pairOfStrangers(t, l.w, Wire{Bandwidth: 1000})
	send := func() time.Duration {
		at := l.w.Now()
		a.send(a.links[0], numbered(1, 100-protocol.HeaderSize))
		l.w.Step(0, overlay.Heard{})
		l.w.RunUntilIdle()
		_, came := of[overlay.Received](l, 1)
		return came[len(came)-1] - at
	}
	quick := send()
	l.w.Slow(0, 5)
	l.w.Slow(0, -1) // says nothing
	if slow := send(); quick != 100*time.Millisecond+lag || slow != 5*quick {
		t.Errorf("%v, then %v", quick, slow)
	}
	l.w.Slow(0, 1)
	if again := send(); again != quick {
		t.Errorf("then %v, want %v", again, quick)
	}
}

// TestLinkLoss: all comes, and in its order, but what a lost packet was in comes later,
// and all that is behind it.
func TestLinkLoss(t *testing.T) {
	const count, loss = 2000, 0.2
	l := newLogger(Config{Seed: 1, LinkLoss: loss})
	a := pairOfStrangers(t, l.w, Wire{})
	began := make([]time.Duration, count)
	for n := range count {
		began[n] = l.w.Now()
		a.send(a.links[0], numbered(n, 0))
		l.w.Step(0, overlay.Heard{})
		l.w.Run(10 * time.Second)
	}
	got, at := of[overlay.Received](l, 1)
	if len(got) != count || !slices.IsSorted(at) {
		t.Fatalf("%d messages came", len(got))
	}
	late, twice := 0, 0
	for n := range got {
		switch extra := at[n] - began[n] - lag; {
		case number(got[n].Msg) != n:
			t.Fatalf("message %d came as number %d", number(got[n].Msg), n)
		case extra == firstTimeout:
			late++
		case extra == 3*firstTimeout:
			twice++
		}
	}
	if part := float64(late) / count; part < 0.8*loss*(1-loss) || part > 1.2*loss*(1-loss) || twice < 40 || twice > 90 {
		t.Errorf("%d come after one timeout and %d after two, of %d", late, twice, count)
	}
	first := l.w.Now()
	for n := range 50 { // behind one another
		a.send(a.links[0], numbered(n, 0))
	}
	l.w.Step(0, overlay.Heard{})
	l.w.Run(time.Minute)
	got, at = of[overlay.Received](l, 1)
	for n, m := range got[count:] {
		if number(m.Msg) != n || at[count+n] < at[count+max(0, n-1)] {
			t.Fatalf("message %d comes as number %d at %v", number(m.Msg), n, at[count+n]-first)
		}
	}
	for n := range 20 { // of 42 packets one is always lost
		sent := l.w.Now()
		a.send(a.links[0], numbered(n, 60_000))
		l.w.Step(0, overlay.Heard{})
		l.w.Run(time.Minute)
		if _, at = of[overlay.Received](l, 1); at[len(at)-1]-sent < lag+firstTimeout {
			t.Errorf("42 packets come after %v, and none was lost", at[len(at)-1]-sent)
		}
	}
}

// TestDownload: a node takes what comes over all its links together at the rate of its
// access line, whoever sends it, and the end of a link after what was sent on it.
func TestDownload(t *testing.T) {
	l := newLogger(Config{})
	var s [3]*stranger
	for i := range s {
		id := protocol.GUID{byte(i + 1)}
		s[i] = newStranger(id, true)
		cfg := NodeConfig{Overlay: overlay.Config{ID: id}}
		if i == 0 {
			cfg.Download = 1000
		}
		l.w.AddActor(cfg, s[i])
	}
	for i := 1; i < 3; i++ {
		if err := l.w.Link(NodeID(i), 0); err != nil {
			t.Fatal(err)
		}
	}
	for i := 1; i < 3; i++ {
		s[i].send(s[i].links[0], numbered(i, 100-protocol.HeaderSize))
		l.w.Step(NodeID(i), overlay.Heard{})
	}
	l.w.Crash(2)
	l.w.RunUntilIdle()
	_, came := of[overlay.Received](l, 0)
	_, down := of[overlay.PeerDown](l, 0)
	if !slices.Equal(came, []time.Duration{100*time.Millisecond + lag, 200*time.Millisecond + lag}) || !slices.Equal(down, came[1:]) {
		t.Errorf("messages come at %v, the end at %v", came, down)
	}
	l.w.Run(time.Second)
	s[1].send(s[1].links[0], numbered(3, 100-protocol.HeaderSize))
	l.w.Step(1, overlay.Heard{})
	at := l.w.Now()
	l.w.RunUntilIdle()
	if _, came = of[overlay.Received](l, 0); came[2] != at+lag+100*time.Millisecond {
		t.Errorf("after a rest one comes after %v", came[2]-at)
	}
}
