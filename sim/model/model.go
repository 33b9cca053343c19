// Package model holds the ways to find files that are compared, one small file
// each with its source: a central index, flat flooding, expanding rings, random
// walks, supernodes, Gia, and distributed hash tables. All get the same workload
// and count the same things.
package model

import (
	"time"

	"github.com/seed282dab8e/servent/sim/load"
)

// Model is a network that stands, over the peers of a workload that are up at
// one moment. It does not change, so any number of Searchers may use it.
type Model interface {
	// Name is what tables call it: "flat flooding".
	Name() string
	// Searcher makes one that runs searches, for one goroutine.
	Searcher() Searcher
	// Upkeep is what it costs to keep the network as it is: links, lists,
	// tables, publishing, under the workload's churn.
	Upkeep() Upkeep
}

// Searcher runs searches one after the other. What a search gives depends on
// the model, the workload and the query alone, not on those before.
type Searcher interface {
	Search(q *load.Query) Outcome
	// Load returns how many messages each peer has sent and received for the
	// searches so far, replies included. It goes on counting.
	Load() []uint32
}

// Outcome is what one search cost and found.
type Outcome struct {
	Messages   int64 // copies of the query sent on links, duplicates included
	Duplicates int64 // of them, second and later copies at a peer
	Lost       int64 // of them, to peers that had left
	Replies    int64 // messages that brought hits back, one a link
	Bytes      int64 // of all of these on the wire, see Sizes

	Reached int // peers that got the query, without the asker
	Covered int // peers whose files were looked through, wherever that happened

	Found int           // copies of matching files that the asker heard of and that are still there
	Stale int           // copies that it heard of and that have left
	First time.Duration // until the first hit; negative when there is none
	Tenth time.Duration // until the tenth; negative when there are fewer
	Hops  int           // of the query to where the first hit came from; -1 when there is none
}

// Upkeep is what a network costs while nobody searches, in all its peers
// together.
type Upkeep struct {
	Messages float64 // a second
	Bytes    float64 // a second
}
