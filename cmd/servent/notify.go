package main

import "net"

// notify tells systemd how the service is, where it runs as one (sd_notify(3)).
// Nobody waits for an answer, and a servent does not fail for want of it.
func (a *app) notify(state string) {
	path, _ := a.lookEnv("NOTIFY_SOCKET")
	if path == "" {
		return
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err == nil {
		_, err = c.Write([]byte(state))
		_ = c.Close()
	}
	if err != nil {
		a.log.WithField("component", "systemd").WithError(err).Warn("tell that the service is " + state)
	}
}
