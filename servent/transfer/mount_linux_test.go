package transfer

import (
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

func TestGetOntoFullDisk(t *testing.T) {
	content := noise(4 << 20)
	_, addr := honest(t, content)
	j := jobFor(t, content, addr)
	mount(t, j.Dir, 0, "size=1m")
	err := failure(t, NewClient(ClientConfig{}), j, syscall.ENOSPC)
	if !strings.Contains(err.Error(), "make room") {
		t.Errorf("error: %v", err)
	}
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
