package leaves

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/servent/wordindex"
	"github.com/seed282dab8e/servent/supernode"
)

// leaf is one of the test's, which sends what it is asked for.
type leaf struct {
	link   uint32
	id     protocol.GUID
	offer  protocol.ListOffer
	parts  []protocol.ListPart
	sent   int
	answer protocol.ListAnswer // the last one
}

// file is the i-th file of a leaf.
func file(leaf uint32, i int) protocol.ListFile {
	f := protocol.ListFile{Index: uint32(i + 1), Size: 1000, Type: uint8(search.Audio), Path: fmt.Sprintf("common/leaf%d song%d.ogg", leaf, i)}
	f.URN.HasSHA1, f.URN.SHA1 = true, protocol.SHA1{byte(i), byte(i >> 8), byte(leaf), byte(leaf >> 8)}
	return f
}

func newLeaf(link uint32, n int) *leaf {
	l := &leaf{link: link, id: protocol.GUID{byte(link), byte(link >> 8)}}
	l.offer.Files = uint32(n)
	for first := 0; first < n; first += partFiles {
		var body []byte
		for i := first; i < min(n, first+partFiles); i++ {
			record := file(link, i).Append(nil)
			l.offer.Digest.Add(record)
			body = protocol.ListChange{Record: record}.Append(body)
		}
		l.parts = append(l.parts, protocol.NewListPart(body))
	}
	l.parts[0].First = true
	last := &l.parts[len(l.parts)-1]
	last.Last, last.Digest, last.Files = true, l.offer.Digest, uint32(n)
	return l
}

// leavesOf are leaves of an Index, by link.
type leavesOf struct {
	mu    sync.Mutex
	x     *Index
	known map[uint32]*leaf
}

// answered is the Answer of the test's Index: leaves go on.
func (s *leavesOf) answered(link uint32, a protocol.ListAnswer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.known[link]
	l.answer = a
	if a.Verdict == protocol.ListSend {
		l.sent = 0
	}
	if a.Verdict == protocol.ListSend || a.Verdict == protocol.ListMore {
		s.x.Part(link, l.parts[l.sent])
		l.sent++
	}
}

func (s *leavesOf) come(l *leaf) {
	s.mu.Lock()
	s.known[l.link] = l
	s.mu.Unlock()
	s.x.Offer(supernode.Leaf{Link: l.link, ID: l.id}, l.offer.Digest, l.offer.Files)
}

func (s *leavesOf) verdict(link uint32) protocol.ListAnswer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known[link].answer
}

func newLeaves(t *testing.T, cfg Config) *leavesOf {
	s := &leavesOf{known: map[uint32]*leaf{}}
	cfg.Answer = s.answered
	s.x = New(cfg)
	t.Cleanup(s.x.Close)
	return s
}

// run runs the index until the function it returns is called.
func (s *leavesOf) run(t *testing.T) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { s.x.Run(ctx) })
	return func() { cancel(); running.Wait() }
}

func words(text string) search.Query { return search.WireQuery(text) }

func (s *leavesOf) wantFound(t *testing.T, text string, want int) {
	t.Helper()
	files, err := s.x.Find(t.Context(), Question{Words: words(text)})
	if err != nil || len(files) != want {
		t.Errorf("%s: %d files and %v, want %d", text, len(files), err, want)
	}
	for _, f := range files {
		if !strings.HasPrefix(f.Record.Name, fmt.Sprintf("leaf%d song", f.Link)) || f.Record.Path != "common" {
			t.Errorf("link %d has %+v", f.Link, f.Record)
		}
	}
}

func TestLeavesComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLeaves(t, Config{Lists: supernode.ListsConfig{Keep: time.Minute}})
		defer s.run(t)()
		s.come(newLeaf(1, 700))
		s.come(newLeaf(2, 5))
		time.Sleep(feedEvery + time.Millisecond)
		s.wantFound(t, "common", 705)
		s.wantFound(t, "leaf2 ogg", 5)
		if st := s.x.Stats(); st.Leaves != 2 || st.Whole != 2 || st.Waiting != 0 || st.State != wordindex.OK {
			t.Errorf("%+v", st)
		}
		s.x.Gone(1)
		synctest.Wait()
		s.wantFound(t, "common", 5)

		time.Sleep(time.Minute - time.Second)
		again := newLeaf(1, 700)
		again.link = 3
		s.come(again)
		synctest.Wait()
		if a := s.verdict(3); a.Verdict != protocol.ListHeld || again.sent > 0 {
			t.Errorf("%+v after %d parts", a, again.sent)
		}
		if files, err := s.x.Find(t.Context(), Question{Words: words("leaf1")}); err != nil || len(files) != 700 || files[0].Link != 3 {
			t.Error(len(files), err)
		}
		s.x.Gone(3)
		time.Sleep(2 * time.Minute)
		if st := s.x.Stats(); st.Kept != 0 || st.Files != 5 || st.Waiting != 0 {
			t.Errorf("after its time: %+v", st)
		}
	})
}

func TestFind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLeaves(t, Config{})
		defer s.run(t)()
		if s.x.Table() != nil {
			t.Error("a table of nothing")
		}
		s.come(newLeaf(1, 100))
		time.Sleep(2 * feedEvery)
		urn := func(i int) protocol.URN { return file(1, i).URN }
		find := func(text string, limit int, urns ...protocol.URN) string {
			files, err := s.x.Find(t.Context(), Question{Words: words(text), URNs: urns, Limit: limit})
			if err != nil {
				t.Error(err)
			}
			var out []string
			for _, f := range files {
				out = append(out, strings.TrimSuffix(f.Record.Name, ".ogg"))
			}
			return strings.Join(out, ", ")
		}
		for _, tt := range []struct{ got, want string }{
			{find("song7", 0), "leaf1 song7"},
			{find("song7", 0, urn(8), urn(7), urn(8)), "leaf1 song8, leaf1 song7"},
			{find("song7", 1, urn(8)), "leaf1 song8"},
			{find("song7", 2, urn(8)), "leaf1 song8, leaf1 song7"},
			{find("", 0, urn(9), protocol.URN{}, protocol.URN{HasSHA1: true}), "leaf1 song9"},
			{find("absent", 0), ""},
		} {
			if tt.got != tt.want {
				t.Errorf("found %q, want %q", tt.got, tt.want)
			}
		}
		shut := newLeaf(2, 10)
		s.come(shut)
		time.Sleep(2 * feedEvery)
		s.x.Offer(supernode.Leaf{Link: 2, ID: shut.id, Firewalled: true}, shut.offer.Digest, shut.offer.Files)
		time.Sleep(2 * feedEvery)
		for want, q := range map[string]Question{"song7: 1, 2": {}, "song7: 1": {Reachable: true}, "song7: 2": {Except: 1}, "song7:": {Reachable: true, Except: 1}} {
			got := "song7:"
			q.Words, q.URNs = words("song7"), []protocol.URN{file(2, 7).URN}
			files, _ := s.x.Find(t.Context(), q)
			slices.SortFunc(files, func(a, b File) int { return int(a.Link) - int(b.Link) })
			for i, f := range files {
				got += strings.Repeat(",", min(i, 1)) + fmt.Sprint(" ", f.Link)
			}
			if got != want {
				t.Errorf("%+v: found %q, want %q", q, got, want)
			}
		}
		if files, _ := s.x.Find(t.Context(), Question{Words: words("common"), Limit: 50}); len(files) != 50 {
			t.Errorf("%d files, want 50", len(files))
		}
		if table := s.x.Table(); table == nil || !table.Has(protocol.WordHash("song7")) || s.x.Table() != table {
			t.Error("no table, or another one for the same files")
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.x.Find(ended, Question{Words: words("common")}); err == nil {
			t.Error("found after the end")
		}
	})
}

// TestBackPressure does by hand what Run's goroutines do.
func TestBackPressure(t *testing.T) {
	s := newLeaves(t, Config{})
	work := func() {
		for events, _ := s.x.inbox.take(); len(events) > 0; events, _ = s.x.inbox.take() {
			for _, e := range events {
				s.x.tell(func() []answer { return s.x.apply(e) })
			}
		}
	}
	const files = maxWaiting + 5*partFiles
	s.come(newLeaf(1, files))
	work()
	s.come(newLeaf(2, 10))
	work()
	if st := s.x.Stats(); st.Waiting < maxWaiting || st.Waiting > maxWaiting+partFiles || st.Withheld != 2 {
		t.Fatalf("%+v", st)
	}
	s.come(newLeaf(2, 10)) // offers again: is told once
	s.come(newLeaf(3, 10))
	s.x.Gone(3)
	work()
	if st := s.x.Stats(); st.Withheld != 2 {
		t.Errorf("%+v", st)
	}
	for s.x.feedBatch(1) {
		if st := s.x.Stats(); st.Waiting+st.Withheld*partFiles > maxWaiting+partFiles {
			t.Errorf("let go too many: %+v", st)
		}
		work()
		s.x.found()
	}
	s.wantFound(t, "common", files+10)
	for _, link := range []uint32{1, 2} {
		if a := s.verdict(link); a.Verdict != protocol.ListHeld {
			t.Errorf("link %d: %+v", link, a)
		}
	}
}

// TestStallers: leaves that are asked and send nothing hold others up for a while
// only.
func TestStallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := make(chan uint32, 2*maxAsked)
		x := New(Config{Answer: func(link uint32, _ protocol.ListAnswer) { asked <- link }})
		defer x.Close()
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { x.Run(ctx) })
		for link := range uint32(maxAsked + 1) {
			x.Offer(supernode.Leaf{Link: link + 1, ID: protocol.GUID{byte(link), byte(link >> 8)}}, protocol.ListDigest{1}, 1)
		}
		synctest.Wait()
		if st := x.Stats(); len(asked) != maxAsked || st.Withheld != 1 {
			t.Errorf("%d asked, %+v", len(asked), st)
		}
		time.Sleep(askedFor - time.Millisecond)
		if len(asked) != maxAsked {
			t.Error("the next one is asked too early")
		}
		time.Sleep(feedEvery + 2*time.Millisecond)
		if len(asked) != maxAsked+1 {
			t.Error("the next one is not asked")
		}
		cancel()
		running.Wait()
	})
}

func TestInboxLimits(t *testing.T) {
	x := New(Config{Answer: func(uint32, protocol.ListAnswer) {}})
	defer x.Close()
	for range maxInbox {
		x.Offer(supernode.Leaf{Link: 1, ID: protocol.GUID{1}}, protocol.ListDigest{}, 0)
	}
	if st := x.Stats(); st.Overrun != 0 {
		t.Error("lost at the limit")
	}
	x.Offer(supernode.Leaf{Link: 2, ID: protocol.GUID{2}}, protocol.ListDigest{}, 0)
	x.Gone(1)
	x.Offer(supernode.Leaf{Link: 3, ID: protocol.GUID{3}}, protocol.ListDigest{}, 0)
	x.Gone(3)
	events, lost := x.inbox.take()
	if len(events) != maxInbox+2 || !slices.Equal(lost, []uint32{2}) || x.Stats().Overrun != 2 {
		t.Errorf("%d events, %d lost", len(events), lost)
	}

	big := protocol.ListPart{Deflated: make([]byte, 1<<20-eventBytes)}
	for range maxInboxBytes >> 20 {
		x.Part(4, big)
	}
	if _, lost := x.inbox.take(); len(lost) != 0 {
		t.Error("lost at the limit of bytes")
	}
	for range maxInboxBytes>>20 + 1 {
		x.Part(5, big)
	}
	x.Part(5, protocol.ListPart{}) // there is room, but not for half of a list
	if events, lost := x.inbox.take(); len(events) != maxInboxBytes>>20 || !slices.Equal(lost, []uint32{5}) {
		t.Errorf("%d events, %d lost", len(events), lost)
	}
}

func TestOverrunIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLeaves(t, Config{})
		for range maxInbox {
			s.x.Gone(7)
		}
		s.come(newLeaf(1, 1))
		defer s.run(t)()
		synctest.Wait()
		if a := s.verdict(1); a.Verdict != protocol.ListRefused || a.Reason != reasonOverrun {
			t.Errorf("%+v", a)
		}
		s.come(newLeaf(1, 1))
		time.Sleep(feedEvery)
		if a := s.verdict(1); a.Verdict != protocol.ListHeld {
			t.Errorf("offered again: %+v", a)
		}
	})
}

// TestHeldIsFound: a leaf hears that its list is held when its files can be found, and
// whoever asks knows their words; after a quiet time that is soon.
func TestHeldIsFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s *leavesOf
		var known *protocol.RouteTable
		s = newLeaves(t, Config{Words: func(t *protocol.RouteTable, _ int) { known = t }})
		answered := s.x.cfg.Answer
		s.x.cfg.Answer = func(link uint32, a protocol.ListAnswer) {
			if word := fmt.Sprintf("leaf%d", link); a.Verdict == protocol.ListHeld {
				s.wantFound(t, word, 3)
				if hash := search.AppendHashes(nil, []byte(word)); !known.Has(hash[0]) {
					t.Errorf("%s is held and not known", word)
				}
			}
			answered(link, a)
		}
		defer s.run(t)()
		time.Sleep(time.Minute)
		for link, wait := range []time.Duration{feedSoon, feedEvery, 2 * feedEvery} {
			s.come(newLeaf(uint32(link+1), 3))
			time.Sleep(wait + time.Millisecond)
			if a := s.verdict(uint32(link + 1)); a.Verdict != protocol.ListHeld {
				t.Errorf("leaf %d after %v: %+v", link+1, wait, a)
			}
		}
	})
}

// eventually waits for real goroutines.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("never:", what)
		}
	}
}

// TestOnDisk has more files than stay in memory, by many leaves at once, while
// others search; then the files of the index are damaged.
func TestOnDisk(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "leaves")
	s := newLeaves(t, Config{Dir: dir})
	stop := s.run(t)
	const leaves, each = 60, 200
	var searching sync.WaitGroup
	done := make(chan struct{})
	for range 2 {
		searching.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					s.wantFound(t, "song7 leaf999", 0)
					_ = s.x.Table()
				}
			}
		})
	}
	for link := range uint32(leaves) {
		s.come(newLeaf(link+1, each))
	}
	found := func() int {
		files, err := s.x.Find(t.Context(), Question{Words: words("common")})
		if err != nil {
			t.Error(err)
		}
		return len(files)
	}
	eventually(t, "all found", func() bool { return found() == leaves*each })
	if st := s.x.Stats(); st.Disk == 0 || st.Whole != leaves {
		t.Errorf("%+v", st)
	}
	segments, err := filepath.Glob(filepath.Join(dir, "*.zap"))
	if err != nil || len(segments) == 0 {
		t.Fatal(segments, err)
	}
	if err := os.Truncate(segments[0], 100); err != nil {
		t.Fatal(err)
	}
	s.come(newLeaf(99, 10))
	eventually(t, "made anew", func() bool { return found() == leaves*each+10 && s.x.Stats().State == wordindex.OK })
	close(done)
	searching.Wait()
	stop()
}

// TestIndexFull: leaves whose files have no room in the index are told so, and the
// others are served.
func TestIndexFull(t *testing.T) {
	s := newLeaves(t, Config{Dir: filepath.Join(t.TempDir(), "leaves"), MaxBytes: 2 << 20})
	defer s.run(t)()
	const leaves, each = 100, 300
	for link := range uint32(leaves) {
		s.come(newLeaf(link+1, each))
	}
	held := func() (n int) {
		for link := range uint32(leaves) {
			switch a := s.verdict(link + 1); {
			case a.Verdict == protocol.ListHeld:
				n++
			case a.Verdict == protocol.ListRefused && a.Reason != reasonFull:
				t.Errorf("%+v", a)
			}
		}
		return n
	}
	eventually(t, "some were refused, and the rest can be found", func() bool {
		st := s.x.Stats()
		files, err := s.x.Find(t.Context(), Question{Words: words("common")})
		return err == nil && st.Waiting == 0 && st.RefusedRoom > 0 && len(files) == st.Files && held()*each == st.Files && st.Leaves+int(st.RefusedRoom) == leaves
	})
	if n := held(); n == 0 {
		t.Error("none was taken")
	}
}

// TestMadeAnewTooSmall: while the index is made anew no leaf hears that its list is
// held; those whose files have no room in it hear that, also of lists that were.
func TestMadeAnewTooSmall(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "leaves")
	s := newLeaves(t, Config{Dir: dir, MaxBytes: 4 << 20})
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	running.Go(func() { s.x.feed(ctx) })
	running.Go(func() { s.x.handle(ctx) })
	const first, leaves, each = 40, 200, 300 // the first are more than stay in memory
	come := func(from, to uint32) {
		for link := from; link <= to; link++ {
			s.come(newLeaf(link, each))
		}
		eventually(t, "the index has been told of all", func() bool {
			st := s.x.Stats()
			return st.Whole == uint64(to) && st.Waiting == 0
		})
	}
	count := func(v protocol.ListVerdict) (n int) {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, l := range s.known {
			if a := l.answer; a.Verdict == v && (v != protocol.ListHeld || a.Digest == l.offer.Digest) {
				n++
			}
		}
		return n
	}
	come(1, first)
	eventually(t, "held", func() bool { return count(protocol.ListHeld) == first })
	if err := os.Truncate(filepath.Join(dir, "root.bolt"), 100); err != nil {
		t.Fatal(err)
	}
	s.x.words.Look()
	come(first+1, leaves)
	s.x.found()
	if n := count(protocol.ListHeld); n != first || s.x.Stats().State != wordindex.Rebuilding {
		t.Errorf("%d lists are held, state %s", n, s.x.Stats().State)
	}
	running.Go(func() { s.x.words.Run(ctx) })
	eventually(t, "each leaf hears how it is", func() bool {
		files, err := s.x.Find(t.Context(), Question{Words: words("common")})
		held, refused := count(protocol.ListHeld), count(protocol.ListRefused)
		return err == nil && held > 0 && refused > 0 && held+refused == leaves && len(files) == held*each
	})
}
