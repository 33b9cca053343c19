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
