package servent

import (
	"net"
	"time"
)

// How the system finds out that the machine at the other end of a link has lost its
// cable or is suspended, long before the node would by silence: a quiet link is probed
// after idleProbe, then every probeEvery, and ended when probeCount have no answer.
// There are no probes while something waits to be acknowledged; what counts then is for
// how long it has. What is sent just before the probes would end a link so begins a
// second wait: a lost machine is noticed after the sum of both at the latest.
const (
	idleProbe  = 10 * time.Second
	probeEvery = 3 * time.Second
	probeCount = 3

	// unackedFor is as long as the probes take: where it is shorter Linux sends fewer
	// of them. It also is how long a peer may have no room for what is sent.
	unackedFor = idleProbe + probeCount*probeEvery
)

// keepAlive has the system end c when the machine at its other end is gone. A
// system that cannot leaves that to the node.
func keepAlive(c net.Conn) {
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return
	}
	_ = tcp.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: idleProbe, Interval: probeEvery, Count: probeCount})
	limitUnacked(tcp, unackedFor)
}
