// Package portmap asks the router of this machine to forward the servent's port, by
// UPnP-IGD, by NAT-PMP (RFC 6886) and by PCP (RFC 6887), IPv4 only.
//
// The three are asked side by side whether they are there, and the one that answers
// first is asked for the mapping; the next one only when that one refuses. So no two
// of them ever hold the same port: many routers keep one table for all three, and
// what one removes is gone for the others.
//
// Only the default gateway is believed. Whatever else answers, or points elsewhere,
// is ignored: anybody on the network can answer a search.
package portmap
