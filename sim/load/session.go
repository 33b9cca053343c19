package load

import (
	"math"
	"time"

	"github.com/seed282dab8e/servent/sim/exact"
)

// Weibull is how long sessions last: longer than x with probability
// exp(-(x/Scale)^Shape). With a shape under 1, whoever has been up for long will
// stay for long. Published fits: KAD 357.7 min and 0.545, later 169.5 min and
// 0.615 (Steiner et al. 2007); BitTorrent shapes 0.34 to 0.59 (Stutzbach,
// Rejaie 2006).
type Weibull struct {
	Scale time.Duration
	Shape float64
}

// KAD is the later fit of KAD: the median is 93 minutes, and a tenth of the sessions
// last for more than 10.9 hours.
func KAD() Weibull { return Weibull{169*time.Minute + 30*time.Second, 0.615} }

// Forever is how long a peer stays that does not leave.
const Forever = time.Duration(math.MaxInt64)

// Session returns how long a peer stays when it comes for the nth time, from 0 on,
// and whether it leaves without a goodbye then. Where the workload has no sessions
// that is [Forever]. When it comes again is left to who asks.
func (w *Workload) Session(peer int32, nth int) (stays time.Duration, crashes bool) {
	if w.cfg.Session.Scale == 0 {
		return Forever, false
	}
	of := uint64(nth)<<32 | uint64(peer)
	stays = w.cfg.Session.Quantile(exact.Unit(draw(w.cfg.Seed, forStay, of))).Round(time.Millisecond)
	return stays, exact.Unit(draw(w.cfg.Seed, forEnd, of)) < w.cfg.Crashes
}

// Mean returns the mean session; 0 for the zero value.
func (d Weibull) Mean() time.Duration {
	if d.Scale == 0 {
		return 0
	}
	return time.Duration(float64(d.Scale) * exact.Gamma(1+1/d.Shape))
}

// Median returns the median session.
func (d Weibull) Median() time.Duration {
	return time.Duration(float64(d.Scale) * exact.Pow(math.Ln2, 1/d.Shape))
}

// Quantile returns the time that a part u of all sessions does not reach.
func (d Weibull) Quantile(u float64) time.Duration {
	return time.Duration(float64(d.Scale) * exact.Pow(-exact.Log(1-u), 1/d.Shape))
}

// Leaving returns the part of the peers that are up at some moment and have left
// that much later: the integral of exp(-(x/Scale)^Shape), over the mean. It is 0
// for the zero value.
func (d Weibull) Leaving(within time.Duration) float64 {
	if d.Scale == 0 || within <= 0 {
		return 0
	}
	const steps = 200
	sum := 0.0
	for i := range steps { // steps that grow, since the density falls steeply at first
		lo, hi := float64(i)/steps, float64(i+1)/steps
		lo, hi = float64(lo*lo*lo), float64(hi*hi*hi)
		sum += float64((hi - lo) * d.longer((lo+hi)/2*float64(within)))
	}
	return min(1, sum*float64(within)/float64(d.Mean()))
}

// longer returns the part of all sessions that last longer than x nanoseconds.
func (d Weibull) longer(x float64) float64 {
	return exact.Exp(-exact.Pow(x/float64(d.Scale), d.Shape))
}

// Named returns how many peers an index names for each one that is up, those
// that have left included, when a peer publishes as it comes and then once in
// every period, and the index keeps for a period what was published. It is 1 for
// the zero value.
//
// A session of length x is named for the periods that it has begun: as long as
// there are periods k with k*period < x. So for each session, a peer is up for
// the mean, and named for period * (sum over k of the part of the sessions that
// last longer than k*period).
func (d Weibull) Named(period time.Duration) float64 {
	if d.Scale == 0 || period <= 0 {
		return 1
	}
	const single, tiny = 1000, 1e-12
	unit := float64(period) / float64(d.Mean())
	begun := 0.0
	for k := range single {
		part := d.longer(float64(k) * float64(period))
		if part < tiny {
			return begun * unit
		}
		begun += part
	}
	// From here on the sum is as good as the integral (trapezoidal rule).
	rest := single * period
	begun += float64(d.longer(float64(rest)) / 2)
	return float64(begun*unit) + 1 - d.Leaving(rest)
}

// Residuals are the quantiles of how much longer the peers that are up at some
// moment stay, which are also those of how long they have been up. That is not
// how long a session lasts: long ones are met more often. The density is
// exp(-(x/Scale)^Shape) / Mean, of any renewal process.
type Residuals struct {
	at64 [residualSteps + 1]time.Duration
}

const residualSteps = 1024

// At returns the residual time for a random number.
func (r *Residuals) At(u uint64) time.Duration {
	i := exact.Below(u, residualSteps)
	part := exact.Unit(exact.Mix(u))
	span := r.at64[i+1] - r.at64[i]
	return r.at64[i] + time.Duration(part*float64(span))
}

// Residuals integrates the density in steps that grow with x, since it falls
// steeply at first and has a long tail. d must not be the zero value.
func (d Weibull) Residuals() *Residuals {
	r := &Residuals{}
	const growth, first = 1.002, 1e-9 // of Scale
	total := d.Mean().Seconds() / d.Scale.Seconds()
	sum, x, step := 0.0, 0.0, first
	for i := 1; i < residualSteps; {
		mid := x + float64(step/2)
		sum += float64(step * exact.Exp(-exact.Pow(mid, d.Shape)))
		x += step
		step *= growth
		for i < residualSteps && sum/total >= float64(i)/residualSteps {
			r.at64[i] = time.Duration(x * float64(d.Scale)).Round(time.Millisecond)
			i++
		}
		if step > 1e6 { // the rest is rounding
			for ; i < residualSteps; i++ {
				r.at64[i] = r.at64[i-1]
			}
		}
	}
	r.at64[residualSteps] = 2 * r.at64[residualSteps-1]
	return r
}
