// Package transfer moves files between servents: the HTTP server that serves
// shared files, the client that downloads them, and the push by which a
// servent that cannot be dialled offers a file (GIV).
//
// Uploads answer GET and HEAD of /uri-res/N2R?urn:sha1:… and
// /get/<index>/<name> with exact ranges over kept-alive connections, and what is
// verified of a file that is still loading. Past the slots there is a queue, a
// pure data structure of its own. Who else has a file is in package mesh. The same server
// hands out tiger trees, shows what is shared, to people as pages and to
// servents as QueryHit messages, and passes pushes on. Whatever a stranger can
// have it do is bounded: at once, for each address, and in a second.
// Downloads ask many sources at once, block by block: a swarm has a fetcher for each
// of them. Package pick says which block comes next, the tiger tree which are right,
// and package journal which are on the disk for certain, so that a later download
// goes on from there. The file gets its name only when SHA-1 and, where it is known,
// the tiger root agree.
// Nothing ever lies half-written under the final name.
//
// Connections come from the servent's one port or from pushes, so that the
// client speaks HTTP over a net.Conn by itself and the server takes its
// connections from a ConnListener. Sections named in comments are those of
// docs/protocol.md.
package transfer
