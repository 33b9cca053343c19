package report

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// written writes r into a new folder and returns what is in it.
func written(t *testing.T, r *Report) map[string][]byte {
	t.Helper()
	dir := t.TempDir()
	if err := r.Write(dir); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string][]byte)
	for _, e := range entries {
		if files[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// TestGolden holds a small report against testdata. With -rewrite it is written
// anew: look at it, and commit only what you can explain.
func TestGolden(t *testing.T) {
	files := written(t, smallReport())
	for _, width := range []int{80, 120} {
		var b bytes.Buffer
		if err := smallReport().Text(&b, width); err != nil {
			t.Fatal(err)
		}
		files["text"+cellText(width, 0)+".txt"] = b.Bytes()
	}
	want := []string{"index.html", "reach.csv", "reach.png", "reach.svg", "report.json", "text120.txt", "text80.txt"}
	if got := slices.Sorted(maps.Keys(files)); !slices.Equal(got, want) {
		t.Fatalf("files %q, want %q", got, want)
	}
	for _, name := range want {
		if name == "reach.png" { // what it shows is in the SVG; TestImages reads it
			continue
		}
		golden := filepath.Join("testdata", "small", name)
		if *rewrite {
			if err := os.WriteFile(golden, files[name], 0o644); err != nil {
				t.Fatal(err)
			}
		}
		old, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(old, files[name]) {
			t.Errorf("%s: %s", name, firstDifference(string(old), string(files[name])))
		}
	}
}

func firstDifference(want, got string) string {
	g := strings.Split(got, "\n")
	for i, line := range strings.Split(want, "\n") {
		if i >= len(g) || g[i] != line {
			return "differs from line " + cellText(i+1, 0) + " on, which is to be:\n" + line
		}
	}
	return "is longer"
}

func TestSameBytesTwice(t *testing.T) {
	a, b := written(t, smallReport()), written(t, smallReport())
	for name := range a {
		if !bytes.Equal(a[name], b[name]) {
			t.Errorf("%s differs", name)
		}
	}
}

// TestLastBitsDoNotShow: machines may sum in another order.
func TestLastBitsDoNotShow(t *testing.T) {
	other := smallReport()
	s := &other.Sections[0]
	s.Targets[0].Ours *= 1 + 1e-12
	s.Tables[0].Rows[2][2] = s.Tables[0].Rows[2][2].(float64) * (1 + 1e-12)
	for i := range s.Figures[0].Series[0].Y {
		s.Figures[0].Series[0].Y[i] *= 1 + 1e-12
	}
	a, b := written(t, smallReport()), written(t, other)
	for name := range a {
		if !bytes.Equal(a[name], b[name]) {
			t.Errorf("%s shows a change of the last bits", name)
		}
	}
}

func TestWriteSaysWhichFile(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	err := smallReport().Write(missing)
	if err == nil || !strings.Contains(err.Error(), filepath.Join(missing, "report.json")+": no such file") || strings.Contains(err.Error(), ".tmp") {
		t.Errorf("folder that is missing: %v", err)
	}
}

// TestNoHalfFile makes the renaming of one file fail: nothing is left under
// its name, nor under that of the page that tells of it.
func TestNoHalfFile(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "reach.csv", "taken"), 0o755); err != nil {
		t.Fatal(err)
	}
	err := smallReport().Write(dir)
	if err == nil || !strings.HasPrefix(err.Error(), "write "+filepath.Join(dir, "reach.csv")+": ") {
		t.Errorf("error %v, want one that names reach.csv", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "index.html")); err == nil {
		t.Error("the page was written without its files")
	}
	left, err := filepath.Glob(filepath.Join(dir, "*.tmp"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
}

// TestFullDisk writes to a device that has no room.
func TestFullDisk(t *testing.T) {
	const full = "/dev/full"
	if _, err := os.Stat(full); err != nil {
		t.Skip("no " + full + " on this system")
	}
	dir := t.TempDir()
	if err := os.Symlink(full, filepath.Join(dir, "x.csv.tmp")); err != nil {
		t.Fatal(err)
	}
	if err := (file{"x.csv", []byte("1")}).write(dir); err == nil || !strings.Contains(err.Error(), "no space") {
		t.Errorf("error %v, want that there is no space", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// TestSum: the sum tells reports apart that differ in one file.
func TestSum(t *testing.T) {
	sum := func(change func(r *Report)) string {
		r := smallReport()
		change(r)
		s, err := r.Sum()
		if err != nil {
			t.Fatal(err)
		}
		return string(s)
	}
	same := sum(func(*Report) {})
	if sum(func(*Report) {}) != same {
		t.Error("equal reports have other sums")
	}
	for name, change := range map[string]func(r *Report){
		"a cell":         func(r *Report) { r.Sections[0].Tables[0].Rows[0][0] = "other" },
		"a point":        func(r *Report) { r.Sections[0].Figures[0].Series[0].Y[0]++ },
		"a table's name": func(r *Report) { r.Sections[0].Tables[0].Name = "other" },
	} {
		if sum(change) == same {
			t.Errorf("%s is other, and the sum is not", name)
		}
	}
	twice := smallReport()
	twice.Sections = append(twice.Sections, twice.Sections...)
	if _, err := twice.Sum(); err == nil {
		t.Error("a report with two files of a name has a sum")
	}
}
