package study

import (
	"github.com/seed282dab8e/servent/sim/load"
	"github.com/seed282dab8e/servent/sim/model"
)

// contender is one way to find files in a comparison.
type contender struct {
	key, name string
	about     string  // what it does, and what it cannot find
	ttls      []int   // that the sweep over TTLs tries; none: it has no TTL
	partial   bool    // it is tried with copies shared out in other ways: it looks at a part of the peers only
	drawn     bool    // it is among the lines of a plot that has no room for all
	work      float64 // of a search beside that of a flat flood
	bytes     int64   // a peer, where it is more than for others
	alike     bool    // all peers have links, --degree on average
	supers    bool    // only supernodes have
	table     bool    // it is a hash table
	words     bool    // it stores all words once
	build     func(c *compare, w *load.Workload, ttl int) (model.Model, error)
}

// contenders lists the models in the order of tables.
func contenders() []contender { return append(searchers(), tables()...) }

// searchers look for files where these are.
func searchers() []contender {
	return []contender{
		{
			key: "central", name: "central index",
			about: "One server knows what everybody shares, as Napster had it. It finds all; it is one machine that all depend on.",
			drawn: true,
			work:  0.01, build: buildCentral,
		},
		{
			key: "flat", name: "flat flooding",
			about: "All peers are equal and pass a search on to all neighbours until its TTL is used up, as the first Gnutella did. It finds what is within the TTL.",
			ttls:  []int{4, 7, 9, 11, 13, 15}, partial: true, drawn: true, work: 1, alike: true, build: buildFlat,
		},
		{
			key: "rings", name: "expanding ring",
			about: "Flooding that begins with a small TTL and is repeated with larger ones until ten files are found. Rare files cost all rounds.",
			work:  1, alike: true, build: buildRings,
		},
		{
			key: "walks", name: "32 walkers",
			about:   "32 copies of a search go from peer to peer at random until ten files are found. Rare files are mostly missed.",
			partial: true, drawn: true,
			work: 0.3, alike: true, build: buildWalks(model.Walk{Walkers: 32, Check: 4, Most: 256, Want: 10, Keep: true}),
		},
		{
			key: "biased", name: "walk by degree",
			about:   "One walker goes to the neighbour with most links, and peers answer for their neighbours. Peers with many links get most of what is sent.",
			partial: true,
			work:    0.2, alike: true, build: buildWalks(model.Walk{Walkers: 1, Check: 1, Most: 1024, Want: 10, Biased: true, Index: true}),
		},
		{
			key: "gia", name: "Gia",
			about: "As before, over a network in which the most capable peers have made most links (Gia). It stops when ten files are found, or after 1,024 steps.",
			drawn: true,
			work:  0.3, bytes: 500, build: buildGia,
		},
		{
			key: "super", name: "supernodes",
			about: "The most capable peers keep the file lists of the others, and flood searches among themselves, as Kazaa did. Lists may name files that have just gone.",
			ttls:  []int{1, 2, 3, 4}, partial: true, drawn: true, work: 0.3, supers: true, build: buildSupernodes(false, false),
		},
		{
			key: "tables", name: "supernodes, tables",
			about: "The same; supernodes also know the words of their neighbours' files and leave out, on the last link, who cannot answer. Simplified: copies on the last link come after all others, so no peer is kept by one from passing on a later copy; where links are unequal, such floods can be larger than those without tables.",
			ttls:  []int{1, 2, 3, 4}, work: 0.2, supers: true, build: buildSupernodes(true, false),
		},
		{
			key: "dynamic", name: "supernodes, dynamic",
			about:   "The same, as servent does it: one supernode after the other is asked, until there are 50 hits. It finds enough, not all.",
			partial: true, drawn: true,
			work: 0.2, supers: true, build: buildSupernodes(true, true),
		},
	}
}

// tables are hash tables, which are told of all files before.
func tables() []contender {
	return []contender{
		{
			key: "chord", name: "Chord, by words",
			about: "A hash table over all peers in which each word has an owner that lists the files with it. It finds all that was published and is not lost; the lists of several words are shipped and compared, and publishing each word costs all the time.",
			drawn: true,
			work:  0.3, table: true, build: buildTable(model.TableConfig{Kind: model.Chord}),
		},
		{
			key: "kademlia", name: "Kademlia, by words",
			about: "The same over another hash table, with more tables to refresh.",
			work:  0.3, table: true, build: buildTable(model.TableConfig{Kind: model.Kademlia}),
		},
		{
			key: "pastry", name: "Pastry, by words",
			about: "The same over a hash table that goes to nodes which share ever more digits with the key.",
			work:  0.3, table: true, build: buildTable(model.TableConfig{Kind: model.Pastry}),
		},
		{
			key: "plaxton", name: "Plaxton, by words",
			about: "The same digit by digit, without a ring to fall back on: where all entries for a digit are dead, it ends at a wrong node and finds nothing.",
			work:  0.3, table: true, build: buildTable(model.TableConfig{Kind: model.Plaxton}),
		},
		{
			key: "prefix", name: "prefix tree, by words",
			about: "A tree of all words in order, whose parts lie in a Chord. It finds what Chord does by words, with several lookups for each word, and could also find all words that begin with some letters, which these searches do not ask for (servent sim dht does).",
			work:  1, table: true, words: true, build: buildTable(model.TableConfig{Kind: model.PrefixTree}),
		},
		{
			key: "exact", name: "Kademlia, by key",
			about: "A hash table asked for the key of one file, which the searcher must know already: it cannot search by words at all. Other files with the same words are not found.",
			drawn: true,
			work:  0.1, table: true, build: buildTable(model.TableConfig{Kind: model.Kademlia, ByKey: true}),
		},
	}
}

// modelKeys are what --models calls them.
func modelKeys() []string {
	var keys []string
	for _, m := range contenders() {
		keys = append(keys, m.key)
	}
	return keys
}

func contenderOf(key string) contender {
	for _, m := range contenders() {
		if m.key == key {
			return m
		}
	}
	return contender{key: key, name: key}
}
