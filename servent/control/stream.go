package control

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/seed282dab8e/servent/servent"
)

// Search does what a servent's Search does.
func (c *Client) Search(ctx context.Context, req servent.SearchRequest, found func(servent.Found)) error {
	_, err := c.stream(ctx, "POST", "/search", req, func(l *line) {
		if l.Found != nil {
			found(*l.Found)
		}
	})
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil // it goes on until its context ends
	}
	return err
}

// Browse does what a servent's Browse does.
func (c *Client) Browse(ctx context.Context, req servent.BrowseRequest, found func(servent.Found)) error {
	_, err := c.stream(ctx, "POST", "/browse", req, func(l *line) {
		if l.Found != nil {
			found(*l.Found)
		}
	})
	return err
}

// Get does what a servent's Get does. req.Dir is absolute.
func (c *Client) Get(ctx context.Context, req servent.GetRequest, progress func(servent.GetProgress)) (servent.Got, error) {
	last, err := c.stream(ctx, "POST", "/get", req, func(l *line) {
		if l.Progress != nil {
			progress(*l.Progress)
		}
	})
	if err != nil {
		return servent.Got{}, err
	}
	if last.Got == nil {
		return servent.Got{}, ErrGone
	}
	return *last.Got, nil
}

// Share adds a folder and returns when it is scanned. dir is absolute. progress
// hears of the scan; where others share at the same time, of theirs too.
func (c *Client) Share(ctx context.Context, dir string, progress func(servent.ScanInfo)) (Shared, error) {
	last, err := c.stream(ctx, "POST", "/share", folder{dir}, func(l *line) {
		if l.Scan != nil {
			progress(*l.Scan)
		}
	})
	if err != nil {
		return Shared{}, err
	}
	if last.Shared == nil {
		return Shared{}, ErrGone
	}
	return *last.Shared, nil
}

// stream sends a request, hands each line of the answer to each, and returns
// the last.
func (c *Client) stream(ctx context.Context, method, path string, in any, each func(*line)) (line, error) {
	body, err := c.do(ctx, method, path, in)
	if err != nil {
		return line{}, err
	}
	defer body.Close()
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		var l line
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return line{}, fmt.Errorf("read the servent's answer: %w", err)
		}
		switch {
		case l.Error != "":
			return line{}, &answerError{l.Error, l.Kind}
		case l.Done:
			return l, nil
		}
		each(&l)
	}
	return line{}, cut(ctx, lines.Err())
}

// cut says why a stream had no end.
func cut(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil || errors.Is(err, io.ErrUnexpectedEOF):
		return ErrGone
	}
	return fmt.Errorf("%w: %w", ErrGone, err)
}
