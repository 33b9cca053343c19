package dht

import "math"

// This file has what lookups must take on average when identifiers are random,
// derived on its own, without a ring: what the simulated DHTs are held against.

// ChordHops returns the mean number of hops to a key's predecessor in a
// [Chord] of n nodes with random identifiers, in the limit of large n. For large
// n it is 1/2 log2 n - 0.137.
//
// Let h(y) be the mean for a key that is y mean gaps ahead, its nodes a Poisson
// process. The largest finger 2^j that leads to a node before y leads to the
// first node after 2^j, at an exponential distance, and what comes after is
// fresh. So h'(y) = 1 + h(y-2^j) - h(y) for 2^j < y <= 2^(j+1), and h(0) = 0.
// The mean of h over (0, n) is what we want; once n is large, each doubling adds
// (1 - (h(2n)-h(n))/n) / 2.
func ChordHops(n int) float64 {
	const (
		fine   = 1024      // steps in a mean gap
		limit  = 64 * fine // from where on doublings are added
		finest = 1.0 / fine
	)
	scale, doublings := float64(n), 0
	for ; scale >= 2; scale /= 2 {
		doublings++
	}
	step := scale * finest // fingers lie at powers of two of it
	half := float64(step / 2)
	h := make([]float64, limit+1)
	sum, mean, power := 0.0, 0.0, 1
	h[1] = step
	for i := 1; i < limit; i++ {
		if i == 2*power {
			power = i
		}
		// The trapezoidal rule, solved for the new value.
		back := float64((h[i-power] + h[i+1-power]) / 2)
		h[i+1] = (float64(h[i]*(1-half)) + float64(step*(1+back))) / (1 + half)
	}
	to := min(limit, fine<<doublings)
	for i := range to {
		sum += float64((h[i] + h[i+1]) / 2)
	}
	mean = sum / float64(to)
	rise := h[to] - h[to/2]
	for at := to; at < fine<<doublings; at *= 2 {
		mean += float64((1 - rise/(float64(at)*step)) / 2)
	}
	return mean
}

// PlaxtonHops returns the mean number of hops of a lookup in a [Plaxton] of n
// nodes with random identifiers, exactly. Of the m nodes that share the digits
// resolved so far, j have the next one; the node that has the lookup is any of
// the m, and makes a hop unless it is one of the j.
func PlaxtonHops(n int) float64 {
	known := map[int]float64{0: 0, 1: 0}
	var mean func(m int) float64
	mean = func(m int) float64 {
		if v, ok := known[m]; ok {
			return v
		}
		sum, stay := 0.0, 0.0
		none := 1.0 // that no node has the digits tried before
		for left := 1 << digit; left > 0 && none > tiny; left-- {
			lo, weights := binomial(m, 1/float64(left))
			for i, w := range weights {
				switch j := lo + i; j {
				case 0:
				case m:
					stay += float64(none * w)
				default:
					sum += float64(none * w * (1 - float64(j)/float64(m) + mean(j)))
				}
			}
			if lo > 0 {
				break
			}
			none *= weights[0]
		}
		known[m] = sum / (1 - stay)
		return known[m]
	}
	return mean(n)
}

// KademliaHops returns the mean number of hops of a lookup in a [Kademlia] of n
// nodes with random identifiers, buckets of k and alpha = 1, to within 0.01.
//
// Among nodes that share a prefix with the key, let j be known and u not, and
// the best known one the next to be asked. The next bit parts both at random.
// Known ones on the key's side: the same question with fewer nodes. None of
// them, but others: one hop, to the best of k of those, which it has in a bucket.
func KademliaHops(n, k int) float64 {
	const limit = 512
	s := make([][]float64, limit+1) // s[u][j]: hops to come
	after := func(m int) float64 {
		if m <= k {
			return 1
		}
		return 1 + s[m-k][k]
	}
	for u := range s {
		s[u] = make([]float64, k+1)
		for j := 1; j <= k && u > 0; j++ {
			s[u][j] = parted(s, after, u, j)
		}
	}
	var sizes []float64
	u := float64(n - 1)
	for ; u > limit; u /= 2 {
		sizes = append(sizes, u)
	}
	now := make([]float64, k+1)
	for j := range now {
		lo := int(u)
		part := u - float64(lo)
		now[j] = float64(s[lo][j]*(1-part)) + float64(s[min(lo+1, limit)][j]*part)
	}
	for i := len(sizes) - 1; i >= 0; i-- { // from here on half of u is near enough to the halves it parts into
		// Of those k are known: a hop resolves KademliaBits on average, so the
		// rest takes so much less.
		less := float64(k) / (sizes[i] / 2 * math.Ln2 * KademliaBits(k))
		next := make([]float64, k+1)
		for j := 1; j <= k; j++ {
			lo, weights := binomial(j, 0.5)
			for i, w := range weights {
				if lo+i == 0 {
					next[j] += float64(w * (1 + now[k] - less))
				} else {
					next[j] += float64(w * now[lo+i])
				}
			}
		}
		now = next
	}
	return now[1]
}

// parted is s[u][j] from what is before it in s.
func parted(s [][]float64, after func(int) float64, u, j int) float64 {
	sum, same := 0.0, 0.0
	ulo, uw := binomial(u, 0.5)
	jlo, jw := binomial(j, 0.5)
	for a, wj := range jw {
		known := jlo + a
		for b, wu := range uw {
			unknown, w := ulo+b, wj*wu
			switch {
			case known == 0 && unknown == 0, known == j && unknown == u:
				same += float64(w)
			case known == 0:
				sum += float64(w * after(unknown))
			default:
				sum += float64(w * s[unknown][known])
			}
		}
	}
	return sum / (1 - same)
}

// KademliaBits returns how many bits of the key a hop resolves on average in a
// large [Kademlia] with buckets of k: hops grow by 1/KademliaBits(k) with each
// doubling of the nodes. The bits beyond the first are those that the best of k
// random identifiers shares with the key.
func KademliaBits(k int) float64 {
	sum := 0.0
	for none, half := 0.0, 1.0; none < 1-tiny; half /= 2 {
		none = 1.0
		for range k {
			none *= 1 - half
		}
		sum += 1 - none
	}
	return sum
}

const tiny = 1e-12

// binomial returns the probabilities of lo, lo+1, ... successes in m trials;
// those left out are below 1e-12. It uses no transcendental function, so that
// every machine gets the same bits.
func binomial(m int, p float64) (lo int, weights []float64) {
	if p >= 1 {
		return m, []float64{1}
	}
	mode := int(float64(m+1) * p)
	odds := p / (1 - p)
	var down []float64
	for j, w := mode, 1.0; j > 0; j-- {
		w *= float64(j) / (float64(m-j+1) * odds)
		if w < tiny {
			break
		}
		down = append(down, w)
	}
	for i := len(down) - 1; i >= 0; i-- {
		weights = append(weights, down[i])
	}
	weights = append(weights, 1)
	for j, w := mode, 1.0; j < m; j++ {
		w *= float64(m-j) / float64(j+1) * odds
		if w < tiny {
			break
		}
		weights = append(weights, w)
	}
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	for i := range weights {
		weights[i] /= sum
	}
	return mode - len(down), weights
}
