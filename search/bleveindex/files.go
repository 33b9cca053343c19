package bleveindex

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// schema names what the files hold and how. Change it whenever that changes:
// analyzer, ids, fields, or the version of bleve's files.
const schema = "servent index 1\n"

const (
	schemaFile = "schema"
	rootFile   = "root.bolt" // bleve's list of the segments
	segmentExt = ".zap"
)

// checkSchema returns ErrDamaged unless dir holds an index of our schema and owner.
func checkSchema(dir, owner string) error {
	text, err := os.ReadFile(filepath.Join(dir, schemaFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: no schema", ErrDamaged)
	case err != nil:
		return err
	case string(text) != schema+owner+"\n":
		return fmt.Errorf("%w: another schema or owner", ErrDamaged)
	}
	return nil
}

// begin empties dir, or makes it, for an index of our schema.
func begin(dir, owner string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, schemaFile), []byte(schema+owner+"\n"), 0o600)
}

// files are the sizes of an index's files by name.
type files map[string]int64

func listFiles(dir string) (files, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if err != nil {
		return nil, err
	}
	f := make(files, len(entries))
	for _, e := range entries {
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) { // bleve has just removed it
			continue
		}
		if err != nil {
			return nil, err
		}
		f[e.Name()] = info.Size()
	}
	return f, nil
}

func (f files) bytes() int64 {
	var sum int64
	for _, size := range f {
		sum += size
	}
	return sum
}

// only returns the files of these names, those of bleve's list and the schema.
func (f files) only(segments []string) files {
	out := files{}
	for _, name := range append(segments, rootFile, schemaFile) {
		out[name] = f[name]
	}
	return out
}

// within returns ErrDamaged unless all of f are in now, not shorter than they were.
func (f files) within(now files) error {
	for name, size := range f {
		if have, ok := now[name]; !ok || have < size {
			return fmt.Errorf("%w: %s has gone or was cut short", ErrDamaged, name)
		}
	}
	return nil
}

// checkSum returns ErrDamaged where a segment file does not end in the sum of
// what comes before. bleve writes the sum but does not read it.
func checkSum(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	sum := crc32.NewIEEE()
	r := bufio.NewReaderSize(f, 256<<10)
	var end [crc32.Size]byte
	if _, err = io.CopyN(sum, r, info.Size()-int64(len(end))); err == nil {
		_, err = io.ReadFull(r, end[:])
	}
	if err != nil || sum.Sum32() != binary.BigEndian.Uint32(end[:]) {
		return fmt.Errorf("%w: %s has another sum", ErrDamaged, filepath.Base(path))
	}
	return nil
}
