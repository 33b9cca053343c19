package bleveindex

import (
	"github.com/blevesearch/bleve/v2/document"
	"github.com/blevesearch/bleve/v2/index/scorch/mergeplan"
	index "github.com/blevesearch/bleve_index_api"
)

// never is the plan that bleve's merger follows by itself: nothing is ever too
// many. As a map, since bleve reads it as JSON.
func never() map[string]any {
	return map[string]any{"MaxSegmentsPerTier": 1 << 30, "FloorSegmentSize": 1}
}

// tiers is the usual plan, followed after each batch.
func (x *Index) tiers() *mergeplan.MergePlanOptions {
	o := mergeplan.DefaultMergePlanOptions
	return x.ifRoom(&o)
}

// single is the plan that leaves no deleted document behind.
func (x *Index) single() *mergeplan.MergePlanOptions {
	o := mergeplan.SingleSegmentMergePlanOptions
	o.SegmentsPerMergeTask = 1 << 20
	return x.ifRoom(&o)
}

// ifRoom returns o unless what earlier merges left behind is still in the way.
func (x *Index) ifRoom(o *mergeplan.MergePlanOptions) *mergeplan.MergePlanOptions {
	t, err := x.taken()
	if err != nil || !x.room.merges(t) {
		return nil
	}
	return o
}

// compact merges all segments into one. bleve leaves a segment that is alone as
// it is, so it is given company.
func (x *Index) compact() error {
	b := index.NewBatch()
	b.Update(document.NewDocument(ballast))
	if err := x.store.batch(b, x.single); err != nil {
		return err
	}
	return x.look()
}
