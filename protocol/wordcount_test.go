package protocol

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
)

// TestWordCount holds the table of what is counted against one that the words
// were put into.
func TestWordCount(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 7))
	c := NewWordCount()
	if c.Table().Fill() != 0 {
		t.Error("a new one has counted something")
	}
	c.Remove().Add("never") // takes out nothing
	var left []string
	for range 2000 {
		word := "word" + strconv.Itoa(rnd.IntN(1000))
		c.Add(word)
		if rnd.IntN(2) == 0 {
			left = append(left, word)
			continue
		}
		c.Remove().Add(word)
	}
	urn := URN{HasSHA1: true, SHA1: SHA1{1, 2, 3}}
	c.AddURN(urn)
	want := NewRouteTable(MaxTableBits)
	want.AddURN(urn)
	for _, word := range left {
		want.Add(word)
	}
	if !c.Table().Equal(want) {
		t.Error("tables differ")
	}
	c.Remove().AddURN(urn)
	if c.Table().Has(WordHash(urn.SHA1URN())) {
		t.Error("a URN that was taken out is there")
	}
}

// TestWordCountFewAndMany: what is counted, and the tables made of it, are the same
// before and after there are too many words for a small count.
func TestWordCountFewAndMany(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 3))
	c := NewWordCount()
	counts := make([]uint16, 1<<MaxTableBits)
	check := func(added int) {
		t.Helper()
		for bits := uint(smallestFitted); bits <= MaxTableBits; bits++ {
			want := NewRouteTable(bits)
			for slot, n := range counts {
				if n > 0 {
					want.set(uint32(slot) << (hashBits - MaxTableBits))
				}
			}
			if got := c.tableOf(bits); !got.Equal(want) {
				t.Fatalf("%d added: the table of %d bits differs", added, bits)
			}
			if want.Fill() <= maxFill || bits == MaxTableBits {
				if !c.Fitted().Equal(want) {
					t.Fatalf("%d added: not fitted to %d bits", added, bits)
				}
				return
			}
		}
	}
	var there []uint32
	for n := range 900_000 {
		hash := rnd.Uint32()
		if len(there) > 0 && rnd.IntN(3) == 0 {
			i, last := rnd.IntN(len(there)), len(there)-1
			hash, there[i], there = there[i], there[last], there[:last]
			c.less(hash)
			counts[hash>>(hashBits-MaxTableBits)]--
			continue
		}
		if n%4 == 0 && len(there) > 0 { // once more
			hash = there[rnd.IntN(len(there))]
		}
		there = append(there, hash)
		c.more(hash)
		counts[hash>>(hashBits-MaxTableBits)]++
		if n%90_000 == 0 || n == 100 {
			check(n)
		}
		if n == 90_000 && c.counts != nil {
			t.Error("few words take what many do")
		}
	}
	if c.counts == nil || c.few.slots != nil {
		t.Error("many words are counted as few")
	}
	for _, hash := range there {
		c.less(hash)
	}
	if c.Table().Fill() != 0 {
		t.Error("something is left")
	}
}

// TestWordCountMemory: ten thousand words do not take four megabytes, and words that
// come and go take no more than those that are there.
func TestWordCountMemory(t *testing.T) {
	c := NewWordCount()
	for n := range 1_000_000 {
		c.Add(fmt.Sprintf("%x", n))
		if n >= 2000 {
			c.Remove().Add(fmt.Sprintf("%x", n-2000))
		}
	}
	if got := 4*len(c.few.slots) + 2*len(c.few.counts); c.counts != nil || got > 1<<17 {
		t.Errorf("2000 words take %d bytes", got)
	}
}

// TestWordCountAtItsLimit: what is counted too often stays.
func TestWordCountAtItsLimit(t *testing.T) {
	for _, n := range []int{math.MaxUint16 - 1, math.MaxUint16, math.MaxUint16 + 1} {
		c := NewWordCount()
		for range n {
			c.Add("abc")
		}
		for range n {
			c.Remove().Add("abc")
		}
		if got, want := c.Table().Has(WordHash("abc")), n >= math.MaxUint16; got != want {
			t.Errorf("counted %d times: there %v, want %v", n, got, want)
		}
	}
}

func TestFittedGrows(t *testing.T) {
	words := NewWordCount()
	if got := words.Fitted().Bits(); got != smallestFitted {
		t.Errorf("%d bits for nothing", got)
	}
	rnd := rand.New(rand.NewPCG(1, 1))
	last := uint(smallestFitted)
	for n := range 400_000 {
		word := fmt.Sprintf("%c%c%c%c%x", 'a'+rnd.IntN(26), 'a'+rnd.IntN(26), 'a'+rnd.IntN(26), 'a'+rnd.IntN(26), n)
		words.Add(word)
		if n%50_000 != 0 {
			continue
		}
		table := words.Fitted()
		if table.Fill() > maxFill && table.Bits() < MaxTableBits || table.Bits() < last {
			t.Errorf("%d words: %d bits, fill %.2f", n, table.Bits(), table.Fill())
		}
		last = table.Bits()
		if !table.Has(WordHash(word)) {
			t.Errorf("%s is missing", word)
		}
	}
	if last <= smallestFitted+1 {
		t.Errorf("%d bits for 400,000 words", last)
	}
}
