package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// measureSmall runs a word with little to do, and returns its table and figures.
func measureSmall(t *testing.T, args ...string) (string, rows) {
	t.Helper()
	tmp, file := t.TempDir(), filepath.Join(t.TempDir(), "out.json")
	w, rest, err := split(append(args, "-tmp", tmp, "-json", file))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	err = w.run(t.Context(), rest, &out, io.Discard)
	if errors.Is(err, errLeftOut) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Errorf("%d files are left behind (%v)", len(left), err)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var r rows
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	for _, row := range r.Rows {
		if len(row.Ours) == 0 || row.Ours[0] < 0 || row.Peer != "" && (len(row.Theirs) != len(row.Ours) || row.Theirs[0] < 0) {
			t.Errorf("no figures: %+v", row)
		}
	}
	return out.String(), r
}

// smallTree is a folder with few files, one of them empty, which is not shared.
func smallTree(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := writeFiles(t.Context(), dir, 20); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "nothing"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestHashing(t *testing.T) {
	text, r := measureSmall(t, "hashing", "-mib", "5", "-rounds", "2", "-tree", smallTree(t))
	if len(r.Rows) != 4 || len(r.Rows[3].Ours) != 2 || !strings.Contains(text, "20 files of ") {
		t.Errorf("want four rows of two rounds, and 20 files in\n%s", text)
	}
}

// TestHashingCompares makes sure that files of which rhash says something else
// end the run.
func TestHashingCompares(t *testing.T) {
	if err := missing(rhash); err != nil {
		t.Skip(err)
	}
	dir := smallTree(t)
	h := hashed{dir: dir, list: filepath.Join(t.TempDir(), "list")}
	if n, err := h.compare(t.Context()); err != nil || n != 20 {
		t.Fatalf("%d files are alike, %v; want 20", n, err)
	}
	_, sums, err := h.theirs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for path := range sums {
		if err := os.WriteFile(path, []byte("changed"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, now, err := h.theirs(t.Context())
		if err != nil || now[path] == sums[path] {
			t.Errorf("%s has the same hashes after a change (%v)", path, err)
		}
		break
	}
}

func TestDownload(t *testing.T) {
	text, r := measureSmall(t, "download", "-mib", "5", "-rounds", "1")
	if len(r.Rows) != 4 || r.Rows[0].Peer != curlHash {
		t.Errorf("want four rows, the first beside curl:\n%s", text)
	}
}

func TestSwarm(t *testing.T) {
	text, r := measureSmall(t, "swarm", "-mib", "5", "-rounds", "1")
	if len(r.Rows) != 9 || r.Rows[0].Peer != libtorrent || r.Rows[4].Peer != aria2 {
		t.Errorf("want four rows beside libtorrent, four beside aria2, and one more:\n%s", text)
	} else if share := r.Rows[8].Ours[0]; share < 25 || share > 110 {
		t.Errorf("the busiest of four sources sent %v %% of the file:\n%s", share, text)
	}
}

func TestSeed(t *testing.T) {
	text, r := measureSmall(t, "seed", "-mib", "2", "-loaders", "2", "-rounds", "1")
	if len(r.Rows) != 3 || !r.Rows[0].OfFigure || r.Rows[1].Ours[0] < 1 || r.Rows[1].Theirs[0] < 1 {
		t.Errorf("want a limit of the time, and that every byte left both seeds:\n%s", text)
	}
}

func TestSmall(t *testing.T) {
	text, r := measureSmall(t, "small", "-files", "120", "-kib", "2", "-rounds", "1")
	if len(r.Rows) != 4 || r.Rows[0].Peer != wget {
		t.Errorf("want four rows beside wget:\n%s", text)
	}
}

// TestSmallCompares makes sure that files that are missing, others or too many end
// the run.
func TestSmallCompares(t *testing.T) {
	s := smallFiles{shared: t.TempDir(), names: make(map[string]string)}
	sums, err := writeSmall(s.shared, 2, 10)
	if err != nil {
		t.Fatal(err)
	}
	for rel := range sums {
		s.names[rel] = rel
	}
	same := func(rel string) (string, bool) { return rel, s.names[rel] != "" }
	if err := s.compare(s.shared, same); err != nil {
		t.Fatalf("the folder is not like itself: %v", err)
	}
	for what, change := range map[string]func(dir string) error{
		"missing": func(dir string) error { return os.Remove(filepath.Join(dir, "folder 000", "file 00001.dat")) },
		"other": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "folder 000", "file 00001.dat"), []byte("0123456789"), 0o600)
		},
		"short": func(dir string) error { return os.Truncate(filepath.Join(dir, "folder 000", "file 00001.dat"), 9) },
		"extra": func(dir string) error { return os.WriteFile(filepath.Join(dir, "more"), nil, 0o600) },
	} {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(s.shared)); err != nil {
			t.Fatal(err)
		}
		if err := change(dir); err != nil {
			t.Fatal(err)
		}
		if err := s.compare(dir, same); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
}

func TestShareMany(t *testing.T) {
	text, r := measureSmall(t, "share", "-files", "300", "-queries", "50", "-rounds", "2", "-rest", "1ms", "-tree", smallTree(t))
	if !strings.Contains(text, "320 files shared, 300 of them generated") {
		t.Errorf("want 320 files in\n%s", text)
	}
	for _, row := range r.Rows {
		if row.What == "until all is found, next starts" && len(row.Ours) == 2 && row.Peer == bareWalk {
			return
		}
	}
	t.Errorf("no row beside the walk:\n%s", text)
}

func TestAskable(t *testing.T) {
	queries := askable(100, 60)
	if len(queries) != 60 {
		t.Fatalf("%d queries, want 60", len(queries))
	}
	words := make(map[int]int)
	for _, q := range queries {
		words[len(strings.Fields(q))]++
	}
	if words[1] != 20 || words[2] != 20 || words[3] != 20 {
		t.Errorf("queries of so many words: %v; want 20 of each", words)
	}
}

func TestVerdict(t *testing.T) {
	for _, tt := range []struct {
		row  row
		want string
	}{
		{row{Unit: "s", Ours: []float64{2, 3, 4}, Peer: "x", Theirs: []float64{2, 3, 4}, Most: 1}, "within 1 x"},
		{row{Unit: "s", Ours: []float64{2.01}, Peer: "x", Theirs: []float64{2}, Most: 1}, "MISSED: at most 1 x"},
		{row{Unit: "MiB", Ours: []float64{64}, Most: 64}, "within 64 MiB"},
		{row{Unit: "MiB", Ours: []float64{65}, Most: 64}, "MISSED: at most 64 MiB"},
		{row{Unit: "MiB", Ours: []float64{65}}, ""},
	} {
		if got := tt.row.verdict(); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.row, got, tt.want)
		}
	}
}

func TestSplit(t *testing.T) {
	for args, want := range map[string]string{"": "forwarding", "-rounds 3": "forwarding", "share -files 3": "share", "forwarding": "forwarding"} {
		if w, _, err := split(strings.Fields(args)); err != nil || w.name != want {
			t.Errorf("%q is %q (%v), want %q", args, w.name, err, want)
		}
	}
	if _, _, err := split([]string{"dancing"}); err == nil {
		t.Error("dancing is a word, want an error")
	}
	for _, w := range words() {
		for _, bad := range []string{"extra", "-rounds=0", "-what"} {
			if err := w.run(context.Background(), []string{bad}, io.Discard, io.Discard); err == nil {
				t.Errorf("%s %s is taken, want an error", w.name, bad)
			}
		}
	}
}

func TestMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for _, word := range []string{"hashing", "download", "swarm", "seed", "small"} {
		w, _, err := split([]string{word})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.run(t.Context(), nil, io.Discard, io.Discard); !errors.Is(err, errLeftOut) {
			t.Errorf("%s without its tools: %v, want %v", word, err, errLeftOut)
		}
	}
}
