package study

import (
	"math"
	"math/rand/v2"

	"github.com/seed282dab8e/servent/sim/exact"
)

// yangLoad is what a peer has to do in a second: bytes that come in and go out,
// and work in units of 7200 cycles of a Pentium III.
type yangLoad struct{ In, Out, Work float64 }

func (l *yangLoad) add(m yangLoad, times float64) {
	l.In += float64(m.In * times)
	l.Out += float64(m.Out * times)
	l.Work += float64(m.Work * times)
}

// bandwidth is all bytes, in and out.
func (l yangLoad) bandwidth() float64 { return l.In + l.Out }

// What messages take, from memory of table 2 of the paper, in bytes and units: a
// query, a response with so many addresses and results, joining with so many
// files, an update. To wait for a message on so many connections takes work, too.
const (
	yangQuery    = 82 + 12 // a query has 12 characters
	yangUpdate   = 152
	yangPerConn  = 0.01
	yangSendQ    = 0.44 + 0.003*12
	yangReceiveQ = 0.57 + 0.004*12
)

func yangSearch(results float64) float64 { return 0.14 + float64(1.1*results) }

// yangAnswer is what a peer sends back for a query, on average over all queries:
// it answers with probability chance.
type yangAnswer struct{ chance, addresses, results float64 }

func (a *yangAnswer) add(b yangAnswer) {
	a.chance += b.chance
	a.addresses += b.addresses
	a.results += b.results
}

func (a yangAnswer) bytes() float64 {
	return float64(80*a.chance) + float64(28*a.addresses) + float64(76*a.results)
}

func (a yangAnswer) sending() float64 {
	return float64(0.21*a.chance) + float64(0.31*a.addresses) + float64(0.2*a.results)
}

func (a yangAnswer) receiving() float64 {
	return float64(0.26*a.chance) + float64(0.41*a.addresses) + float64(0.3*a.results)
}

// yangJoin is what one message that a client joins with costs it and its
// super-peer; yangUpdated is that of an update.
func yangJoin(files float64) (client, super yangLoad) {
	bytes := 80 + float64(72*files)
	return yangLoad{Out: bytes, Work: 0.44 + float64(0.2*files)},
		yangLoad{In: bytes, Work: 0.56 + 0.14 + float64((0.3+0.105)*files)}
}

func yangUpdated() (client, super yangLoad) {
	return yangLoad{Out: yangUpdate, Work: 0.6}, yangLoad{In: yangUpdate, Work: 0.8 + 0.3}
}

// yangQueries is the query model of Yang, Garcia-Molina: Comparing hybrid
// peer-to-peer systems (VLDB 2001): queries are of classes, of which the frequent
// ones find more; both fall exponentially, the second four times as slowly.
// It holds how probably a file matches a query, at equally frequent classes.
type yangQueries []float64

const yangClasses = 32

// newYangQueries has queries find a part mean of all files.
func newYangQueries(mean float64) yangQueries {
	q, sum := make(yangQueries, yangClasses), 0.0
	for i := range q {
		u := -exact.Log(1 - float64((float64(i)+0.5)/yangClasses))
		q[i] = exact.Exp(-u / 4)
		sum += q[i]
	}
	for i := range q {
		q[i] *= mean * yangClasses / sum
	}
	return q
}

// chance is how probably a query finds something among so many files.
func (q yangQueries) chance(files float64) float64 {
	sum := 0.0
	for _, f := range q {
		sum += 1 - exact.Exp(-f*files)
	}
	return sum / yangClasses
}

// yangFiles is how many files a peer shares: one in four shares none, the others
// 224 on average, spread as in Gnutella (Saroiu, Gummadi, Gribble 2002) over
// several powers of ten.
func yangFiles(r *rand.Rand) float64 {
	const spread = 1.5
	u := r.Float64()
	n := exact.Exp(float64(spread*r.NormFloat64()) - spread*spread/2)
	if u < 0.25 {
		return 0
	}
	return math.Round(n * yangMeanFiles / 0.75)
}

const yangMeanFiles = 168
