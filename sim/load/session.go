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

// residuals are the quantiles of how much longer the peers that are up at some
// moment stay. That is not how long a session lasts: long ones are met more
// often. The density is exp(-(x/Scale)^Shape) / Mean, of any renewal process.
type residuals struct {
	at64 [residualSteps + 1]time.Duration
}

const residualSteps = 1024

// at returns the residual time for a random number.
func (r *residuals) at(u uint64) time.Duration {
	i := exact.Below(u, residualSteps)
	part := exact.Unit(exact.Mix(u))
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
