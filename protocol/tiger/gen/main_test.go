package main

import (
	"bytes"
	"os"
	"testing"
)

func TestTableIsUpToDate(t *testing.T) {
	want, err := source()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../sbox.go")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("sbox.go differs from what gen writes: run go generate")
	}
}

// Swapping bytes keeps every column a permutation.
func TestColumnsArePermutations(t *testing.T) {
	for n, box := range generate() {
		for col := range 8 {
			var seen [256]bool
			for _, entry := range box {
				seen[entry[col]] = true
			}
			for v, ok := range seen {
				if !ok {
					t.Errorf("box %d, column %d: no %#x", n, col, v)
				}
			}
		}
	}
}
