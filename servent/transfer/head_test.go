package transfer

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/transfer/mesh"
)

// pinged is a swarm whose HEAD pings are answered by answer, and are counted by address.
func pinged(answer func(netip.AddrPort) (protocol.HeadPong, error)) (*swarm, *mesh.Mesh, map[netip.AddrPort]int) {
	m, asked, mu := &mesh.Mesh{}, map[netip.AddrPort]int{}, sync.Mutex{}
	c := NewClient(ClientConfig{
		Mesh: m, IsSelf: func(a netip.AddrPort) bool { return a == sourceAt(99).Addr },
		Head: func(ctx context.Context, a netip.AddrPort, u protocol.URN) (protocol.HeadPong, error) {
			mu.Lock()
			asked[a]++
			mu.Unlock()
			if p, err := answer(a); err == nil {
				return p, nil
			}
			<-ctx.Done()
			return protocol.HeadPong{}, ctx.Err()
		},
	})
	urn := protocol.URN{SHA1: protocol.SHA1{7}, HasSHA1: true}
	return &swarm{client: c, job: Job{URN: urn}, log: c.cfg.Log, wake: make(chan struct{}, 1)}, m, asked
}

// soundOut has those asked that others have named, and waits for what comes within after.
func (s *swarm) soundOut(after time.Duration) {
	s.mu.Lock()
	s.sound(context.Background())
	s.mu.Unlock()
	time.Sleep(after)
	synctest.Wait()
}

var errSilent = errors.New("silent")

// TestSound: of those whom others have named, who has a free slot goes first, at once; who has
// none, last; who has not the file, not at all; and whom nobody has heard of, after a while.
func TestSound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		free, full, none, silent, foreign := sourceAt(1), sourceAt(2), sourceAt(3), sourceAt(4), sourceAt(5)
		s, m, asked := pinged(func(a netip.AddrPort) (protocol.HeadPong, error) {
			switch a {
			case free.Addr:
				return protocol.HeadPong{
					Partial: true, Queue: -1,
					Alternates: []netip.AddrPort{foreign.Addr, sourceAt(99).Addr, netip.MustParseAddrPort("127.0.0.1:9")},
					Pushes:     []protocol.FWNodeInfo{{Servent: protocol.GUID{1}, Proxies: []netip.AddrPort{full.Addr}}},
				}, nil
			case full.Addr:
				return protocol.HeadPong{Complete: true}, nil
			case none.Addr:
				return protocol.HeadPong{}, nil
			}
			return protocol.HeadPong{}, errSilent
		})
		m.Heard(time.Now(), s.job.URN.SHA1, silent.Addr.Addr(), none.Addr)
		known := sourceAt(50)
		s.all = append(s.all, &candidate{Source: known, key: keyOf(known), notBefore: time.Now().Add(time.Hour)})
		for _, src := range []Source{full, none, silent, free} {
			s.addAlternate(src)
		}
		s.soundOut(time.Millisecond)
		c, wait := s.next(time.Now())
		if c == nil || c.Source.Addr != free.Addr || wait > 0 {
			t.Fatalf("first %v, in %v", c, wait)
		}
		if len(s.all) != 7 || s.all[5].Addr != foreign.Addr || s.all[6].Servent != (protocol.GUID{1}) || s.client.Stats().AlternatesRefused != 2 {
			t.Errorf("%d sources, %d refused", len(s.all), s.client.Stats().AlternatesRefused)
		}
		c.out, s.all[5].out, s.all[6].out = true, true, true
		if c, wait = s.next(time.Now()); c == nil || wait < time.Second {
			t.Errorf("%v is asked in %v, before it can have answered", c, wait)
		}
		s.soundOut(headWait + 4*alternateEvery) // one after the other
		var order []netip.AddrPort
		for {
			c, wait := s.next(time.Now())
			if c == nil || wait > 0 {
				break
			}
			order = append(order, c.Addr)
			c.out = true
		}
		if len(order) != 2 || order[0] != silent.Addr || order[1] != full.Addr {
			t.Errorf("then %v", order)
		}
		if asked[known.Addr] != 0 || asked[free.Addr] != 1 || asked[silent.Addr] != 1 || len(asked) != 4 {
			t.Errorf("asked: %v", asked)
		}
		if of := m.Of(time.Now(), s.job.URN.SHA1, 9, nil); len(of) != 0 || s.client.Stats().Absent != 1 {
			t.Errorf("the mesh knows %v, %d absent", of, s.client.Stats().Absent)
		}
		s.tenders.Wait()
	})
}

// TestSoundAtTheLimit: a download asks so many so, and one more only by a connection.
func TestSoundAtTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _, asked := pinged(func(netip.AddrPort) (protocol.HeadPong, error) {
			return protocol.HeadPong{Complete: true, Queue: -1}, nil
		})
		for n := range maxHeaded + 1 {
			if n == maxHeaded && s.client.Stats().HeadsOver != 0 {
				t.Error("counted before the limit")
			}
			s.addAlternate(sourceAt(n))
			s.soundOut(0)
		}
		st := s.client.Stats()
		if len(asked) != maxHeaded || st.HeadsHeard != maxHeaded || st.HeadsOver != 1 {
			t.Errorf("%d asked, %+v", len(asked), st)
		}
		if c := s.all[maxHeaded]; c.out || c.trust != trustHearsay {
			t.Errorf("one past it: %+v", c)
		}
		s.tenders.Wait()
	})
}

// TestSilentAreTriedOneByOne: of strangers whom somebody named and who answer no HEAD ping, one
// is connected to each alternateEvery.
func TestSilentAreTriedOneByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _, _ := pinged(func(netip.AddrPort) (protocol.HeadPong, error) { return protocol.HeadPong{}, errSilent })
		for n := range maxHeaded {
			s.addAlternate(sourceAt(n))
		}
		s.soundOut(headWait)
		for tried := 1; tried <= maxHeaded; tried++ {
			ready := 0
			for _, c := range s.all {
				if !c.notBefore.After(time.Now()) {
					ready++
				}
			}
			if ready > tried {
				t.Fatalf("%d may be tried at the moment of %d", ready, tried)
			}
			time.Sleep(alternateEvery)
		}
		s.tenders.Wait()
	})
}
