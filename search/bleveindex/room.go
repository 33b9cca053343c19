package bleveindex

import (
	"path/filepath"

	"github.com/blevesearch/bleve/v2/index/scorch"
	"github.com/seed282dab8e/servent/search"
)

// MinMaxBytes is the least that an index may be bounded to.
const MinMaxBytes = 2 << 20

// room says what fits under the cap. A merge writes its result before bleve
// removes what it was made of, so the segments may take only a part:
//
//	segments + their merge + bleve's list of segments <= max
//
// Between two batches bleve does nothing but remove what is not needed any
// more, and a merge does not begin before there is room for its result.
type room struct{ max int64 }

// segments is what all segments may take, with merges and what is not removed yet.
func (r room) segments() int64 { return r.max - r.list() }

// usable is what the segments that count may take.
func (r room) usable() int64 { return r.segments() * 4 / 9 }

// merged is at least what a merge of n bytes writes. It comes to 0.4 to 1.0 of
// n, also with words chosen to make it large; small segments gain a few bytes.
func merged(n int64) int64 { return n + n/4 }

// list is what bleve's list of segments may take, with a bit for each deleted
// document.
func (r room) list() int64 { return r.max/16 + 512<<10 }

// slack is the part of usable that only documents that replace others may take,
// so that a full index is not compacted for every one of them.
func (r room) slack() int64 { return r.usable() / 8 }

// emptySegment is what a segment takes beside its documents.
const emptySegment = 1 << 10

// cost is at least what d adds to a segment: twice what random words take.
func cost(d search.Doc) int64 { return 192 + 12*int64(len(d.Text)) }

// taken is what the segments take.
type taken struct {
	disk int64 // with those that bleve is about to remove
	all  int64 // that count
	live int64 // for documents that were not deleted
}

func (x *Index) taken() (t taken, err error) {
	now, err := listFiles(x.cfg.Dir)
	if err != nil {
		return t, err
	}
	for name, size := range now {
		if filepath.Ext(name) == segmentExt {
			t.disk += size
		}
	}
	err = x.store.segments(func(seg *scorch.SegmentSnapshot, path string) error {
		size := now[filepath.Base(path)]
		t.all += size
		t.live += size * seg.LiveSize() / max(seg.FullSize(), 1)
		return nil
	})
	return t, err
}

// merges says whether there is room to merge all segments, and afterwards for
// what may be put before the old ones have been removed.
func (r room) merges(t taken) bool {
	return t.disk+max(merged(t.live), r.usable()) <= r.segments()
}

// fitting is how many of put, from the first, fit beside what is taken. Those
// that has knows replace others. tight says that a merge would make room for more.
func (r room) fitting(t taken, put []search.Doc, has func(search.DocID) bool) (fit int, tight bool) {
	t.disk += emptySegment
	t.all += emptySegment
	for i, d := range put {
		c := cost(d)
		t.disk += c
		t.all += c
		replaces := has(d.ID)
		if !replaces {
			t.live += c
		}
		switch {
		case t.live > r.usable()-r.slack() && !replaces:
			return i, false
		case t.all > r.usable(), t.disk > r.segments():
			return i, true
		}
	}
	return len(put), false
}

// compactions is how often fitting tries to make room. What earlier merges left
// behind may be in the way at first: bleve removes it from batch to batch, once
// nobody reads it any more.
const compactions = 10

// fitting returns how many of put there is room for, which it makes by a merge
// where deleted documents take it.
func (x *Index) fitting(put []search.Doc) (int, error) {
	for try := 0; ; try++ {
		t, err := x.taken()
		if err != nil {
			return 0, err
		}
		fit, tight := x.room.fitting(t, put, x.Has)
		if gone, _ := x.lingering(); fit < len(put) && gone > 0 {
			if err := x.bury(); err != nil {
				return 0, err
			}
			continue
		}
		if !tight || t.disk-t.live < x.room.slack()/2 || try == compactions {
			return fit, nil
		}
		if err := x.compact(); err != nil {
			return 0, err
		}
	}
}
