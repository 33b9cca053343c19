package mesh

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

var (
	start = time.Unix(1_700_000_000, 0)
	music = protocol.SHA1{1}
	film  = protocol.SHA1{2}
)

// host returns the nth host of the public network.
func host(n int) netip.Addr {
	return netip.AddrFrom4([4]byte{5, byte(n >> 16), byte(n >> 8), byte(n)})
}

func source7(n int) netip.AddrPort { return netip.AddrPortFrom(host(n), 7) }

func (m *Mesh) wants(t *testing.T, after time.Duration, want ...netip.AddrPort) {
	t.Helper()
	if got := m.Of(start.Add(after), music, 1000, nil); !slices.Equal(got, want) {
		t.Errorf("after %s: %v, want %v", after, got, want)
	}
}

// TestEvidence: what is better known comes first.
func TestEvidence(t *testing.T) {
	var m Mesh
	if m.Of(start, music, 9, nil) != nil || m.Lost(start, music, 9) != nil || m.HasGiven(start, music, host(1)) {
		t.Error("an empty mesh knows something")
	}
	m.Heard(start, music, host(9), source7(1))
	m.Heard(start, music, host(9), source7(2))
	m.Heard(start, music, host(8), source7(2))
	m.Heard(start, music, host(3), source7(3))
	m.Good(start, music, source7(4))
	for n := 10; n < 20; n++ { // any number of others is not as good as a word of its own
		m.Heard(start, music, host(n), source7(2))
	}
	if s := m.find(start, music, source7(2)); len(s.heard) != maxVouchers {
		t.Errorf("%d vouchers are kept", len(s.heard))
	}
	m.Heard(start, film, host(9), source7(5))
	m.wants(t, 0, source7(4), source7(3), source7(2), source7(1))
	if got := m.Of(start, music, 2, func(a netip.AddrPort) bool { return a == source7(4) }); !slices.Equal(got, []netip.AddrPort{source7(3), source7(2)}) {
		t.Errorf("two without the best: %v", got)
	}
	if !m.HasGiven(start, music, host(4)) || m.HasGiven(start, music, host(3)) || m.HasGiven(start, film, host(4)) {
		t.Error("who has given us something")
	}
}

// TestGone: a source that cannot be reached is told to nobody until somebody says again that it
// has the file, and is not told as a bad one either.
func TestGone(t *testing.T) {
	var m Mesh
	m.Gone(start, music, source7(1)) // that nobody knows
	m.Heard(start, music, host(1), source7(1))
	m.Heard(start, music, host(9), source7(1))
	m.Good(start, music, source7(1))
	m.Heard(start, music, host(9), source7(2))
	m.Gone(start, music, source7(1))
	m.wants(t, 0, source7(2))
	if bad := m.Lost(start, music, 9); bad != nil {
		t.Errorf("%v are bad", bad)
	}
	m.Heard(start, music, host(9), source7(1))
	m.wants(t, time.Second, source7(2), source7(1))
	m.wants(t, Life)
	if st := m.Stats(); st.Sources != 0 || st.Lost != 0 {
		t.Errorf("%+v", st)
	}
}

// TestThreeReports: fewer do not drop a source, nor do as many of one host, and
// what we know outweighs what was said before.
func TestThreeReports(t *testing.T) {
	var m Mesh
	m.Heard(start, music, host(1), source7(1)) // it vouches for itself
	for range BadReports {
		m.Bad(start, music, host(11), source7(1))
		m.Bad(start, music, netip.AddrFrom16(host(11).As16()), source7(1))
	}
	m.Bad(start, music, host(12), source7(1))
	m.wants(t, 0, source7(1))
	m.Good(start, music, source7(1))
	m.Bad(start, music, host(13), source7(1))
	m.Bad(start, music, host(14), source7(1))
	m.Bad(start, music, host(15), source7(2)) // is not known
	m.wants(t, 0, source7(1))
	m.Heard(start, music, host(14), source7(1)) // takes it back
	m.Bad(start, music, host(16), source7(1))
	m.wants(t, 0, source7(1))
	m.Bad(start.Add(time.Minute), music, host(17), source7(1))
	m.Heard(start.Add(time.Minute), music, host(1), source7(1)) // is lost all the same
	m.wants(t, time.Minute)
	if st := m.Stats(); st.Lost != 1 || m.Lost(start, music, 9) != nil {
		t.Errorf("%+v; told as our own finding: %v", st, m.Lost(start, music, 9))
	}
	m.Good(start.Add(time.Minute), music, source7(1))
	m.wants(t, time.Minute, source7(1))
}

// TestFoundBad: our own finding alone drops a source, even before anybody names
// it, until it gives us something right.
func TestFoundBad(t *testing.T) {
	var m Mesh
	m.Good(start, music, source7(1))
	for i := range 2 {
		m.Bad(start.Add(time.Duration(i)), music, netip.Addr{}, source7(1))
	}
	m.Bad(start.Add(time.Second), music, netip.Addr{}, source7(2))
	m.Heard(start, music, host(9), source7(2))
	m.wants(t, 0)
	if got := m.Lost(start, music, 9); !slices.Equal(got, []netip.AddrPort{source7(2), source7(1)}) || m.Stats().Lost != 2 {
		t.Errorf("lost: %v, %+v", got, m.Stats())
	}
	if got := m.Lost(start, music, 1); !slices.Equal(got, []netip.AddrPort{source7(2)}) || m.HasGiven(start, music, host(1)) {
		t.Errorf("the last: %v", got)
	}
	m.Good(start, music, source7(1))
	m.wants(t, 0, source7(1))
	if got := m.Lost(start, music, 9); !slices.Equal(got, []netip.AddrPort{source7(2)}) {
		t.Errorf("lost: %v", got)
	}
}

// TestChangeOfMind: who accuses a source does not vouch for it any more.
func TestChangeOfMind(t *testing.T) {
	var m Mesh
	m.Heard(start, music, host(11), source7(1))
	m.Heard(start, music, host(12), source7(1))
	m.Heard(start, music, host(13), source7(2))
	m.Heard(start, music, host(14), source7(3))
	m.Heard(start, music, host(15), source7(3))
	m.Bad(start, music, host(12), source7(1)) // one for, one against
	m.Bad(start, music, host(16), source7(3)) // two for, one against
	if got := m.Of(start, music, 1, nil); !slices.Equal(got, []netip.AddrPort{source7(2)}) && !slices.Equal(got, []netip.AddrPort{source7(3)}) {
		t.Errorf("the best: %v", got)
	}
	m.Heard(start, music, host(17), source7(2))
	m.wants(t, 0, source7(2), source7(3), source7(1))
}

// TestAge: each piece of evidence counts for a Life.
func TestAge(t *testing.T) {
	var m Mesh
	const half = Life / 2
	m.Heard(start, music, host(9), source7(1))
	m.Bad(start, music, host(8), source7(1))
	m.Bad(start, music, host(7), source7(1))
	m.Good(start, music, source7(2))
	m.Heard(start, music, host(3), source7(3))
	m.Bad(start, music, netip.Addr{}, source7(4))
	m.Heard(start.Add(half), music, host(9), source7(1))
	m.wants(t, Life-1, source7(2), source7(3), source7(1))
	m.wants(t, Life, source7(1))
	m.Bad(start.Add(Life), music, host(6), source7(1)) // the two are too old
	m.Heard(start.Add(Life), music, host(9), source7(4))
	m.wants(t, Life, source7(4), source7(1))
	m.wants(t, 2*Life)
	if st := m.Stats(); st.Sources != 0 || len(m.files)+len(m.hosts) > 0 {
		t.Errorf("%+v, %d files, %d hosts", st, len(m.files), len(m.hosts))
	}
}

// TestTurns: of equals each is told as often as the others.
func TestTurns(t *testing.T) {
	var m Mesh
	m.Good(start, music, source7(0))
	for i := range 20 {
		m.Heard(start, music, host(100+i), source7(1+i))
	}
	told := map[netip.AddrPort]int{}
	for range 21 {
		for _, a := range m.Of(start, music, 5, nil) {
			told[a]++
		}
	}
	if told[source7(0)] != 21 {
		t.Errorf("the best is told %d times of 21", told[source7(0)])
	}
	for i := range 20 {
		if n := told[source7(1+i)]; n < 3 || n > 6 {
			t.Errorf("source %d is told %d times, want about 4", i, n)
		}
	}
}

// TestPerHost: at what one host may bring in, of a file and in all, and one past it.
func TestPerHost(t *testing.T) {
	var m Mesh
	for i := range MaxPerHostAndFile {
		m.Heard(start, music, host(1), source7(10+i))
	}
	if st := m.Stats(); st.Sources != MaxPerHostAndFile || st.PerHost != 0 {
		t.Errorf("at the limit of a file: %+v", st)
	}
	m.Heard(start, music, host(1), source7(9))
	m.Heard(start, music, host(1), source7(10)) // is known
	if st := m.Stats(); st.Sources != MaxPerHostAndFile || st.PerHost != 1 {
		t.Errorf("one past it: %+v", st)
	}
	m.Heard(start, music, host(2), source7(9))
	for n := MaxPerHostAndFile; n < MaxPerHost; n++ {
		m.Heard(start, protocol.SHA1{9, byte(n >> 8), byte(n)}, host(1), source7(9))
	}
	if st := m.Stats(); st.Sources != MaxPerHost+1 || st.PerHost != 1 {
		t.Errorf("at the limit in all: %+v", st)
	}
	m.Heard(start, film, host(1), source7(9))
	if st := m.Stats(); st.Sources != MaxPerHost+1 || st.PerHost != 2 {
		t.Errorf("one past it: %+v", st)
	}
	m.Heard(start.Add(Life), film, host(1), source7(9))
	if st := m.Stats(); st.Sources != 1 || st.PerHost != 2 {
		t.Errorf("when all is old: %+v", st)
	}
}

// TestManyAddressesOfOneHost: IPv6 gives a host as many as it likes.
func TestManyAddressesOfOneHost(t *testing.T) {
	var m Mesh
	at := func(s string) netip.Addr { return netip.MustParseAddr(s) }
	m.Heard(start, music, host(9), source7(1))
	for i := range BadReports {
		m.Bad(start, music, at("2001:db8::"+strconv.Itoa(i+1)), source7(1))
	}
	m.wants(t, 0, source7(1))
	m.Bad(start, music, at("2001:db8:0:1::1"), source7(1))
	m.Bad(start, music, at("2001:db8:0:2::1"), source7(1))
	m.wants(t, 0)
	if HostOf(at("::1")) != at("::1") || HostOf(at("fe80::1%eth0")) != at("fe80::1") || HostOf(at("::ffff:1.2.3.4")) != at("1.2.3.4") {
		t.Error("hosts of near addresses")
	}
}

// TestPerFile: of as many sources as a file may have and one more, the one with the weakest
// evidence goes, and one host cannot make those go that others brought in.
func TestPerFile(t *testing.T) {
	var m Mesh
	m.Good(start, music, source7(1))
	m.Heard(start, music, host(2), source7(2))
	for i := range MaxPerHostAndFile {
		m.Heard(start, music, host(3), source7(100+i))
	}
	for i := 2 + MaxPerHostAndFile; i < MaxPerFile; i++ {
		m.Heard(start, music, host(1000+i), source7(1000-i))
	}
	if st := m.Stats(); st.Sources != MaxPerFile || st.PerFile != 0 {
		t.Fatalf("at the limit: %+v", st)
	}
	m.Heard(start, music, host(4), source7(4000))
	got := m.Of(start, music, MaxPerFile, nil)
	if st := m.Stats(); st.Sources != MaxPerFile || st.PerFile != 1 || !slices.Contains(got, source7(4000)) || slices.Contains(got, source7(100)) {
		t.Errorf("one past it: %+v, %v", st, got)
	}
	for i := range 10_000 { // one host names many
		m.Heard(start, music, host(5), source7(5000+i))
	}
	got = m.Of(start, music, MaxPerFile, nil)
	for i := 2 + MaxPerHostAndFile; i < MaxPerFile; i++ {
		if !slices.Contains(got, source7(1000-i)) {
			t.Fatalf("what host %d says was pushed out", 1000+i)
		}
	}
	if got[0] != source7(1) || got[1] != source7(2) {
		t.Errorf("the best are %v", got[:2])
	}
	for i := range MaxPerFile { // better evidence finds room, and no weaker takes it back
		m.Good(start, music, source7(100_000+i))
	}
	for i := range 100 {
		m.Heard(start, music, host(7000+i), source7(6000+i))
	}
	for _, a := range m.Of(start, music, MaxPerFile, nil) {
		if !m.HasGiven(start, music, a.Addr()) {
			t.Errorf("%v has a place", a)
		}
	}
}

// TestFull: in a mesh that has as many sources as it may, and gets one more, the
// weakest and oldest go.
func TestFull(t *testing.T) {
	var m Mesh
	m.Good(start, music, source7(1))
	m.Heard(start, music, host(2), source7(2))
	for i := range MaxSources - 2 {
		f := protocol.SHA1{7, byte(i >> 8), byte(i)}
		m.Heard(start.Add(time.Duration(i)), f, host(1000+i), source7(200_000+i))
	}
	if st := m.Stats(); st.Sources != MaxSources || st.Full != 0 {
		t.Fatalf("at the limit: %+v", st)
	}
	m.Heard(start.Add(time.Second), film, host(3), source7(3))
	st := m.Stats()
	if st.Full == 0 || st.Sources != MaxSources+1-int(st.Full) {
		t.Errorf("one past it: %+v", st)
	}
	m.wants(t, time.Second, source7(1), source7(2))
	if len(m.Of(start, film, 1, nil)) != 1 || m.files[protocol.SHA1{7}] != nil || m.files[protocol.SHA1{7, 0x30}] == nil {
		t.Error("others than the oldest have gone")
	}
}

// TestMeshCounts: whatever is said, in any order, what is counted is what there is.
func TestMeshCounts(t *testing.T) {
	for seed := range uint64(20) {
		var m Mesh
		r := rand.New(rand.NewPCG(seed, 1))
		now := start
		for range 2000 {
			now = now.Add(time.Duration(r.IntN(5000)) * time.Millisecond)
			f, from, a := protocol.SHA1{byte(r.IntN(3))}, host(r.IntN(12)), source7(r.IntN(300))
			switch r.IntN(8) {
			case 0:
				m.Good(now, f, a)
			case 1:
				m.Bad(now, f, netip.Addr{}, a)
			case 2:
				m.Bad(now, f, from, a)
			case 3:
				m.Of(now, f, 10, nil)
			case 4:
				now = now.Add(time.Duration(r.IntN(300)) * time.Second)
			default:
				m.Heard(now, f, from, a)
			}
		}
		count, by := 0, map[netip.Addr]int{}
		for _, x := range m.files {
			count += len(x.sources)
			if len(x.sources) == 0 || len(x.sources) > MaxPerFile {
				t.Fatalf("seed %d: a file with %d sources", seed, len(x.sources))
			}
			for _, s := range x.sources {
				if s.by.IsValid() {
					by[s.by]++
				}
				if len(s.heard) > maxVouchers || len(s.bad) >= BadReports {
					t.Fatalf("seed %d: %+v", seed, s)
				}
			}
		}
		for h, n := range m.hosts {
			if n != by[h] || n == 0 {
				t.Fatalf("seed %d: %v counts for %d, has %d", seed, h, n, by[h])
			}
		}
		if m.Stats().Sources != count || len(by) != len(m.hosts) {
			t.Fatalf("seed %d: %d sources, counted %d; %d hosts, counted %d", seed, count, m.Stats().Sources, len(by), len(m.hosts))
		}
	}
}
