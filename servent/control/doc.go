// Package control lets the user's other commands reach a servent that runs: a
// small HTTP API over a unix socket in the data dir, for this user only.
//
// Serve runs a node and answers for it; Dial finds the one that runs on a data
// dir. A Client has the methods of a servent, so that a command need not know
// whether the servent is in its own process.
//
// What takes long answers with a stream of JSON lines, each an object with one
// field that names it; the last is done or error. A client that hangs up ends
// what it asked for.
package control
