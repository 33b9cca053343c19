package library

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// hashOne hashes one file as the walk has seen it.
func hashOne(t *testing.T, ctx context.Context, dir, name string, change func(*candidate)) (candidate, string, string) {
	t.Helper()
	w := walker{dir: dir, leave: func(rel, reason string) { t.Errorf("%s: %s", rel, reason) }}
	found, _, err := w.look("")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range found {
		if c.rel != name {
			continue
		}
		if change != nil {
			change(&c)
		}
		root, err := openFolder(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer root.close()
		var read atomic.Uint64
		h := newHasher(root, &read)
		defer h.close()
		urn, reason := h.hash(ctx, &c)
		return c, urn.String(), reason
	}
	t.Fatalf("no %s in %v", name, found)
	return candidate{}, "", ""
}

func TestHash(t *testing.T) {
	dir := tempDir(t)
	for name, content := range map[string]string{
		"one": "x", "leaf": strings.Repeat("a", 1024), "more": strings.Repeat("b", 1025),
		"chunk": strings.Repeat("c", chunk), "chunks": strings.Repeat("d", 3*chunk+7),
	} {
		write(t, dir, name, content)
		c, urn, reason := hashOne(t, context.Background(), dir, name, nil)
		if reason != "" || urn != urnOf(content).String() || c.size != uint64(len(content)) {
			t.Errorf("%s: %q, %q", name, urn, reason)
		}
	}
}

func TestHashAfterChange(t *testing.T) {
	long := strings.Repeat("x", 3*chunk)
	tests := []struct {
		name   string
		change func(path string) error // between walk and hash
		want   string                  // content that is hashed in the end
		reason string
	}{
		{"grown", func(path string) error { return os.WriteFile(path, []byte(long+"y"), 0o644) }, long + "y", ""},
		{"shrunk", func(path string) error { return os.Truncate(path, 1) }, "x", ""},
		{"emptied", func(path string) error { return os.Truncate(path, 0) }, "", reasonEmpty},
		{"vanished", os.Remove, "", reasonVanished},
		{"a folder now", func(path string) error {
			_ = os.Remove(path)
			return os.Mkdir(path, 0o755)
		}, "", reasonChanging},
		{"a link now", func(path string) error {
			_ = os.Remove(path)
			return os.Symlink("other", path)
		}, "", reasonChanging},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := tempDir(t)
			write(t, dir, "file", long, "other", "of another size")
			c, urn, reason := hashOne(t, context.Background(), dir, "file", func(*candidate) {
				if err := tt.change(filepath.Join(dir, "file")); err != nil {
					t.Fatal(err)
				}
			})
			if reason != tt.reason {
				t.Fatalf("reason %q, want %q", reason, tt.reason)
			}
			if reason == "" && (urn != urnOf(tt.want).String() || c.size != uint64(len(tt.want))) {
				t.Errorf("%+v %s", c, urn)
			}
		})
	}
}

// TestHashWhileChanging changes the file in the middle of hashing it, once and
// for good.
func TestHashWhileChanging(t *testing.T) {
	for _, always := range []bool{false, true} {
		dir := tempDir(t)
		content := strings.Repeat("x", 3*chunk)
		write(t, dir, "file", content)
		ctx := &touchyContext{Context: context.Background(), act: func(look int) {
			if look == 2 || always {
				content += "y"
				write(t, dir, "file", content)
			}
		}}
		c, urn, reason := hashOne(t, ctx, dir, "file", nil)
		switch {
		case always && reason != reasonChanging:
			t.Errorf("always: reason %q, want %q", reason, reasonChanging)
		case !always && (reason != "" || urn != urnOf(content).String() || c.size != uint64(len(content))):
			t.Errorf("once: %q, %s", reason, urn)
		}
	}
}

func TestHashShortFile(t *testing.T) {
	dir := tempDir(t)
	write(t, dir, "file", strings.Repeat("x", 3*chunk))
	ctx := &touchyContext{Context: context.Background(), act: func(look int) {
		if look == 2 { // more was promised than can be read
			if err := os.Truncate(filepath.Join(dir, "file"), 10); err != nil {
				t.Error(err)
			}
		}
	}}
	if c, urn, reason := hashOne(t, ctx, dir, "file", nil); reason != "" || urn != urnOf("xxxxxxxxxx").String() || c.size != 10 {
		t.Errorf("%+v %s %q", c, urn, reason)
	}
}

// TestVanishDuringScan: files that go or change between walk and hash are left
// out, the rest is shared.
func TestVanishDuringScan(t *testing.T) {
	dir := tempDir(t)
	write(t, dir, "a.txt", "a", "b.txt", "b", "c/d.txt", "d")
	l := New(Config{Workers: 1})
	s, err := l.openShare(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	c := l.compare(t.Context(), s)
	if err := c.all(s.tree); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "b.txt")); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "c")); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.finish(), l.hashAll(t.Context(), s, c.todo, c.found)); err != nil {
		t.Fatal(err)
	}
	wantRels(t, l, "a.txt")
	if got := reasons(l, dir); got["b.txt"] != reasonVanished || got["c/d.txt"] != reasonVanished {
		t.Errorf("left out: %v", got)
	}
}
