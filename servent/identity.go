package servent

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/reach"
)

// identity is an Ed25519 key; the servent's GUID is bound to it.
type identity struct{ key ed25519.PrivateKey }

func (id identity) guid() protocol.GUID { return reach.GUIDOf(id.key.Public().(ed25519.PublicKey)) }

const identityFile = "identity.pem"

// loadIdentity reads the key of a data dir, or makes it at the first start.
func loadIdentity(dir string) (identity, error) {
	if dir == "" {
		return newIdentity()
	}
	path := filepath.Join(dir, identityFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeIdentity(path)
	}
	if err != nil {
		return identity{}, fmt.Errorf("read identity: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil || len(block.Bytes) != ed25519.SeedSize {
		return identity{}, fmt.Errorf("identity %s is damaged: restore it, or delete it to become a new servent", path)
	}
	return identity{ed25519.NewKeyFromSeed(block.Bytes)}, nil
}

func makeIdentity(path string) (identity, error) {
	id, err := newIdentity()
	if err != nil {
		return id, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "SERVENT ED25519 SEED", Bytes: id.key.Seed()})
	if err := WriteFile(path, text); err != nil {
		return identity{}, fmt.Errorf("keep identity: %w", err)
	}
	return id, nil
}

func newIdentity() (identity, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return identity{}, fmt.Errorf("make identity: %w", err)
	}
	return identity{key}, nil
}
