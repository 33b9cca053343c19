package search

import (
	"context"
	"fmt"
)

// DocID names a document in an Index. Its owner chooses it.
type DocID uint64

// Doc is a file as an Index knows it.
type Doc struct {
	ID   DocID
	Text string // path below the shared folder, parts separated by slashes
	Size uint64
	Type MediaType
}

// Hit is a document that answers a query. A higher score is a closer match;
// scores of different queries do not compare.
type Hit struct {
	ID    DocID
	Score float64
}

// Index finds documents by the words in their names. The suite in
// search/indextest says in tests what these comments say in words.
type Index interface {
	// Apply takes the documents of del out and puts those of put in, in that
	// order, as one batch; put replaces a document with the same ID, and the last
	// of several wins. IDs that are not there are no error. What Apply has put in,
	// Find finds once Apply has returned.
	//
	// An index may be bounded. What it has no room for is then not in it, nor is
	// an older document of that ID, and a *FullError names it; all else of the
	// batch is applied. Deletions always are, and they make room.
	Apply(put []Doc, del []DocID) error

	// Find returns documents that answer q and that keep accepts, the best first,
	// those of equal score by ID. A nil keep accepts all; keep must not call the
	// index. With a positive limit it returns at most so many, and need not look
	// at further documents to find better ones. An empty query finds nothing.
	Find(ctx context.Context, q Query, keep func(DocID) bool, limit int) ([]Hit, error)
}

// FullError says which documents Index.Apply refused, for want of room. All
// else of that batch has been applied.
type FullError struct {
	Refused []DocID
	Max     int64 // bytes that the index may take
}

func (e *FullError) Error() string {
	return fmt.Sprintf("the index is full: %d documents do not fit into its %d bytes", len(e.Refused), e.Max)
}
