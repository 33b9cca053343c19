// Package overlay is the pure core of a servent: what one node of a Gnutella
// 0.6 overlay decides, without a clock, randomness, lock, logger, socket or
// goroutine of its own.
//
// A [Node] is driven by whoever owns it, live sockets or a simulator:
//
//	out = node.Step(now, event, out[:0])   // something happened
//	at, ok := node.Deadline()              // when Expire must run next
//	out = node.Expire(now, out[:0])        // time passed
//
// Every call appends [Action] values that the owner must carry out, in order.
// Equal configurations, seeds and calls give equal actions: nothing ranges over
// a map, time is an argument, and randomness comes from [Config.Rand].
//
// A relayed message is never decoded and encoded again: an OpSend action names
// the received bytes and the TTL and hops that the copy on that link must carry.
//
// A Node is not safe for concurrent use.
package overlay
