package tiger

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The first four are those of the THEX draft; the last was captured from a
// running servent, the tree root that it announced for this text.
func TestTreeVectors(t *testing.T) {
	for _, v := range []struct{ file, root string }{
		{"", "LWPNACQDBZRYXW3VHJVCJ64QBZNGHOHHHZWCLNQ"},
		{"\x00", "VK54ZIEEVTWNAUI5D5RDFIL37LX2IQNSTAXFKSA"},
		{strings.Repeat("A", 1024), "L66Q4YVNAFWVS23X2HJIRA5ZJ7WXR3F26RSASFA"},
		{strings.Repeat("A", 1025), "PZMRYHGY6LTBEH63ZWAHDORHSYTLO4LEFUIKHWY"},
		{"hello zebra walrus text\n", "CXISQJW2GDROQUCCAP5XMES7YKAFZCA4WS6MHMQ"},
	} {
		var tree Tree
		_, _ = tree.Write([]byte(v.file))
		if got := tree.Root().String(); got != v.root {
			t.Errorf("%d bytes: %s, want %s", len(v.file), got, v.root)
		}
	}
}

// plainRoot is the THEX draft word by word: hash the leaves, then level after
// level each two neighbours; an odd one goes up as it is.
func plainRoot(file []byte) Digest {
	level := []Digest{Sum(append([]byte{0}, file[:min(len(file), 1024)]...))}
	for i := 1024; i < len(file); i += 1024 {
		level = append(level, Sum(append([]byte{0}, file[i:min(len(file), i+1024)]...)))
	}
	for len(level) > 1 {
		var up []Digest
		for i := 0; i+1 < len(level); i += 2 {
			both := append([]byte{1}, level[i][:]...)
			up = append(up, Sum(append(both, level[i+1][:]...)))
		}
		if len(level)%2 == 1 {
			up = append(up, level[len(level)-1])
		}
		level = up
	}
	return level[0]
}

func TestTreeEqualsPlainTree(t *testing.T) {
	data := make([]byte, 40*1024)
	for i := range data {
		data[i] = byte(i * i >> 7)
	}
	for leaves := range 40 {
		for _, more := range []int{0, 1, 1023} {
			file := data[:leaves*1024+more]
			var tree Tree
			_, _ = tree.Write(file)
			if got, want := tree.Root(), plainRoot(file); got != want {
				t.Errorf("%d bytes: %s, want %s", len(file), got, want)
			}
		}
	}
}

func TestTreeInPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(0, 20000).Draw(t, "size")
		file := make([]byte, size)
		for i := range file {
			file[i] = byte(i * 31 >> 3)
		}
		var tree Tree
		_, _ = tree.Write([]byte("what Reset forgets"))
		tree.Reset()
		cut := rapid.IntRange(0, size).Draw(t, "cut")
		writeInPieces(t, &tree, file[:cut])
		if got, want := tree.Root(), plainRoot(file[:cut]); got != want {
			t.Fatalf("root of the first %d bytes: %s, want %s", cut, got, want)
		}
		writeInPieces(t, &tree, file[cut:])
		if got, want := tree.Root(), plainRoot(file); got != want || tree.Size() != uint64(size) {
			t.Fatalf("root of %d bytes: %s, want %s", tree.Size(), got, want)
		}
	})
}
