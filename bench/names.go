package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

const (
	vocabulary     = 50_000 // words that names are made of
	foldersOfFiles = 1000
)

// names makes up file names of three or four words, the same ones for the same
// number of files. Few words are in many names, most in few, as it is in real ones.
type names struct {
	rnd   *rand.Rand
	zipf  *rand.Zipf
	words []string
}

func newNames() *names {
	n := &names{rnd: rand.New(rand.NewPCG(seed, 1))}
	n.zipf = rand.NewZipf(n.rnd, 1.05, 20, vocabulary-1)
	seen := make(map[string]bool)
	for len(n.words) < vocabulary {
		if w := n.invent(); !seen[w] {
			seen[w] = true
			n.words = append(n.words, w)
		}
	}
	return n
}

// invent makes up a word that can be spoken.
func (n *names) invent() string {
	const consonants, vowels = "bcdfghjklmnprstvwz", "aeiou"
	var b strings.Builder
	for range 2 + n.rnd.IntN(3) {
		b.WriteByte(consonants[n.rnd.IntN(len(consonants))])
		b.WriteByte(vowels[n.rnd.IntN(len(vowels))])
	}
	if n.rnd.IntN(2) == 0 {
		b.WriteByte(consonants[n.rnd.IntN(len(consonants))])
	}
	return b.String()
}

// next returns the words of one more name.
func (n *names) next() []string {
	words := make([]string, 3+n.rnd.IntN(2))
	for i := range words {
		words[i] = n.words[n.zipf.Uint64()]
	}
	return words
}

// writeFiles makes small files in folders below dir, each with other content.
func writeFiles(ctx context.Context, dir string, files int) error {
	n := newNames()
	kinds := []string{"mp3", "ogg", "pdf", "txt", "jpg", "avi"}
	for i := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		folder := filepath.Join(dir, fmt.Sprintf("%03d", i%foldersOfFiles))
		if i < foldersOfFiles {
			if err := os.MkdirAll(folder, 0o700); err != nil {
				return err
			}
		}
		name := fmt.Sprintf("%s %06d.%s", strings.Join(n.next(), " "), i, kinds[i%len(kinds)])
		if err := os.WriteFile(filepath.Join(folder, name), fmt.Appendf(nil, "file %d\n", i), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// askable makes up count different queries of one to three words that stand in
// one name of files, in turn.
func askable(files, count int) []string {
	n := newNames()
	all := make([][]string, files)
	for i := range all {
		all[i] = n.next()
	}
	seen := make(map[string]bool)
	var out []string
	for tries := 0; len(out) < count && tries < 100*count; tries++ {
		words := all[n.rnd.IntN(files)]
		n.rnd.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
		q := strings.Join(words[:1+len(out)%3], " ")
		if !seen[q] {
			seen[q] = true
			out = append(out, q)
		}
	}
	return out
}
