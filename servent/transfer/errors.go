package transfer

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// What a caller of Get may want to tell apart. An error of the local disk or
// of the context is passed on as it is, wrapped.
var (
	// ErrNoSource says that the job names no source that could be asked.
	ErrNoSource = errors.New("no source to download from")
	// ErrNotVerified says that all sources are used up and that at least one
	// of them delivered content that does not match its hash.
	ErrNotVerified = errors.New("content does not match its hash")
	// ErrUnavailable says that all sources are used up and none of them
	// delivered the whole file.
	ErrUnavailable = errors.New("no source delivered the file")
)

// What a source did wrong.
var (
	errStalled      = errors.New("sends nothing any more")
	errTooSlow      = errors.New("sends too slowly")
	errShort        = errors.New("closed the connection too early")
	errLong         = errors.New("sends more than it announced")
	errHeaders      = errors.New("answer is not proper http")
	errHeadersSize  = errors.New("headers are too long")
	errChunks       = errors.New("body is not properly encoded")
	errEncoded      = errors.New("sends a compressed body that nobody asked for")
	errNoSize       = errors.New("does not tell the size of the file")
	errOtherSize    = errors.New("offers a file of another size")
	errTooBig       = errors.New("file is larger than the limit")
	errOtherURN     = errors.New("offers other content")
	errRange        = errors.New("answers with another range than asked for")
	errNoRange      = errors.New("does not have the missing part")
	errRedirect     = errors.New("redirects elsewhere, which is not followed")
	errNotFound     = errors.New("does not have the file")
	errRefused      = errors.New("refuses")
	errBusy         = errors.New("is busy")
	errWrongContent = errors.New("delivered content that does not match its hash")
	errMixedContent = errors.New("took part in content that does not match its hash")
	errNoGIV        = errors.New("did not connect back after a push")
	errUnaskable    = errors.New("can be asked neither by hash nor by name")
	errNotAsked     = errors.New("was not asked")
	errNoAddress    = errors.New("can neither be dialled nor pushed")
)

// failKind says what may be expected of a source after it failed.
type failKind uint8

const (
	failNetwork  failKind = iota // worth another try where it had made progress
	failFault                    // the source breaks the rules or lacks the file: not again
	failBusy                     // asks to come back later
	failConflict                 // disagrees with an earlier source that may be the liar
)

// sourceError is the failure of one source.
type sourceError struct {
	kind  failKind
	after time.Duration       // failBusy: wait at least so long
	place protocol.QueuePlace // failBusy: in the source's queue, if there is one
	size  uint64              // failConflict: of the file, as this source tells
	err   error
}

func (e *sourceError) Error() string { return e.err.Error() }
func (e *sourceError) Unwrap() error { return e.err }

func fault(err error) error { return &sourceError{kind: failFault, err: err} }

func conflict(err error, size uint64) error {
	return &sourceError{kind: failConflict, size: size, err: err}
}

// localError is a failure on our side, which no other source can heal.
type localError struct{ err error }

func (e *localError) Error() string { return e.err.Error() }
func (e *localError) Unwrap() error { return e.err }

// maxCauses bounds how many sources an error message names.
const maxCauses = 3

// exhaustedError says why no source is left. It wraps ErrNotVerified or
// ErrUnavailable and what each source did.
type exhaustedError struct {
	what   error
	causes []error
	liars  []Source
	advice string
}

func (e *exhaustedError) Error() string {
	return e.what.Error() + ": " + e.Reason() + "; " + e.advice
}

// Reason tells what became of each source.
func (e *exhaustedError) Reason() string {
	var b strings.Builder
	for i, c := range e.causes[:min(len(e.causes), maxCauses)] {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(c.Error())
	}
	if more := len(e.causes) - maxCauses; more > 0 {
		fmt.Fprintf(&b, "; and %d more", more)
	}
	return b.String()
}

// Liars are those who delivered content that does not match, each by itself.
func (e *exhaustedError) Liars() []Source { return e.liars }

func (e *exhaustedError) Unwrap() []error { return append([]error{e.what}, e.causes...) }
