//go:build sqlite_fts5

// Command fts5 is SQLite with full-text search as an index of leaves' files. `bench
// leaves` builds and runs it: it needs cgo.
package main

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/mattn/go-sqlite3"
	"github.com/seed282dab8e/servent/bench/churn"
)

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "fts5:", err)
		os.Exit(1)
	}
}

func run(dir string) error {
	e, err := open(filepath.Join(dir, "fts5.db"))
	if err != nil {
		return err
	}
	defer e.db.Close()
	return churn.Serve(e, os.Stdin, os.Stdout)
}

// engine batches what comes and goes in a second, as the servent does.
type engine struct {
	db    *sql.DB
	find  *sql.Stmt
	steps int

	mu      sync.Mutex
	waiting []change
}

type change struct {
	leaf int
	gone bool
}

// open makes a table of what searches need: words, neither their places nor the
// text. Pages are mapped into memory, and losing the last moments is no loss.
func open(path string) (*engine, error) {
	sql.Register("mapped", &sqlite3.SQLiteDriver{ConnectHook: func(c *sqlite3.SQLiteConn) error {
		_, err := c.Exec("PRAGMA mmap_size=1073741824", nil)
		return err
	}})
	db, err := sql.Open("mapped", "file:"+path+"?_journal_mode=WAL&_synchronous=OFF&_busy_timeout=60000&_cache_size=-65536")
	if err != nil {
		return nil, err
	}
	db.SetMaxIdleConns(8)
	e := &engine{db: db}
	_, err = db.Exec("CREATE VIRTUAL TABLE files USING fts5(name, content='', contentless_delete=1, detail=none, tokenize='unicode61')")
	if err == nil {
		e.find, err = db.Prepare(fmt.Sprintf("SELECT rowid FROM files WHERE files MATCH ? LIMIT %d", churn.Limit))
	}
	return e, err
}

func (e *engine) Add(leaf int) error {
	e.waiting = append(e.waiting, change{leaf, false})
	if len(e.waiting) < 1000 {
		return nil
	}
	return e.apply()
}

func (e *engine) Remove(leaf int) error {
	e.waiting = append(e.waiting, change{leaf, true})
	return nil
}

// Passed writes down what has come and gone in a second.
func (e *engine) Passed() error {
	if e.steps++; time.Duration(e.steps)*churn.Every < time.Second {
		return nil
	}
	e.steps = 0
	return e.apply()
}

func (e *engine) Settle() error { return e.apply() }

func (e *engine) apply() error {
	tx, err := e.db.Begin()
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // of nothing, once committed
	put, err := tx.Prepare("INSERT INTO files(rowid, name) VALUES (?, ?)")
	if err != nil {
		return err
	}
	del, err := tx.Prepare("DELETE FROM files WHERE rowid = ?")
	if err != nil {
		return err
	}
	for _, c := range e.waiting {
		if c.gone {
			for i := range churn.PerLeaf {
				if _, err := del.Exec(c.leaf<<20 | i); err != nil {
					return err
				}
			}
			continue
		}
		for i, f := range churn.Files(c.leaf) {
			if _, err := put.Exec(c.leaf<<20|i, f.Path); err != nil {
				return err
			}
		}
	}
	e.waiting = e.waiting[:0]
	return tx.Commit()
}

func (e *engine) Find(words []string) (hits int, err error) {
	rows, err := e.find.Query(strings.Join(words, " "))
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return 0, err
		}
		hits++
	}
	return hits, rows.Err()
}
