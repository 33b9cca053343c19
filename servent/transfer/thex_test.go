package transfer

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/protocol/tiger"
	"github.com/seed282dab8e/servent/servent/library"
)

func TestServeTree(t *testing.T) {
	files := newFolder(t)
	f := files.add(t, "a.bin", noise(70_000))
	s, addr := startServer(t, ServerConfig{Files: files})
	b := browse(t, addr)
	uri := b.send("HEAD", "/uri-res/N2R?"+f.URN.SHA1URN()).Header.Get("X-Thex-Uri")
	resp, body := b.do("GET", uri)
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "application/dime" || resp.ContentLength != int64(len(body)) {
		t.Fatalf("GET %s: %d, %v", uri, resp.StatusCode, resp.Header)
	}
	x, err := protocol.ParseTHEX(body, f.Size, f.URN.Tiger)
	if err != nil || len(x.Levels) != 8 || len(x.Levels[7]) != 69 {
		t.Errorf("tree of %d levels, %v", len(x.Levels), err)
	}
	if resp, body := b.do("HEAD", "/uri-res/n2x?"+f.URN.SHA1URN()); resp.StatusCode != 200 || len(body) != 0 {
		t.Errorf("HEAD: %d, %d bytes", resp.StatusCode, len(body))
	}
	if st := s.Stats(); st.Trees != 2 {
		t.Errorf("stats: %+v", st)
	}
}

// TestTreeDepth: other programs get no more of a tree than they can take, ours all.
func TestTreeDepth(t *testing.T) {
	files := newFolder(t)
	f := files.add(t, "a.bin", noise(513*tiger.LeafSize)) // eleven levels
	_, addr := startServer(t, ServerConfig{Files: files})
	b := browse(t, addr)
	uri := "/uri-res/N2X?" + f.URN.SHA1URN()
	for said, want := range map[string]int{
		"X-Features: ": 10, "X-Features: browse/1.0, fwalt/0.1": 10, "X-Features: srvtx/1.0": 10,
		"X-Features: srvt/0.1": 11, "X-Features: queue/1.0,SRVT/0.2": 11,
	} {
		_, body := b.do("GET", uri, said)
		x, err := protocol.ParseTHEX(body, f.Size, f.URN.Tiger)
		if err != nil || len(x.Levels) != want {
			t.Errorf("%q: %d levels, want %d, %v", said, len(x.Levels), want, err)
		}
	}
}

// TestLargestTree: the deepest tree there is can be read, and what gtk-gnutella gets
// is within what it takes.
func TestLargestTree(t *testing.T) {
	const size = tiger.MaxParts * tiger.MinPart
	nodes := tiger.Expand(make([]tiger.Digest, tiger.MaxParts))
	whole := protocol.THEX{Size: size, Levels: nodes}.Append(nil)
	if _, err := protocol.ParseTHEX(whole, size, nodes[0][0]); err != nil || len(nodes) != 14 {
		t.Errorf("%d levels in %d bytes: %v", len(nodes), len(whole), err)
	}
	if n := len(protocol.THEX{Size: size, Levels: nodes[:foreignLevels]}.Append(nil)); n > 64<<10 {
		t.Errorf("%d bytes for other programs", n)
	}
}

// slowTrees is a library that makes a tree when it is told to.
type slowTrees struct {
	*folder
	begun chan struct{}
	end   chan error
}

func (s *slowTrees) Tree(ctx context.Context, f library.File) (tiger.Nodes, error) {
	s.begun <- struct{}{}
	if err := <-s.end; err != nil {
		return nil, err
	}
	return s.folder.Tree(ctx, f)
}

func TestServeTreesAtATime(t *testing.T) {
	files := &slowTrees{newFolder(t), make(chan struct{}, 1), make(chan error, 1)}
	uri := "/uri-res/N2X?" + files.add(t, "a", []byte("a")).URN.SHA1URN()
	s, addr := startServer(t, ServerConfig{Files: files})
	first := make(chan int)
	for range maxTrees {
		go func() {
			resp, _ := browse(t, addr).do("GET", uri)
			first <- resp.StatusCode
		}()
		<-files.begun
	}
	b := browse(t, addr)
	if resp, _ := b.do("GET", uri); resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" {
		t.Errorf("one more tree: %d", resp.StatusCode)
	}
	for range maxTrees {
		files.end <- nil
		if code := <-first; code != 200 {
			t.Errorf("those at the limit: %d", code)
		}
	}
	files.end <- errors.New("gone")
	if resp, _ := b.do("GET", uri); resp.StatusCode != 404 {
		t.Errorf("a tree that cannot be made: %d", resp.StatusCode)
	}
	if st := s.Stats(); st.Trees != maxTrees || st.TreesBusy != 1 || st.Missing != 1 {
		t.Errorf("stats: %+v", st)
	}
}

// lyingTrees is a library whose tree is another file's.
type lyingTrees struct{ *folder }

func (lyingTrees) Tree(context.Context, library.File) (tiger.Nodes, error) {
	return tiger.Nodes{{tiger.Sum([]byte("x"))}}, nil
}

func TestServeWrongTree(t *testing.T) {
	files := lyingTrees{newFolder(t)}
	uri := "/uri-res/N2X?" + files.add(t, "a", bytes.Repeat([]byte("a"), 2000)).URN.SHA1URN()
	_, addr := startServer(t, ServerConfig{Files: files})
	if resp, _ := browse(t, addr).do("GET", uri); resp.StatusCode != 404 {
		t.Errorf("status %d", resp.StatusCode)
	}
}
