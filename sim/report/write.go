package report

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// file is one that a report is written as.
type file struct {
	name string
	data []byte
}

// Write writes the report into the folder dir, which is there and empty:
// index.html, report.json, NAME.csv for each table, NAME.svg and NAME.png for
// each figure. A file has its name only when it is whole. index.html is the
// last, so who finds it finds all.
func (r *Report) Write(dir string) error {
	if err := r.check(); err != nil {
		return err
	}
	files, err := r.files()
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := f.write(dir); err != nil {
			return fmt.Errorf("write %s: %w", filepath.Join(dir, f.name), err)
		}
	}
	return nil
}

// Sum is the SHA-256 of the files that Write would write, with their names.
func (r *Report) Sum() ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	files, err := r.files()
	if err != nil {
		return nil, err
	}
	h := sha256.New()
	for _, f := range files {
		fmt.Fprintln(h, f.name, len(f.data))
		h.Write(f.data)
	}
	return h.Sum(nil), nil
}

func (r *Report) files() ([]file, error) {
	f, err := newFont()
	if err != nil {
		return nil, err
	}
	text, err := r.json()
	if err != nil {
		return nil, fmt.Errorf("report.json: %w", err)
	}
	out := []file{{"report.json", text}}
	for _, s := range r.Sections {
		for _, t := range s.Tables {
			b, err := t.csv()
			if err != nil {
				return nil, fmt.Errorf("%s.csv: %w", t.Name, err)
			}
			out = append(out, file{t.Name + ".csv", b})
		}
		for _, fig := range s.Figures {
			images, err := newChart(fig, f).files()
			if err != nil {
				return nil, err
			}
			out = append(out, images...)
		}
	}
	page, err := r.page(f)
	if err != nil {
		return nil, fmt.Errorf("index.html: %w", err)
	}
	return append(out, file{"index.html", page}), nil
}

// write gives the file its name when its bytes are on the disk.
func (f file) write(dir string) error {
	final := filepath.Join(dir, f.name)
	temporary := final + ".tmp"
	err := writeNew(temporary, f.data)
	if err == nil {
		err = os.Rename(temporary, final)
	}
	if err == nil {
		return nil
	}
	return errors.Join(cause(err), ignoreMissing(os.Remove(temporary)))
}

func writeNew(name string, data []byte) error {
	w, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	if err == nil {
		err = w.Sync()
	}
	return errors.Join(err, w.Close())
}

// cause takes the path off an error: it is that of the temporary file.
func cause(err error) error {
	if e := (*os.PathError)(nil); errors.As(err, &e) {
		return e.Err
	}
	if e := (*os.LinkError)(nil); errors.As(err, &e) {
		return e.Err
	}
	return err
}

func ignoreMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return cause(err)
}
