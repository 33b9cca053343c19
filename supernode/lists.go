package supernode

import (
	"cmp"
	"fmt"
	"net/netip"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/search"
)

// Defaults of ListsConfig.
const (
	DefaultListFiles = 100_000
	DefaultListTotal = 5_000_000
	DefaultListBytes = 1 << 30
	DefaultListKeep  = 10 * time.Minute
)

const (
	// mostListFiles is what the slots of one list have room for, twice: while a
	// list changes, what it was and what it becomes may be there both.
	mostListFiles = 1 << (slotBits - 1)
	// fadeStep is how many files of forgotten lists are taken apart at once, and
	// fadeEvery how soon the next are.
	fadeStep  = 500
	fadeEvery = 10 * time.Millisecond
	// Searches look at the files of kept lists, too, and pass over them: there are
	// leastKept at most, or one for keptShare of those whose leaves are there.
	leastKept = 20_000
	keptShare = 40
)

// ListsConfig bounds the lists of leaves. Zero means the default.
type ListsConfig struct {
	MaxFiles int           // of one leaf, 2^19 at most; DefaultListFiles
	MaxTotal int           // of all, kept lists included; DefaultListTotal
	MaxBytes int64         // that they may take in memory; DefaultListBytes
	Keep     time.Duration // a list outlives its leaf; DefaultListKeep
}

func (c ListsConfig) withDefaults() ListsConfig {
	return ListsConfig{
		MaxFiles: min(cmp.Or(c.MaxFiles, DefaultListFiles), mostListFiles),
		MaxTotal: cmp.Or(c.MaxTotal, DefaultListTotal),
		MaxBytes: cmp.Or(c.MaxBytes, DefaultListBytes),
		Keep:     cmp.Or(c.Keep, DefaultListKeep),
	}
}

// Lists is the registry of the file lists that leaves have given (docs/protocol.md
// 11). A list stands under its leaf's GUID and outlives the leaf's link for a
// while: the leaf that comes back sends nothing, or what has changed.
//
// An index beside it holds the documents of all lists, kept ones too, so that
// leaves who come and go do not churn it; Present says which of them count, and
// that ends with the link. What a list becomes is answered for as its parts
// come: the files of a part are the leaf's, whether or not the rest arrives.
// Its digest is exact all the time.
//
// It belongs to one caller. Methods whose comment says so change nothing and may
// run beside one another.
type Lists struct {
	cfg    ListsConfig
	number uint64 // given last
	byLink map[uint32]*list
	byID   map[protocol.GUID]*list
	all    map[uint64]*list // by number, with those that fade

	kept   []keptList // by when they are forgotten
	fading []*list    // forgotten, and not taken apart yet

	hashes  map[uint64]search.DocID // the first file of each content, see hashKey
	words   *protocol.WordCount
	version uint64 // of words
	table   *protocol.RouteTable
	tableOf uint64 // version that table is of

	waiting []search.DocID // that the index has to be told of, and
	waits   map[search.DocID]struct{}

	files, keptFiles int
	bytes            int64
	stats            ListStats
}

// keptList is a list whose leaf has gone. It counts for nothing when the leaf has
// been there since.
type keptList struct {
	list  *list
	until time.Duration
}

func (k keptList) stale() bool { return k.list.present || k.list.fading || k.list.until != k.until }

// NewLists returns a registry without lists.
func NewLists(cfg ListsConfig) *Lists {
	return &Lists{
		cfg:    cfg.withDefaults(),
		byLink: make(map[uint32]*list), byID: make(map[protocol.GUID]*list), all: make(map[uint64]*list),
		hashes: make(map[uint64]search.DocID), words: protocol.NewWordCount(),
		waits: make(map[search.DocID]struct{}),
	}
}

// Leaf is who offers a list. Others may say its GUID, which is no secret; they get
// nothing of a list that came from another host.
type Leaf struct {
	Link       uint32
	ID         protocol.GUID
	Host       netip.Addr
	Firewalled bool // it cannot be connected to
}

// Offer notes that a leaf has the list of digest with so many files. A link's number is never used again; where another link had the
// same GUID, that one counts no more. The answer is ListHeld where nothing has to
// be sent, ListSend with the digest of what is held, or ListRefused.
func (x *Lists) Offer(now time.Duration, leaf Leaf, digest protocol.ListDigest, files uint32) protocol.ListAnswer {
	x.stats.Offers++
	link, id := leaf.Link, leaf.ID
	if old := x.byLink[link]; old != nil && old.id != id {
		x.leave(now, old)
	}
	l := x.byID[id]
	if l != nil && l.host != leaf.Host {
		x.drop(l)
		l = nil
	}
	if int64(files) > int64(x.cfg.MaxFiles) {
		if l != nil && l.present {
			x.leave(now, l)
		}
		return x.refusal(refusedFiles, x.tooMany(int(files)))
	}
	if files == 0 && digest == (protocol.ListDigest{}) && l != nil && len(l.places) > 0 {
		return x.park(now, l) // it may have started just now
	}
	if l == nil {
		l = x.open(id)
		l.host = leaf.Host
	}
	x.arrive(link, l)
	l.firewalled = leaf.Firewalled
	if l.digest == digest {
		x.stats.Held++
		l.whole, l.change = true, nil
		return protocol.ListAnswer{Verdict: protocol.ListHeld, Digest: digest}
	}
	if !x.makeRoom(int(files)-len(l.places), 0) {
		x.leave(now, l)
		return x.refusal(refusedRoom, x.noRoom())
	}
	return x.ask(l, false)
}

// park keeps a list whose leaf has no files at present.
func (x *Lists) park(now time.Duration, l *list) protocol.ListAnswer {
	x.stats.Held++
	if l.present {
		x.leave(now, l)
	}
	return protocol.ListAnswer{Verdict: protocol.ListHeld}
}

// drop forgets a list, whether its leaf is there or not.
func (x *Lists) drop(l *list) {
	if l.present {
		delete(x.byLink, l.link)
		l.present, l.change = false, nil
		x.keptFiles += len(l.places)
	}
	x.forget(l)
}

// ask has the leaf send what leads from its list as it is held to its present one,
// or all of it.
func (x *Lists) ask(l *list, again bool) protocol.ListAnswer {
	a := protocol.ListAnswer{Verdict: protocol.ListSend}
	l.change = &change{again: again, whole: again || !l.whole || len(l.places) == 0, left: x.cfg.MaxFiles + len(l.places)}
	if !l.change.whole {
		a.Digest = l.digest
	}
	l.whole = false
	return a
}

// Gone notes that a link has ended. Its leaf's files are present no more; the list
// is kept.
func (x *Lists) Gone(now time.Duration, link uint32) {
	if l := x.byLink[link]; l != nil {
		x.leave(now, l)
	}
}

// Refuse takes back that the list of the leaf on link is held, for a reason of the
// caller's, and returns what to tell the leaf.
func (x *Lists) Refuse(link uint32, reason string) protocol.ListAnswer {
	return x.refuse(x.byLink[link], refusedRoom, reason)
}

// RefuseDoc gives up the list that a document is of, for a reason of the caller's.
// Where its leaf is there it returns the link, and what to tell it.
func (x *Lists) RefuseDoc(id search.DocID, reason string) (link uint32, a protocol.ListAnswer, ok bool) {
	l, _ := x.at(id)
	if l == nil {
		return 0, a, false
	}
	link, ok = l.link, l.present
	if !ok {
		x.forget(l)
		return 0, a, false
	}
	return link, x.refuse(l, refusedRoom, reason), true
}

// Expire forgets lists that were kept long enough, and the oldest where there are too
// many. It is to be called again at next; 0: nothing waits.
func (x *Lists) Expire(now time.Duration) (next time.Duration) {
	for len(x.kept) > 0 && (x.kept[0].stale() || x.kept[0].until <= now || x.keptFiles > mostKept(x.files-x.keptFiles)) {
		x.forgetOldest()
	}
	x.fade(fadeStep)
	switch {
	case len(x.fading) > 0:
		return now + fadeEvery
	case len(x.kept) > 0:
		return x.kept[0].until
	}
	return 0
}

// mostKept is how many files may be kept beside so many whose leaves are there.
func mostKept(files int) int { return max(leastKept, files/keptShare) }

// open begins an empty list.
func (x *Lists) open(id protocol.GUID) *list {
	x.number++
	l := &list{number: x.number, id: id, places: make(map[uint32]uint32)}
	x.all[l.number], x.byID[id] = l, l
	x.bytes += l.bytes()
	return l
}

// arrive makes l that of the leaf on link.
func (x *Lists) arrive(link uint32, l *list) {
	if l.present {
		delete(x.byLink, l.link)
	} else {
		x.keptFiles -= len(l.places)
	}
	l.present, l.link = true, link
	x.byLink[link] = l
}

// leave hides what is in l until its leaf is there again. A list on its way to
// another digest is sent whole then, unless it happens to be right.
func (x *Lists) leave(now time.Duration, l *list) {
	delete(x.byLink, l.link)
	l.present, l.change, l.until = false, nil, now+x.cfg.Keep
	x.keptFiles += len(l.places)
	if len(l.places) == 0 {
		x.forget(l)
		return
	}
	x.kept = append(x.kept, keptList{l, l.until})
}

func (x *Lists) forgetOldest() {
	k := x.kept[0]
	x.kept = x.kept[1:]
	if !k.stale() {
		x.forget(k.list)
	}
}

// forget gives up a list whose leaf is not there. Its room is free; the index is
// told by and by.
func (x *Lists) forget(l *list) {
	l.fading = true
	delete(x.byID, l.id)
	x.files -= len(l.places)
	x.keptFiles -= len(l.places)
	x.bytes -= l.bytes()
	l.places = nil
	x.fading = append(x.fading, l)
}

// fade takes up to n files of forgotten lists apart.
func (x *Lists) fade(n int) {
	for ; n > 0 && len(x.fading) > 0; n-- {
		l := x.fading[0]
		last := len(l.slots) - 1
		if last < 0 {
			delete(x.all, l.number)
			x.fading = x.fading[1:]
			continue
		}
		if l.slots[last].size > 0 {
			x.uncount(l, uint32(last))
			x.tell(l.doc(uint32(last)))
		}
		l.slots = l.slots[:last]
	}
}

// makeRoom says whether so many more files and bytes fit in, once the oldest of
// the kept lists have gone.
func (x *Lists) makeRoom(files int, bytes int64) bool {
	if x.files-x.keptFiles+files > x.cfg.MaxTotal {
		return false
	}
	for x.files+files > x.cfg.MaxTotal || x.bytes+bytes > x.cfg.MaxBytes {
		if len(x.kept) == 0 {
			return false
		}
		x.forgetOldest()
	}
	return true
}

// refuse ends a list, which may be nil, that its leaf has not sent as it should.
func (x *Lists) refuse(l *list, why refusal, reason string) protocol.ListAnswer {
	if l != nil {
		x.drop(l)
	}
	return x.refusal(why, reason)
}

func (x *Lists) refusal(why refusal, reason string) protocol.ListAnswer {
	*x.stats.refused(why)++
	return protocol.ListAnswer{Verdict: protocol.ListRefused, Reason: reason}
}

func (x *Lists) tooMany(files int) string {
	return fmt.Sprintf("%s files; this supernode holds lists of up to %s", thousands(files), thousands(x.cfg.MaxFiles))
}

func (x *Lists) noRoom() string {
	return fmt.Sprintf("no room: this supernode holds %s files in %s MiB already", thousands(x.files), thousands(int(x.bytes>>20)))
}

// thousands writes a number with commas.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
