package library

import (
	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/search"
)

// Table returns the route table of all shared files: their words and URNs, in
// the smallest size of 2^16 slots or more that is not over a third full, or
// else the largest there is. It is nil when nothing is shared. The table is
// made once for each change; callers must not write to it.
func (l *Library) Table() *protocol.RouteTable {
	l.mu.RLock()
	table, files := l.table, len(l.files)
	l.mu.RUnlock()
	if table != nil || files == 0 {
		return table
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.table == nil && len(l.files) > 0 {
		l.table = l.words.Fitted()
	}
	return l.table
}

// count puts the words of a file, which are those of text, into the table, and it
// into the list. l.mu
// is held.
func (l *Library) count(e *entry, text string) {
	l.table = nil
	search.AddWords(l.words, text)
	l.words.AddURN(e.urn())
	if l.list != nil {
		l.list.note(e, l.list.digest.Add)
	}
}

// uncount takes the words of a file out of the table, and it out of the list. l.mu is held.
func (l *Library) uncount(e *entry) {
	l.table = nil
	search.AddWords(l.words.Remove(), e.text())
	l.words.Remove().AddURN(e.urn())
	if l.list != nil {
		l.list.note(e, l.list.digest.Remove)
	}
}
