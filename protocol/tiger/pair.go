package tiger

// blockPair compresses p into s and q into t. A round waits for the round
// before it, so two messages side by side take half as long again as one, not
// twice as long. The rounds are written out because a loop would spend as many
// instructions on turning the names as on the work.
func blockPair(s, t *state, p, q []byte) {
	x, y := load(p), load(q)
	a, b, c := s[0], s[1], s[2]
	d, e, f := t[0], t[1], t[2]
	a, b, c = a-even(c^x[0]), (b+odd(c^x[0]))*5, c^x[0]
	d, e, f = d-even(f^y[0]), (e+odd(f^y[0]))*5, f^y[0]
	b, c, a = b-even(a^x[1]), (c+odd(a^x[1]))*5, a^x[1]
	e, f, d = e-even(d^y[1]), (f+odd(d^y[1]))*5, d^y[1]
	c, a, b = c-even(b^x[2]), (a+odd(b^x[2]))*5, b^x[2]
	f, d, e = f-even(e^y[2]), (d+odd(e^y[2]))*5, e^y[2]
	a, b, c = a-even(c^x[3]), (b+odd(c^x[3]))*5, c^x[3]
	d, e, f = d-even(f^y[3]), (e+odd(f^y[3]))*5, f^y[3]
	b, c, a = b-even(a^x[4]), (c+odd(a^x[4]))*5, a^x[4]
	e, f, d = e-even(d^y[4]), (f+odd(d^y[4]))*5, d^y[4]
	c, a, b = c-even(b^x[5]), (a+odd(b^x[5]))*5, b^x[5]
	f, d, e = f-even(e^y[5]), (d+odd(e^y[5]))*5, e^y[5]
	a, b, c = a-even(c^x[6]), (b+odd(c^x[6]))*5, c^x[6]
	d, e, f = d-even(f^y[6]), (e+odd(f^y[6]))*5, f^y[6]
	b, c, a = b-even(a^x[7]), (c+odd(a^x[7]))*5, a^x[7]
	e, f, d = e-even(d^y[7]), (f+odd(d^y[7]))*5, d^y[7]
	schedule(&x)
	schedule(&y)
	c, a, b = c-even(b^x[0]), (a+odd(b^x[0]))*7, b^x[0]
	f, d, e = f-even(e^y[0]), (d+odd(e^y[0]))*7, e^y[0]
	a, b, c = a-even(c^x[1]), (b+odd(c^x[1]))*7, c^x[1]
	d, e, f = d-even(f^y[1]), (e+odd(f^y[1]))*7, f^y[1]
	b, c, a = b-even(a^x[2]), (c+odd(a^x[2]))*7, a^x[2]
	e, f, d = e-even(d^y[2]), (f+odd(d^y[2]))*7, d^y[2]
	c, a, b = c-even(b^x[3]), (a+odd(b^x[3]))*7, b^x[3]
	f, d, e = f-even(e^y[3]), (d+odd(e^y[3]))*7, e^y[3]
	a, b, c = a-even(c^x[4]), (b+odd(c^x[4]))*7, c^x[4]
	d, e, f = d-even(f^y[4]), (e+odd(f^y[4]))*7, f^y[4]
	b, c, a = b-even(a^x[5]), (c+odd(a^x[5]))*7, a^x[5]
	e, f, d = e-even(d^y[5]), (f+odd(d^y[5]))*7, d^y[5]
	c, a, b = c-even(b^x[6]), (a+odd(b^x[6]))*7, b^x[6]
	f, d, e = f-even(e^y[6]), (d+odd(e^y[6]))*7, e^y[6]
	a, b, c = a-even(c^x[7]), (b+odd(c^x[7]))*7, c^x[7]
	d, e, f = d-even(f^y[7]), (e+odd(f^y[7]))*7, f^y[7]
	schedule(&x)
	schedule(&y)
	b, c, a = b-even(a^x[0]), (c+odd(a^x[0]))*9, a^x[0]
	e, f, d = e-even(d^y[0]), (f+odd(d^y[0]))*9, d^y[0]
	c, a, b = c-even(b^x[1]), (a+odd(b^x[1]))*9, b^x[1]
	f, d, e = f-even(e^y[1]), (d+odd(e^y[1]))*9, e^y[1]
	a, b, c = a-even(c^x[2]), (b+odd(c^x[2]))*9, c^x[2]
	d, e, f = d-even(f^y[2]), (e+odd(f^y[2]))*9, f^y[2]
	b, c, a = b-even(a^x[3]), (c+odd(a^x[3]))*9, a^x[3]
	e, f, d = e-even(d^y[3]), (f+odd(d^y[3]))*9, d^y[3]
	c, a, b = c-even(b^x[4]), (a+odd(b^x[4]))*9, b^x[4]
	f, d, e = f-even(e^y[4]), (d+odd(e^y[4]))*9, e^y[4]
	a, b, c = a-even(c^x[5]), (b+odd(c^x[5]))*9, c^x[5]
	d, e, f = d-even(f^y[5]), (e+odd(f^y[5]))*9, f^y[5]
	b, c, a = b-even(a^x[6]), (c+odd(a^x[6]))*9, a^x[6]
	e, f, d = e-even(d^y[6]), (f+odd(d^y[6]))*9, d^y[6]
	c, a, b = c-even(b^x[7]), (a+odd(b^x[7]))*9, b^x[7]
	f, d, e = f-even(e^y[7]), (d+odd(e^y[7]))*9, e^y[7]
	s[0], s[1], s[2] = s[0]^a, b-s[1], s[2]+c
	t[0], t[1], t[2] = t[0]^d, e-t[1], t[2]+f
}
