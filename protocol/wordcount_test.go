package protocol

import (
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
