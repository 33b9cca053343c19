package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/seed282dab8e/servent/servent"
)

const lastSearchFile = "last-search.json"

// lastSearch is what `get N` takes its rows from.
type lastSearch struct {
	Query string          `json:"query"`
	Time  time.Time       `json:"time"`
	Rows  []servent.Found `json:"rows"` // row N is number N-1
}

// save replaces the last search of a data dir, whole or not at all.
func (l *lastSearch) save(dataDir string) error {
	text, err := json.Marshal(l)
	if err == nil {
		err = os.MkdirAll(dataDir, 0o700)
	}
	if err == nil {
		err = servent.WriteFile(filepath.Join(dataDir, lastSearchFile), text)
	}
	if err != nil {
		return fmt.Errorf("keep the results: %w", err)
	}
	return nil
}

// loadLastSearch reads what save wrote.
func loadLastSearch(dataDir string) (*lastSearch, error) {
	text, err := os.ReadFile(filepath.Join(dataDir, lastSearchFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, usagef("there is no search to take a row of: search first, as in `servent search \"blue danube\"`")
	}
	if err != nil {
		return nil, fmt.Errorf("read the last search: %w", err)
	}
	var l lastSearch
	if err := json.Unmarshal(text, &l); err != nil {
		return nil, fmt.Errorf("read the last search: %w; search again", err)
	}
	return &l, nil
}

// row returns row n, from 1 on.
func (l *lastSearch) row(n int) (servent.Found, error) {
	switch {
	case len(l.Rows) == 0:
		return servent.Found{}, usagef("row %d: the last search, %q, found nothing", n, l.Query)
	case n < 1 || n > len(l.Rows):
		return servent.Found{}, usagef("row %d: the last search, %q, has rows 1 to %d", n, l.Query, len(l.Rows))
	case l.Rows[n-1].SHA1 == "":
		return servent.Found{}, fmt.Errorf("row %d: %q came without a SHA-1, so it could not be verified", n, l.Rows[n-1].Name)
	}
	return l.Rows[n-1], nil
}
