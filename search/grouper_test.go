package search

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// file returns a record whose SHA-1 is made of one byte; 0 stands for none.
func file(name string, size uint64, sha1 byte) protocol.FileRecord {
	f := protocol.FileRecord{Name: name, Size: size}
	if sha1 != 0 {
		f.URN = protocol.URN{SHA1: protocol.SHA1{sha1}, HasSHA1: true}
	}
	return f
}

func withTiger(f protocol.FileRecord, root byte) protocol.FileRecord {
	f.URN.Tiger[0], f.URN.HasTiger = root, true
	return f
}

// source returns the nth of many servents.
func source(n int) Source {
	addr := netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)})
	return Source{
		Addr: netip.AddrPortFrom(addr, 6346), Servent: protocol.GUID{1, byte(n >> 8), byte(n)},
		Agent: "SRVT", Hops: 3,
	}
}

func grouper(t *testing.T, query string) *Grouper {
	t.Helper()
	q, err := ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	return NewGrouper(q)
}

func TestGrouperOneContentOneRow(t *testing.T) {
	g := grouper(t, "blue danube")
	first, changed := g.Add(file("danube.mp3", 10, 1), source(1), time.Second)
	if !changed || first.Name != "danube.mp3" || first.Elapsed != time.Second || first.Type != Audio || first.Size != 10 {
		t.Errorf("first: %+v %v", first, changed)
	}
	near := source(2)
	near.Hops = 1
	second, changed := g.Add(file("The Blue Danube.mp3", 10, 1), near, 2*time.Second)
	if !changed || len(second.Sources) != 2 || second.Name != "The Blue Danube.mp3" || second.Hops != 1 || second.Elapsed != time.Second {
		t.Errorf("second: %+v %v", second, changed)
	}
	if len(first.Sources) != 1 {
		t.Error("a row given out earlier has changed")
	}
	if again, changed := g.Add(file("danube.mp3", 10, 1), source(1), 3*time.Second); changed || len(again.Sources) != 2 {
		t.Errorf("the same hit again: %+v %v", again, changed)
	}
	busy := source(1)
	busy.Busy, busy.Hops = true, 9
	if r, changed := g.Add(file("danube.mp3", 10, 1), busy, 3*time.Second); !changed || !r.Sources[0].Busy || r.Sources[0].Hops != 3 {
		t.Errorf("a source that became busy: %+v %v", r, changed)
	}
	if rows := g.Ranked(); len(rows) != 1 || len(rows[0].Sources) != 2 {
		t.Errorf("rows: %+v", rows)
	}
}

func TestGrouperWithoutSHA1(t *testing.T) {
	g := grouper(t, "danube")
	g.Add(file("danube.mp3", 10, 0), source(1), 0)
	g.Add(file("danube.mp3", 10, 0), source(1), 0)
	g.Add(file("danube.mp3", 11, 0), source(1), 0)
	g.Add(file("danube.ogg", 10, 0), source(1), 0)
	g.Add(file("danube.mp3", 10, 0), source(2), 0)
	if rows := g.Ranked(); len(rows) != 4 {
		t.Errorf("%d rows, want 4: %+v", len(rows), rows)
	}
}

func TestGrouperFilters(t *testing.T) {
	g := grouper(t, `danube "blue danube" -remix -"live in" type:audio ext:mp3 size:>5 size:<100`)
	tests := []struct {
		name, folder string
		size         uint64
		want         bool
	}{
		{"Blue Danube.mp3", "", 10, true},
		{"Danube.mp3", "some/Blue", 10, true},
		{"Danube Blue.mp3", "", 10, false},
		{"Blue Danube (Remix).mp3", "", 10, false},
		{"Blue Danube.mp3", "remix", 10, false},
		{"Blue Danube live in Wien.mp3", "", 10, false},
		{"Blue Danube.ogg", "", 10, false},
		{"Blue Danube.pdf", "", 10, false},
		{"Blue Danube.mp3", "", 5, false},
		{"Blue Danube.mp3", "", 100, false},
	}
	left := 0
	for i, tt := range tests {
		f := file(tt.name, tt.size, byte(i+1))
		f.Path = tt.folder
		if _, got := g.Add(f, source(1), 0); got != tt.want {
			t.Errorf("%+v: got %v", tt, got)
		}
		left += count(!tt.want)
	}
	if got := g.Dropped().Filtered; got != left {
		t.Errorf("%d counted as left out, want %d", got, left)
	}
}

func TestGrouperKeepsHitsByOtherWords(t *testing.T) {
	g := grouper(t, "danube")
	if r, ok := g.Add(file("track01.mp3", 1, 1), source(1), 0); !ok || r.Score >= 1 {
		t.Errorf("a hit by words that are not in the name: %+v %v", r, ok)
	}
}

func TestGrouperUntrustedNames(t *testing.T) {
	g := grouper(t, "danube")
	f := file("danube\u202e\x1b[2Jgpj.exe"+strings.Repeat("x", 400), 1, 1)
	f.Path = "a\nb"
	s := source(1)
	s.Agent = "EVIL\x07"
	r, ok := g.Add(f, s, 0)
	if !ok || len(r.Name) != MaxName || !strings.HasPrefix(r.Name, "danube[2Jgpj.exe") || r.Path != "a b" || r.Sources[0].Agent != "EVIL" {
		t.Errorf("%+v %v", r, ok)
	}
	if r, ok := g.Add(file("\x01\x02", 1, 2), source(1), 0); !ok || r.Name != r.URN.SHA1.String() {
		t.Errorf("a file without a name: %+v %v", r, ok)
	}
	if _, ok := g.Add(file("\u202e", 1, 0), source(1), 0); ok || g.Dropped().Filtered != 1 {
		t.Error("a hit with neither name nor SHA-1 was taken")
	}
}

// TestGrouperLiars: what most say of a SHA-1 is shown, and who contradicts comes
// last but stays a source: most may lie.
func TestGrouperLiars(t *testing.T) {
	g := grouper(t, "danube")
	add := func(size uint64, n int) Result {
		r, _ := g.Add(file("danube.mp3", size, 1), source(n), 0)
		return r
	}
	for _, tt := range []struct {
		size, shown uint64
		sources     []int
	}{
		{666, 666, []int{1}},
		{10, 666, []int{1, 2}},
		{10, 10, []int{2, 3, 1}},
		{666, 666, []int{1, 4, 2, 3}},
		{666, 666, []int{1, 4, 5, 2, 3}},
	} {
		last := slices.Max(tt.sources)
		r := add(tt.size, last)
		var want []Source
		for _, n := range tt.sources {
			want = append(want, source(n))
		}
		if r.Size != tt.shown || !slices.EqualFunc(r.Sources, want, equalSource) {
			t.Errorf("after source %d: size %d from %v, want %d from %v", last, r.Size, r.Sources, tt.shown, want)
		}
	}
}

// TestGrouperRoots: a tiger root counts while all tell it.
func TestGrouperRoots(t *testing.T) {
	g := grouper(t, "danube")
	add := func(n int, root byte) Result {
		f := file("danube.mp3", 10, 1)
		if root != 0 {
			f = withTiger(f, root)
		}
		r, _ := g.Add(f, source(n), 0)
		return r
	}
	for n := 1; n <= 3; n++ {
		if r := add(n, 7); !r.URN.HasTiger || r.URN.Tiger[0] != 7 || len(r.Sources) != n {
			t.Errorf("root told by source %d: %+v", n, r)
		}
	}
	if r := add(4, 8); r.URN.HasTiger || len(r.Sources) != 4 {
		t.Errorf("two roots: %+v", r)
	}
	if r := add(4, 7); !r.URN.HasTiger || r.URN.Tiger[0] != 7 {
		t.Errorf("the other root is withdrawn: %+v", r)
	}
	if r := add(5, 0); r.URN.HasTiger || len(r.Sources) != 5 {
		t.Errorf("one source tells no root: %+v", r)
	}
	if r, _ := g.Add(file("danube.ogg", 10, 2), source(1), 0); r.URN.HasTiger {
		t.Errorf("a root from nowhere: %v", r.URN)
	}
}

func TestGrouperRank(t *testing.T) {
	g := grouper(t, "blue danube")
	add := func(name string, sha1 byte, change func(*Source), sources ...int) {
		for _, n := range sources {
			s := source(n)
			if change != nil {
				change(&s)
			}
			g.Add(file(name, 1, sha1), s, 0)
		}
	}
	push := func(s *Source) { s.Push = true }
	add("danube.mp3", 1, nil, 1, 2, 3, 4, 5)
	add("blue danube and a whole lot of other words.mp3", 2, nil, 1, 2, 3)
	add("blue danube pushed twice.mp3", 3, push, 1, 2, 3)
	add("blue danube one only source.mp3", 4, nil, 1)
	add("blue danube two good sources.mp3", 5, nil, 1, 2)
	add("Blue Danube.mp3", 6, func(s *Source) { s.Busy = true }, 1)
	add("blue danube.mp3", 7, nil, 1)
	add("blue-danube.mp3", 8, func(s *Source) { s.Hops = 1 }, 1)
	add("blue_danube.mp3", 9, nil, 1)
	want := []byte{8, 7, 9, 6, 3, 5, 4, 2, 1}
	var got []byte
	for _, r := range g.Ranked() {
		got = append(got, r.URN.SHA1[0])
	}
	if string(got) != string(want) {
		t.Errorf("order %v, want %v", got, want)
		for _, r := range g.Ranked() {
			t.Logf("%v %q %v", r.Score, r.Name, len(r.Sources))
		}
	}
}

func TestGrouperRankByFolderAndPrefix(t *testing.T) {
	g := grouper(t, "net serv*")
	f := file("server.go", 1, 1)
	f.Path = "net/http"
	g.Add(file("server.go", 1, 2), source(1), 0)
	r, _ := g.Add(f, source(1), 0)
	if int(r.Score) != 2 {
		t.Errorf("score %v, want both words to count", r.Score)
	}
	if best := g.Ranked()[0]; best.URN.SHA1[0] != 1 {
		t.Errorf("best is %+v", best)
	}
}

func TestGrouperIsBounded(t *testing.T) {
	g := grouper(t, "danube")
	add := func(name string, i int) bool {
		f := protocol.FileRecord{Name: name, Size: 1, URN: protocol.URN{SHA1: protocol.SHA1{byte(i), byte(i >> 8), 1}, HasSHA1: true}}
		_, ok := g.Add(f, source(1), 0)
		return ok
	}
	for i := range MaxResults {
		if !add(fmt.Sprintf("junk %d.mp3", i), i) {
			t.Fatalf("row %d was not taken", i)
		}
	}
	if add("more junk.mp3", MaxResults) {
		t.Error("one row too many was taken")
	}
	if !add("danube.mp3", MaxResults+1) {
		t.Error("a better row found no room")
	}
	rows := g.Ranked()
	if len(rows) != MaxResults || rows[0].Name != "danube.mp3" || g.Dropped().Results != 2 {
		t.Errorf("%d rows, first %q, %+v", len(rows), rows[0].Name, g.Dropped())
	}
	if last := rows[len(rows)-1].Name; last != "junk 998.mp3" {
		t.Errorf("the last row is %q, so not the latest of the worst went", last)
	}
}

func TestGrouperSourcesAreBounded(t *testing.T) {
	g := grouper(t, "danube")
	for i := range MaxSources {
		if _, ok := g.Add(file("danube", 1, 1), source(i), 0); !ok {
			t.Fatalf("source %d was not taken", i)
		}
	}
	r, ok := g.Add(file("danube", 1, 1), source(MaxSources), 0)
	if ok || len(r.Sources) != MaxSources || g.Dropped().Sources != 1 {
		t.Errorf("%v, %d sources, %+v", ok, len(r.Sources), g.Dropped())
	}
}

func BenchmarkGrouperAdd(b *testing.B) {
	g := NewGrouper(Query{Words: []string{"blue", "danube"}})
	i := 0
	for b.Loop() {
		f := file("The Blue Danube.mp3", 1, byte(i)|1)
		g.Add(f, source(i%40), 0)
		i++
	}
}

func equalSource(a, b Source) bool {
	return offer{source: a}.same(offer{source: b}) && a.Addr == b.Addr && a.Servent == b.Servent
}

// TestNewProxies: a source that names other push proxies than before is news.
func TestNewProxies(t *testing.T) {
	g := NewGrouper(Query{})
	f := protocol.FileRecord{Name: "a", URN: protocol.URN{HasSHA1: true}}
	s := source(1)
	s.Proxies = []netip.AddrPort{netip.MustParseAddrPort("5.9.0.1:6346")}
	for i, want := range []bool{true, false, true, false} {
		if i == 2 {
			s.Proxies = []netip.AddrPort{netip.MustParseAddrPort("5.9.0.2:6346")}
		}
		r, changed := g.Add(f, s, 0)
		if changed != want || !slices.Equal(r.Sources[0].Proxies, s.Proxies) {
			t.Errorf("time %d: changed %v, sources %v", i, changed, r.Sources)
		}
	}
}
