// Asm writes the assembly of package tiger for amd64: three messages side by side
// on every processor, and 64 on those with AVX-512 VBMI. go generate in protocol/tiger
// runs it.
//
// Those 64 are lanes, each with its own message. Eight registers hold a number of
// every lane. For the S-boxes these are turned into eight planes, a register
// each, of which plane i has byte i of every number: then a permutation of bytes is
// 64 lookups at once. A box of 256 numbers is eight tables of 256 bytes, one for each
// byte of what comes out, and such a table is four registers, of which an
// instruction takes two: the first two answer for the low seven bits, and the other
// two hold what the eighth changes.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const (
	zmm    = 64      // bytes of a register
	value  = 8 * zmm // bytes of 64 numbers, 8 registers
	passes = 3

	scheduleFirst, scheduleLast = 0xa5a5a5a5a5a5a5a5, 0x0123456789abcdef
	rounds                      = 8 * passes

	// What stands where in the frame: a word for each round and one of zeros, the
	// three parts of the state, each value by value, and each round's factor.
	stateAt   = (rounds + 1) * value
	factorsAt = stateAt + 3*value
	frame     = factorsAt + rounds*8

	planeLen = 256 // bytes of one plane of an S-box

	// late is how many of the S-boxes are looked up for b only while a is on its
	// way to the next round, which waits for it. Two were the best of 0 to 3.
	late = 2
)

var z = [32]VecPhysical{
	Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15,
	Z16, Z17, Z18, Z19, Z20, Z21, Z22, Z23, Z24, Z25, Z26, Z27, Z28, Z29, Z30, Z31,
}

// eight are registers by a number of three bits that stand for something.
type eight [8]VecPhysical

// swap exchanges bit k of the register's number with the highest bit of a byte's
// place in its 16 bytes, whose other bits move up to make room for it at the lowest.
// It returns the register that is free afterwards.
func (e *eight) swap(k int, free VecPhysical) VecPhysical {
	for i := range e {
		if i>>k&1 == 1 {
			continue
		}
		x, y := e[i], e[i|1<<k]
		VPUNPCKLBW(y, x, free)
		VPUNPCKHBW(y, x, y)
		e[i], e[i|1<<k], free = free, y, x
	}
	return free
}

func main() {
	ConstraintExpr("!purego")
	three()
	compress64()
	Generate()
}

// compress64 writes the compression of up to 64 blocks, eight registers of eight lanes.
func compress64() {
	TEXT("compress64", 0, "func(s *[3][64]uint64, box *[8192]byte, p *byte, stride, groups uintptr, mask uint64, pad *[64]byte)")
	Doc("compress64 compresses a block into each of the first 8*groups states, 64 at most;",
		"the others get anything. The block of lane i is at p-1+i*stride: only the bytes are",
		"read of which mask has a bit, the others are 0, and pad is put over them.")
	Pragma("noescape")
	s, box := Load(Param("s"), RAX), Load(Param("box"), RBX)
	p, stride := Load(Param("p"), RCX), Load(Param("stride"), RDX)
	groups := Load(Param("groups"), R12)
	mask, pad := Load(Param("mask"), R8), Load(Param("pad"), R9)
	local := AllocLocal(frame + zmm)
	base := R10
	LEAQ(local.Offset(zmm-1), base)
	ANDQ(I8(-zmm), base)

	words(base, p, stride, groups, mask, pad)
	fillFrame(base)
	a, b, c := R11, R12, R13
	loadStates(s, base, a, b, c)
	allRounds(base, box, a, b, c)
	feedForward(s, base)
	VZEROUPPER()
	RET()
}

// words puts the words of all lanes, as each pass needs them, at base.
func words(base, p, stride, groups, mask, pad Register) {
	KMOVQ(mask, K1)
	VMOVDQU64(Mem{Base: pad}, pads)
	VPTERNLOGQ(U8(0xff), ones, ones, ones)
	for i, r := range []VecPhysical{first, last} {
		MOVQ(U64([]uint64{scheduleFirst, scheduleLast}[i]), R15)
		VPBROADCASTQ(R15, r)
	}
	DECQ(p)
	to := R11
	MOVQ(base, to)
	Label("load")
	load(p, stride)
	for pass := range passes {
		if pass > 0 {
			schedule()
		}
		for i := range 8 {
			VMOVDQA64(z[i], Mem{Base: to, Disp: (8*pass + i) * value})
		}
	}
	ADDQ(I8(zmm), to)
	DECQ(groups)
	JNE(LabelRef("load"))
}

// fillFrame writes what of the frame is the same for all blocks: the zeros that the
// last round takes as its next word, and what each pass multiplies with.
func fillFrame(base Register) {
	VPXORQ(Z0, Z0, Z0)
	for i := range 8 {
		VMOVDQA64(Z0, Mem{Base: base, Disp: rounds*value + i*zmm})
	}
	for pass := range passes {
		MOVQ(U32(uint32(5+2*pass)), R15)
		VPBROADCASTQ(R15, Z0)
		VMOVDQA64(Z0, Mem{Base: base, Disp: factorsAt + pass*zmm})
	}
}

// loadStates copies the states from s to the frame, c with the first word already in
// it, and leaves the bytes of that apart in z[0:8].
func loadStates(s, base, a, b, c Register) {
	LEAQ(Mem{Base: base, Disp: stateAt}, a)
	LEAQ(Mem{Base: base, Disp: stateAt + value}, b)
	LEAQ(Mem{Base: base, Disp: stateAt + 2*value}, c)
	for i := range 24 {
		r := z[i%8+8*(i/16)]
		VMOVDQU64(Mem{Base: s, Disp: i * zmm}, r)
		if i >= 16 {
			VPXORQ(Mem{Base: base, Disp: i % 8 * zmm}, r, r)
		}
		VMOVDQA64(r, Mem{Base: a, Disp: i * zmm})
	}
	index := eight(z[8:16])
	free := pool{z[16:]}
	free.slice(&index)
	for i, r := range index {
		VMOVDQA64(r, z[i])
	}
}

// allRounds goes through the words at base, round by round.
func allRounds(base, box, a, b, c Register) {
	word, factor := RSI, RDI
	MOVQ(base, word)
	LEAQ(Mem{Base: base, Disp: factorsAt}, factor)
	LEAQ(Mem{Base: base, Disp: rounds * value}, R8)
	Label("round")
	ADDQ(I32(value), word)
	round(a, b, word, box, factor)
	MOVQ(a, R15)
	MOVQ(b, a)
	MOVQ(c, b)
	MOVQ(R15, c)
	ADDQ(I8(8), factor)
	CMPQ(word, R8)
	JNE(LabelRef("round"))
}

// feedForward joins the states after the last round with those at s, into s.
func feedForward(s, base Register) {
	for i := range 24 {
		at := Mem{Base: s, Disp: i * zmm}
		VMOVDQA64(Mem{Base: base, Disp: stateAt + i*zmm}, Z0)
		switch i / 8 {
		case 0:
			VPXORQ(at, Z0, Z0)
		case 1:
			VPSUBQ(at, Z0, Z0)
		case 2:
			VPADDQ(at, Z0, Z0)
		}
		VMOVDQU64(Z0, at)
	}
}

// Constants while words are loaded.
var pads, ones, last, first = Z31, Z30, Z29, Z28

// load makes z[0:8] the words of eight lanes, and moves p to the next eight.
func load(p, stride Register) {
	for i := range 8 {
		VMOVDQU8_Z(Mem{Base: p}, K1, z[i])
		VPORQ(pads, z[i], z[i])
		ADDQ(stride, p)
	}
	for i := range 4 {
		VPUNPCKLQDQ(z[2*i+1], z[2*i], z[8+i])  // even words
		VPUNPCKHQDQ(z[2*i+1], z[2*i], z[12+i]) // odd words
	}
	for odd := range 2 {
		t, u := z[8+4*odd:], z[16:]
		VSHUFI64X2(U8(0x88), t[1], t[0], u[0]) // words 0 and 4 of lanes 0 to 3
		VSHUFI64X2(U8(0xdd), t[1], t[0], u[1]) // words 2 and 6
		VSHUFI64X2(U8(0x88), t[3], t[2], u[2])
		VSHUFI64X2(U8(0xdd), t[3], t[2], u[3])
		for i := range 2 {
			VSHUFI64X2(U8(0x88), u[2+i], u[i], z[2*i+odd])
			VSHUFI64X2(U8(0xdd), u[2+i], u[i], z[2*i+odd+4])
		}
	}
}

// pool are registers that are free.
type pool struct{ free []VecPhysical }

func (p *pool) get() VecPhysical {
	r := p.free[0]
	p.free = p.free[1:]
	return r
}

func (p *pool) put(r ...VecPhysical) { p.free = append(p.free, r...) }

// slice turns numbers into byte planes. The bits of the register's number and
// those of a byte's place, where r is the register, i the byte in the number and
// q which of two numbers: r2 r1 r0, q i2 i1 i0 becomes i1 i2 i0, r0 r1 r2 q.
func (p *pool) slice(e *eight) {
	t := p.get()
	for _, k := range []int{0, 1, 2, 0} {
		t = e.swap(k, t)
	}
	p.put(t)
}

// at is which register has plane i.
func at(i int) int { return i>>1&1<<2 | i>>2&1<<1 | i&1 }

// join undoes slice: i1 i2 i0, r0 r1 r2 q becomes r1 r0 r2, q i2 i1 i0.
func (p *pool) join(e *eight) {
	t := p.get()
	for _, k := range []int{1, 2, 0} {
		t = e.swap(k, t)
	}
	p.put(t)
}

// from is which register has numbers r after join.
func from(r int) int { return r>>1&1<<2 | r&1<<1 | r>>2&1 }

// tables loads the four registers of a byte plane of an S-box.
func (p *pool) tables(box Register, i, plane int) (t [4]VecPhysical) {
	for j := range t {
		t[j] = p.get()
		VMOVDQU64(Mem{Base: box, Disp: (i*8+plane)*planeLen + j*zmm}, t[j])
	}
	return t
}

// look looks up index in a table, and xors what is there to sum.
func (p *pool) look(t [4]VecPhysical, index VecPhysical, eighth Register, sum VecPhysical, set bool) {
	u, v := p.get(), p.get()
	VMOVDQA64(index, u)
	VMOVDQA64(index, v)
	VPERMI2B(t[1], t[0], u)
	VPERMI2B_Z(t[3], t[2], eighth, v)
	if set {
		VPXORQ(u, v, sum)
	} else {
		VPTERNLOGQ(U8(0x96), u, v, sum)
	}
	p.put(u, v)
}

// round mixes c, whose planes are in z[0:8], into a and b, and the next word into a:
// a = a-even(c) ^ word, b = (b+odd(c))*factor. It leaves the planes of a in z[0:8].
func round(a, b, word, box, factor Register) {
	index, even, odd := eight(z[0:8]), eight(z[8:16]), eight(z[16:24])
	free := pool{z[24:]}
	for i := range 4 {
		VPMOVB2M(index[at(2*i)], K1)
		VPMOVB2M(index[at(7-2*i)], high(i))
		for plane := range 8 {
			t := free.tables(box, i, plane)
			free.look(t, index[at(2*i)], K1, even[at(plane)], i == 0)
			if i < 4-late {
				free.look(t, index[at(7-2*i)], high(i), odd[at(plane)], i == 0)
			}
			free.put(t[:]...)
		}
	}
	// What the next round waits for, and what it does not: one after the other
	// would leave the processor waiting.
	var next eight
	t := free.get()
	var chain, rest []func()
	for _, k := range []int{1, 2, 0} {
		chain = append(chain, func() { t = even.swap(k, t) })
	}
	chain = append(chain, func() {
		for r := range 8 {
			n := even[from(r)]
			VMOVDQA64(Mem{Base: a, Disp: r * zmm}, t)
			VPSUBQ(n, t, n)
			VPXORQ(Mem{Base: word, Disp: r * zmm}, n, n)
			VMOVDQA64(n, Mem{Base: a, Disp: r * zmm})
			next[r] = n
		}
	})
	for _, k := range []int{0, 1, 2, 0} {
		chain = append(chain, func() { t = next.swap(k, t) })
	}
	for i := 4 - late; i < 4; i++ {
		for plane := range 8 {
			rest = append(rest, func() {
				t := free.tables(box, i, plane)
				free.look(t, index[at(7-2*i)], high(i), odd[at(plane)], i == 0)
				free.put(t[:]...)
			})
		}
	}
	for i, step := range chain {
		step()
		for _, r := range rest[i*len(rest)/8 : (i+1)*len(rest)/8] {
			r()
		}
	}
	free.put(t)
	free.join(&odd)
	f := free.get()
	VPBROADCASTQ(Mem{Base: factor}, f)
	for r := range 8 {
		n := odd[from(r)]
		VPADDQ(Mem{Base: b, Disp: r * zmm}, n, n)
		VPMULLQ(f, n, n)
		VMOVDQA64(n, Mem{Base: b, Disp: r * zmm})
	}
	for i, r := range next {
		VMOVDQA64(r, z[i])
	}
}

// high is the mask of the lanes with an eighth bit in the odd byte for S-box i.
func high(i int) Register { return []Register{K2, K3, K4, K5}[i] }

// schedule turns the words in z[0:8] into those of the next pass.
func schedule() {
	x := z[0:8]
	t, u := Z8, Z9
	sub := func(d, s VecPhysical) { VPSUBQ(s, d, d) }
	add := func(d, s VecPhysical) { VPADDQ(s, d, d) }
	xor := func(d, s VecPhysical) { VPXORQ(s, d, d) }
	not := func(s VecPhysical, left bool, n uint64) VecPhysical { // ^s shifted
		VPXORQ(ones, s, t)
		if left {
			VPSLLQ(U8(n), t, u)
		} else {
			VPSRLQ(U8(n), t, u)
		}
		return u
	}
	mix := func(d, s, n VecPhysical, op func(d, s VecPhysical), left bool, by uint64) { // d op= s ^ shift(^n)
		w := not(n, left, by)
		VPXORQ(s, w, w)
		op(d, w)
	}
	VPXORQ(first, x[7], t)
	sub(x[0], t)
	xor(x[1], x[0])
	add(x[2], x[1])
	mix(x[3], x[2], x[1], sub, true, 19)
	xor(x[4], x[3])
	add(x[5], x[4])
	mix(x[6], x[5], x[4], sub, false, 23)
	xor(x[7], x[6])
	add(x[0], x[7])
	mix(x[1], x[0], x[7], sub, true, 19)
	xor(x[2], x[1])
	add(x[3], x[2])
	mix(x[4], x[3], x[2], sub, false, 23)
	xor(x[5], x[4])
	add(x[6], x[5])
	VPXORQ(last, x[6], t)
	sub(x[7], t)
}
