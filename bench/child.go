package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// child is a server in a process of its own.
type child struct {
	addr string
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
}

// startChild runs this very program as the named server.
func startChild(ctx context.Context, name, profile string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, name, "-profile", profile)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	c := &child{cmd: cmd, in: in, out: bufio.NewReader(out)}
	if c.addr, err = c.out.ReadString('\n'); err != nil {
		return nil, errors.Join(fmt.Errorf("%s does not start: %w", name, err), c.stop())
	}
	c.addr = strings.TrimSpace(c.addr)
	return c, nil
}

// state asks the server how it is.
func (c *child) state() (state, error) {
	var s state
	if _, err := io.WriteString(c.in, "\n"); err != nil {
		return s, err
	}
	line, err := c.out.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &s)
	}
	if err != nil {
		err = fmt.Errorf("state of the server: %w", err)
	}
	return s, err
}

// stop ends the server and waits for its end.
func (c *child) stop() error {
	return errors.Join(c.in.Close(), c.cmd.Wait())
}
