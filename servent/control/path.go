package control

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

const (
	socketName = "control.sock"
	// maxSocketPath is the longest path that all systems take as the address
	// of a unix socket (104 bytes on macOS), with room for the name under
	// which it is first bound.
	maxSocketPath = 100
)

// socketPath returns where the control socket of a data dir lies: in it, or
// where that path is too long, in the user's runtime folder.
func socketPath(dataDir string) (string, error) {
	dir, err := filepath.Abs(dataDir)
	if err != nil {
		return "", fmt.Errorf("control socket: %w", err)
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	path := filepath.Join(dir, socketName)
	if len(path) <= maxSocketPath {
		return path, nil
	}
	runtime, err := runtimeDir()
	if err != nil {
		return "", fmt.Errorf("control socket: %w", err)
	}
	sum := sha256.Sum256([]byte(dir))
	path = filepath.Join(runtime, "servent-"+hex.EncodeToString(sum[:8])+".sock")
	if len(path) > maxSocketPath {
		return "", fmt.Errorf("control socket: %s is too long a path: choose a shorter data dir, or set XDG_RUNTIME_DIR", path)
	}
	return path, nil
}

// runtimeDir is a folder that is this user's alone.
func runtimeDir() (string, error) {
	if dir := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) {
		return dir, nil
	}
	dir := filepath.Join(os.TempDir(), "servent-"+strconv.Itoa(os.Getuid()))
	if err := os.Mkdir(dir, 0o700); err != nil && !os.IsExist(err) {
		return "", err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return "", err
	}
	// Others may write to the folder for temporary files, and so may have made it first.
	if !info.IsDir() || !ownedByUs(info) || info.Mode().Perm()&0o077 != 0 && hasModes {
		return "", fmt.Errorf("%s is not a folder of yours alone: remove it, or set XDG_RUNTIME_DIR", dir)
	}
	return dir, nil
}
