package transfer

import (
	"context"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/time/rate"
)

const (
	defaultAgent = "Servent"

	// features goes out in X-Features: that this end is one of ours. What is
	// added to the transfer protocol later gets a name of its own there.
	ourFeature = "srvt"
	features   = ourFeature + "/0.1"
	// faltFeature says that X-Falt is understood; clientFeatures is what a client says.
	faltFeature    = "fwalt"
	clientFeatures = features + ", " + faltFeature + "/0.1"

	// maxQuoted is how much of a text from a peer goes into a log or an error.
	maxQuoted = 64
)

func orDefault[T time.Duration | int | uint64](v, otherwise T) T {
	if v <= 0 {
		return otherwise
	}
	return v
}

func orDiscard(l logrus.FieldLogger) logrus.FieldLogger {
	if l != nil {
		return l
	}
	silent := logrus.New()
	silent.SetOutput(io.Discard)
	return silent
}

// quote makes a text from a peer fit for a log or an error.
func quote(s string) string {
	return strconv.Quote(s[:min(len(s), maxQuoted)])
}

// limitStep returns how many bytes of at most n may be asked of l at once.
func limitStep(l *rate.Limiter, n int) int {
	if l == nil || l.Limit() == rate.Inf {
		return n
	}
	return max(min(n, l.Burst()), 1)
}

// waitRate waits until n bytes, not more than limitStep allows, may pass.
func waitRate(ctx context.Context, l *rate.Limiter, n int) error {
	if l == nil {
		return nil
	}
	return l.WaitN(ctx, n)
}

// seconds converts a number of seconds that a peer sent, without overflow.
func seconds(n uint64) time.Duration {
	return time.Duration(min(n, uint64(math.MaxInt64/time.Second))) * time.Second
}
