package control

import (
	"errors"
	"net/http"

	"github.com/seed282dab8e/servent/servent"
)

// ErrNotRunning says that no servent runs on the data dir.
var ErrNotRunning = errors.New("no servent runs on this data dir")

// ErrGone says that the servent has ended, or was killed, while it did what was
// asked; not that somebody has stopped it.
var ErrGone = errors.New("the running servent has gone away")

// ErrNoSocket says that other commands cannot reach the servent.
var ErrNoSocket = errors.New("no control socket")

// socketError is why there can be no socket.
type socketError struct{ error }

func (e *socketError) Is(target error) bool { return target == ErrNoSocket }
func (e *socketError) Unwrap() error        { return e.error }

// Kinds of errors, as they stand beside the text of an answer.
const (
	kindNotVerified = "not_verified"
	kindNoSource    = "no_source"
	kindBadRequest  = "bad_request"
	kindForbidden   = "forbidden"
	kindGone        = "gone"
	kindFailed      = "failed"
)

// failure is an error as it goes over the socket.
type failure struct {
	Text string `json:"error"`
	Kind string `json:"kind"`
}

func failureOf(err error) failure {
	kind := kindFailed
	var r *requestError
	switch {
	case errors.Is(err, servent.ErrNotVerified):
		kind = kindNotVerified
	case errors.Is(err, servent.ErrNoSource):
		kind = kindNoSource
	case errors.Is(err, ErrGone):
		kind = kindGone
	case errors.As(err, &r):
		kind = r.kind
	}
	return failure{err.Error(), kind}
}

// answerError is an error that the servent answered with. It is the same as
// the sentinel that it stood for there.
type answerError failure

func (e *answerError) Error() string { return e.Text }

// Is makes errors.Is work across the socket.
func (e *answerError) Is(target error) bool {
	switch e.Kind {
	case kindNotVerified:
		return target == servent.ErrNotVerified
	case kindNoSource:
		return target == servent.ErrNoSource
	case kindGone:
		return target == ErrGone
	}
	return false
}

// requestError is a request that is refused.
type requestError struct {
	kind string
	err  error
}

func (e *requestError) Error() string { return e.err.Error() }
func (e *requestError) Unwrap() error { return e.err }

// status is the HTTP status that goes with a kind.
func status(kind string) int {
	switch kind {
	case kindBadRequest:
		return http.StatusBadRequest
	case kindForbidden:
		return http.StatusForbidden
	}
	return http.StatusInternalServerError
}
