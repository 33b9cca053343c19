package sim

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write what the scenarios do into their files")

// TestScenarios runs the scripts of testdata/scenarios. A script is blocks of
// commands, each followed by ---- and the trace that they must give; script_test.go
// says what the commands are. With -rewrite the traces are written anew: commit a
// changed line only if you can explain it.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/scenarios/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got, err := play(string(text))
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			if *rewrite {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != string(text) {
				t.Errorf("%s: %s", file, firstDifference(string(text), got))
			}
		})
	}
}

func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(w), len(g)) {
		var a, b string
		if i < len(w) {
			a = w[i]
		}
		if i < len(g) {
			b = g[i]
		}
		if a != b {
			return fmt.Sprintf("line %d:\nwant %s\ngot  %s", i+1, a, b)
		}
	}
	return "equal"
}

const separator = "----"

// play runs a script and returns it with the traces that it gave.
func play(text string) (string, error) {
	var out strings.Builder
	s := newScript()
	inTrace := false
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		switch {
		case line == "":
			inTrace = false
			out.WriteByte('\n')
		case inTrace: // what it gave is written at the separator
		case line == separator:
			inTrace = true
			out.WriteString(separator + "\n" + s.takeTrace())
		default:
			out.WriteString(line + "\n")
			if err := s.run(line); err != nil {
				return "", fmt.Errorf("line %d: %s: %w", i+1, line, err)
			}
		}
	}
	return out.String(), nil
}

// TestPlayCanFail shows that a wrong trace, a missing line and one too many are
// each found.
func TestPlayCanFail(t *testing.T) {
	const right = "nodes 2\nlink a-b\nquery a \"x\" ttl=1\n----\na->b QUERY ttl=1 hops=0\n"
	got, err := play(right)
	if err != nil || got != right {
		t.Fatalf("the right trace gives %q, %v", got, err)
	}
	for _, wrong := range []string{
		strings.Replace(right, "ttl=1 hops", "ttl=2 hops", 1),
		strings.TrimSuffix(right, "a->b QUERY ttl=1 hops=0\n"),
		right + "b->a QUERY ttl=0 hops=1\n",
	} {
		got, err := play(wrong)
		if err != nil || got == wrong {
			t.Errorf("the wrong trace %q passes: %v", wrong, err)
		}
	}
	for _, bad := range []string{"nodes 2\nlink a-z", "nodes 2\nfly a", "nodes 2\nquery a \"x", "nodes 2\nsend a->b QUERY"} {
		if _, err := play(bad); err == nil {
			t.Errorf("the script %q passes", bad)
		}
	}
}
