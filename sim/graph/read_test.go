package graph

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

// arrows writes the edges of d by the ids of the file.
func arrows(d *Digraph) string {
	var s []string
	for v := range d.Len() {
		for _, w := range d.Next(v) {
			s = append(s, fmt.Sprintf("%d>%d", d.ID(v), d.ID(int(w))))
		}
	}
	return strings.Join(s, " ")
}

func zipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, text)
	_ = z.Close()
	return b.String()
}

func TestRead(t *testing.T) {
	tests := []struct {
		name, text, want string
		nodes            int
		loops, doubles   int
	}{
		{name: "nothing"},
		{name: "only comments", text: "# Nodes: 0 Edges: 0\n#\n"},
		{name: "SNAP", text: "# Nodes: 3 Edges: 2\n# FromNodeId\tToNodeId\n0\t1\n1\t2\n", want: "0>1 1>2", nodes: 3},
		{name: "spaces", text: "0  1\n 1 \t 2 \n", want: "0>1 1>2", nodes: 3},
		{name: "Windows", text: "# x\r\n0\t1\r\n\r\n1\t2\r\n", want: "0>1 1>2", nodes: 3},
		{name: "empty lines, no last line end", text: "\n0 1\n \n1 2", want: "0>1 1>2", nodes: 3},
		{name: "gaps in the ids", text: "7 1000000\n1000000 3\n", want: "7>1000000 1000000>3", nodes: 3},
		{name: "both ways", text: "1 0\n0 1\n", want: "0>1 1>0", nodes: 2},
		{name: "twice", text: "0 1\n0 1\n0 2\n0 1\n", want: "0>1 0>2", nodes: 3, doubles: 2},
		{name: "loops", text: "0 1\n5 5\n1 1\n", want: "0>1", nodes: 3, loops: 2},
		{name: "gzip", text: zipped("# x\n0 1\n"), want: "0>1", nodes: 2},
		{name: "largest id", text: fmt.Sprintf("0 %d\n", MaxID), want: fmt.Sprintf("0>%d", MaxID), nodes: 2},
		{name: "more than the comment says", text: "# Nodes: 2 Edges: 1\n0 1\n1 0\n", want: "0>1 1>0", nodes: 2},
		{name: "longest line", text: "# " + strings.Repeat("x", MaxLine-3) + "\n0 1\n", want: "0>1", nodes: 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := Read(strings.NewReader(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if got := arrows(d); got != tt.want || d.Len() != tt.nodes {
				t.Errorf("%d nodes, edges %q, want %d and %q", d.Len(), got, tt.nodes, tt.want)
			}
			if d.Loops != tt.loops || d.Doubles != tt.doubles || d.Size() != len(strings.Fields(tt.want)) {
				t.Errorf("%d edges, %d loops, %d doubles", d.Size(), d.Loops, d.Doubles)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	good := "# comment\n0\t1\n"
	tests := []struct{ name, text, want string }{
		{"one id", good + "17\n", "line 3 of the graph: want two ids, and there is one"},
		{"one id, cut off", good + "17", "line 3 of the graph: want two ids, and there is one"},
		{"one id and a tab", good + "17\t", "line 3 of the graph: want two ids"},
		{"three ids", good + "1 2 3\n", `line 3 of the graph: want two ids, and there is more: "1 2 3"`},
		{"a word", good + "one two\n", `line 3 of the graph: want the id of a node, a number from 0 on: "one two"`},
		{"a word second", good + "1 two\n", `number from 0 on: "two"`},
		{"negative", good + "-1 2\n", `"-1 2"`},
		{"a point", good + "1.5 2\n", `"1.5 2"`},
		{"id too large", good + "1 9007199254740992\n", "line 3 of the graph: an id over 9007199254740991"},
		{"id far too large", good + "1 99999999999999999999999999\n", "an id over"},
		{"long line", good + strings.Repeat("1", MaxLine), "line 3 of the graph: it is longer than 65536 bytes"},
		{"fewer than the comment says", "# Nodes: 3 Edges: 3\n0 1\n1 2\n", "says 3 edges and the file has 2: it is cut off"},
		{"gzip cut off", zipped(good)[:30], "line 3 of the graph: the packed file is cut off here"},
		{"gzip head cut off", zipped(good)[:5], "unpack the graph"},
		{"long word is cut", strings.Repeat("x", 1000), `"` + strings.Repeat("x", 40) + `"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := Read(strings.NewReader(tt.text))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("graph %v, error %v\nwant %s", d, err, tt.want)
			}
		})
	}
}

func TestNodeByID(t *testing.T) {
	d, err := Read(strings.NewReader("40 2\n2 1000000\n"))
	if err != nil {
		t.Fatal(err)
	}
	for v, id := range []uint64{2, 40, 1000000} {
		if got, ok := d.Node(id); !ok || got != v || d.ID(v) != id {
			t.Errorf("id %d is node %d (%v); node %d has id %d", id, got, ok, v, d.ID(v))
		}
	}
	if _, ok := d.Node(3); ok {
		t.Error("there is a node 3")
	}
}

// FuzzRead: nothing makes Read panic, and what it takes reads again as the same
// graph, packed or not.
func FuzzRead(f *testing.F) {
	for _, text := range []string{"", "# Nodes: 3 Edges: 2\n0\t1\n1\t2\n", "0 1\r\n5 5\r\n", "7 9", "1", "x y\n", zipped("0 1\n")} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		var text strings.Builder
		for v := range d.Len() {
			fmt.Fprintf(&text, "%d %d\n", d.ID(v), d.ID(v)) // a loop keeps a node without edges
			for _, w := range d.Next(v) {
				fmt.Fprintf(&text, "%d\t%d\r\n", d.ID(v), d.ID(int(w)))
			}
		}
		for _, form := range []string{text.String(), zipped(text.String())} {
			again, err := Read(strings.NewReader(form))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(again.ids, d.ids) || !slices.Equal(again.to, d.to) || again.Doubles != 0 {
				t.Fatalf("%q reads as %s, written %s", data, arrows(d), arrows(again))
			}
		}
	})
}

// TestReadCutLine: where the file says how many edges it has, a last line that does
// not end may have lost digits, and is refused; without such a word it counts.
func TestReadCutLine(t *testing.T) {
	const whole = "# Nodes: 3 Edges: 2\n1 22\n22 4567\n"
	if _, err := Read(strings.NewReader(whole)); err != nil {
		t.Errorf("whole: %v", err)
	}
	if _, err := Read(strings.NewReader(whole[:len(whole)-3])); err == nil || !strings.Contains(err.Error(), "line 3") || !strings.Contains(err.Error(), "cut off") {
		t.Errorf("cut in its last id: %v", err)
	}
	if d, err := Read(strings.NewReader("1 2\n2 3")); err != nil || d.Size() != 2 {
		t.Errorf("a last line without an end, and no count: %v", err)
	}
}
