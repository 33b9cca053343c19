// Package churn is what indexes of leaves' files are put through by `bench leaves`:
// the same lists, the same leaves that come and go, the same searches.
package churn

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

const (
	// PerLeaf is how many files a leaf has.
	PerLeaf    = 100
	vocabulary = 300_000
)

// File is one of a leaf's.
type File struct {
	Path  string
	Words []string // what it is searched by: those of its path, without number and extension
	Size  uint64
	SHA1  [20]byte
	Tiger [24]byte
}

// Files are those of a leaf, the same ones each time. Few words are in many names,
// most in few, as it is in real ones.
func Files(leaf int) []File {
	rnd := rand.New(rand.NewPCG(uint64(leaf), 4))
	zipf := rand.NewZipf(rnd, 1.07, 3, vocabulary-1)
	words := func(n int) []string {
		out := make([]string, n)
		for i := range out {
			out[i] = wordOf(zipf.Uint64())
		}
		return out
	}
	out := make([]File, PerLeaf)
	var artist, album []string
	for i := range out {
		if i%20 == 0 {
			artist = words(2)
		}
		if i%10 == 0 {
			album = words(1 + rnd.IntN(3))
		}
		title := words(1 + rnd.IntN(5))
		f := &out[i]
		f.Path = fmt.Sprintf("%s/%s/%02d %s.mp3", strings.Join(artist, " "), strings.Join(album, " "), i%10+1, strings.Join(title, " "))
		f.Words = append(append(append(f.Words, artist...), album...), title...)
		f.Size = rnd.Uint64N(8 << 20)
		fill(rnd, f.SHA1[:])
		fill(rnd, f.Tiger[:])
	}
	return out
}

func fill(rnd *rand.Rand, b []byte) {
	for i := range b {
		b[i] = byte(rnd.Uint32())
	}
}

// wordOf is the n-th word: two syllables or more.
func wordOf(n uint64) string {
	const consonants, vowels = "bcdfghjklmnprstvwz", "aeiou"
	var b []byte
	for len(b) < 4 || n > 0 {
		b = append(b, consonants[n%18], vowels[n/18%5])
		n /= 90
	}
	return string(b)
}
