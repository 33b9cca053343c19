package load

import (
	"math"
	"time"
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
	stays = w.cfg.Session.Quantile(unit(draw(w.cfg.Seed, forStay, of))).Round(time.Millisecond)
	return stays, unit(draw(w.cfg.Seed, forEnd, of)) < w.cfg.Crashes
}

// Mean returns the mean session; 0 for the zero value.
func (d Weibull) Mean() time.Duration {
	if d.Scale == 0 {
		return 0
	}
	return time.Duration(float64(d.Scale) * math.Gamma(1+1/d.Shape))
}

// Median returns the median session.
func (d Weibull) Median() time.Duration {
	return time.Duration(float64(d.Scale) * math.Pow(math.Ln2, 1/d.Shape))
}

// Quantile returns the time that a part u of all sessions does not reach.
func (d Weibull) Quantile(u float64) time.Duration {
	return time.Duration(float64(d.Scale) * math.Pow(-math.Log1p(-u), 1/d.Shape))
}

// residuals are the quantiles of how much longer the peers that are up at some
// moment stay. That is not how long a session lasts: long ones are met more
// often. The density is exp(-(x/Scale)^Shape) / Mean, of any renewal process.
type residuals struct {
	at64 [residualSteps + 1]time.Duration
}

const residualSteps = 1024

// at returns the residual time for a random number.
func (r *residuals) at(u uint64) time.Duration {
	i := below(u, residualSteps)
	part := unit(mix(u))
	span := r.at64[i+1] - r.at64[i]
	return r.at64[i] + time.Duration(part*float64(span))
}

// residuals integrates the density in steps that grow with x, since it falls
// steeply at first and has a long tail.
func (d Weibull) residuals() *residuals {
	r := &residuals{}
	const growth, first = 1.002, 1e-9 // of Scale
	total := d.Mean().Seconds() / d.Scale.Seconds()
	sum, x, step := 0.0, 0.0, first
	for i := 1; i < residualSteps; {
		mid := x + step/2
		sum += step * math.Exp(-math.Pow(mid, d.Shape))
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
