package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"time"

	"github.com/seed282dab8e/servent/servent"
)

// dialTimeout bounds connecting and the first answer.
const dialTimeout = 3 * time.Second

// Client speaks to a servent that runs. It may be used by many goroutines.
type Client struct {
	http    http.Client
	version Version
}

// Dial finds the servent that runs on a data dir; ErrNotRunning when there is none.
func Dial(ctx context.Context, dataDir string) (*Client, error) {
	path, err := socketPath(dataDir)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", path)
		},
		DisableCompression: true,
	}
	c := &Client{http: http.Client{Transport: transport}}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	if err := c.ask(ctx, "GET", "/version", nil, &c.version); err != nil {
		return nil, dialError(err)
	}
	return c, nil
}

// dialError tells a servent that is not there from one that does not answer.
func dialError(err error) error {
	var op *net.OpError
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("the servent on this data dir is another user's: %w", err)
	case errors.As(err, &op) && op.Op == "dial" && !op.Timeout():
		return ErrNotRunning
	}
	return fmt.Errorf("the running servent does not answer: %w", err)
}

// Close gives up idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Version tells which servent runs.
func (c *Client) Version() Version { return c.version }

// Status tells how the servent is.
func (c *Client) Status(ctx context.Context) (servent.Status, error) {
	var st servent.Status
	err := c.ask(ctx, "GET", "/status", nil, &st)
	return st, err
}

// Peers lists its links.
func (c *Client) Peers(ctx context.Context) ([]servent.PeerInfo, error) {
	var peers []servent.PeerInfo
	err := c.ask(ctx, "GET", "/peers", nil, &peers)
	return peers, err
}

// CountOwn counts the files of the servent's own that match a query.
func (c *Client) CountOwn(ctx context.Context, query string) (int, error) {
	var own ownCount
	err := c.ask(ctx, "POST", "/own", ownQuery{query}, &own)
	return own.Files, err
}

// Unshare takes a shared folder back. dir is absolute.
func (c *Client) Unshare(ctx context.Context, dir string) error {
	return c.ask(ctx, "POST", "/unshare", folder{dir}, nil)
}

// Stop ends the servent and returns when it has ended.
func (c *Client) Stop(ctx context.Context) error {
	return c.ask(ctx, "POST", "/stop", nil, nil)
}

// ask sends a request and reads its short answer into out, unless that is nil.
func (c *Client) ask(ctx context.Context, method, path string, in, out any) error {
	body, err := c.do(ctx, method, path, in)
	if err != nil {
		return err
	}
	defer body.Close()
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(body, maxLine)).Decode(out); err != nil {
		return fmt.Errorf("read the servent's answer: %w", err)
	}
	return nil
}

// do sends a request and returns the body of an answer that is no error.
func (c *Client) do(ctx context.Context, method, path string, in any) (io.ReadCloser, error) {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return nil, fmt.Errorf("write request: %w", err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://"+host+apiVersion+path, body)
	if err != nil {
		return nil, err
	}
	if in != nil {
		req.Header.Set("Content-Type", jsonType)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, plain(ctx, err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp.Body, nil
	}
	defer resp.Body.Close()
	return nil, refusal(resp)
}

// plain takes the HTTP from an error, which tells a user nothing.
func plain(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return ctx.Err()
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return fmt.Errorf("%w: %w", ErrGone, op)
	}
	return fmt.Errorf("reach the running servent: %w", errors.Unwrap(err))
}

// refusal reads an answer that is an error.
func refusal(resp *http.Response) error {
	var f failure
	err := json.NewDecoder(io.LimitReader(resp.Body, maxBody)).Decode(&f)
	if err != nil || f.Text == "" {
		return fmt.Errorf("the running servent answers %s: it may be of another version; stop it and start it again", resp.Status)
	}
	return (*answerError)(&f)
}
