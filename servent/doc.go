// Package servent is a running node: it turns sockets into the events of an
// overlay.Node and the node's actions into sockets, shares folders, searches
// and downloads.
//
// One goroutine, the loop of Run, owns the overlay.Node; all others send it
// values. Every link has a reader and a writer goroutine. New starts nothing;
// Run returns when everything that it started has ended.
package servent
