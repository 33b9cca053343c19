package transfer

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// mount makes dir a file system of its own, which only root can.
func mount(t *testing.T, dir string, flags uintptr, options string) {
	t.Helper()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", flags, options); err != nil {
		t.Skipf("needs the right to mount: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
}

// TestGetWithoutRoom: what cannot fit is not begun.
func TestGetWithoutRoom(t *testing.T) {
	content := noise(4 << 20)
	_, addr := honest(t, content)
	j := jobFor(t, content, addr)
	mount(t, j.Dir, 0, "size=1m")
	err := failure(t, NewClient(ClientConfig{}), j, errNoRoom)
	if !strings.Contains(err.Error(), "make room") {
		t.Errorf("error: %v", err)
	}
}

// TestGetOntoFullDisk: a disk that others fill meanwhile ends the download, and
// what was recorded is not lost.
func TestGetOntoFullDisk(t *testing.T) {
	content := noise(4 << 20)
	const half = 2 << 20
	full := make(chan struct{})
	slow := rogue(t, func(conn net.Conn, _ *http.Request) bool {
		says(okHead(len(content)), string(content[:half]))(conn, nil)
		<-full
		return says(string(content[half:]))(conn, nil)
	})
	j := jobFor(t, content, slow)
	mount(t, j.Dir, 0, "size=8m")
	c := NewClient(often())
	ended := make(chan error, 1)
	go func() {
		_, err := c.Get(t.Context(), j, nil)
		ended <- err
	}()
	ctx, halfway := context.WithTimeout(t.Context(), patience)
	cancelAt(ctx, halfway, c, half)
	filler := filepath.Join(j.Dir, "of others")
	if err := os.WriteFile(filler, make([]byte, 8<<20), 0o644); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk has room: %v", err)
	}
	close(full)
	err := <-ended
	var kept *KeptError
	noRoom := errors.Is(err, syscall.ENOSPC) || errors.Is(err, errNoRoom) // a write met it, or it was seen before
	if !noRoom || !errors.As(err, &kept) || kept.Bytes == 0 || !strings.Contains(err.Error(), "make room") {
		t.Fatalf("error: %v", err)
	}
	began := make(chan int, 100)
	j.Sources = jobFor(t, content, rogue(t, ranges(content, began))).Sources
	_, err = NewClient(often()).Get(t.Context(), j, nil)
	var still *KeptError
	if !errors.Is(err, errNoRoom) || !errors.As(err, &still) || still.Bytes != kept.Bytes {
		t.Fatalf("once more onto the full disk: %v", err)
	}
	for len(began) > 0 {
		<-began
	}
	remove(t, filler)
	wantGet(t, j, content)
	wantFrom(t, began, int(kept.Bytes))
	wantOnly(t, j.Dir, "file.bin")
}

func TestGetIntoReadOnlyMount(t *testing.T) {
	content := noise(5000)
	_, addr := honest(t, content)
	j := jobFor(t, content, addr)
	mount(t, j.Dir, syscall.MS_RDONLY, "")
	err := failure(t, NewClient(ClientConfig{}), j, syscall.EROFS)
	if !strings.Contains(err.Error(), "can be written") {
		t.Errorf("error: %v", err)
	}
}
