package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const (
	boxSize   = 256 * 8
	wordsSize = rounds * 8 // of one message
)

// three writes compress3, which runs on every amd64: three messages side by side,
// whose states stay in registers. Two lookups wait for a third of the time that one
// does, and four messages have no room.
func three() {
	TEXT("compress3", 0, "func(s *[3][3]uint64, p *byte, stride uintptr)")
	Doc("compress3 compresses a block into each of three states: those at p, p+stride and p+2*stride.")
	Pragma("noescape")
	local := AllocLocal(3 * wordsSize)
	p, stride := Load(Param("p"), RCX), Load(Param("stride"), RDX)
	for i := range 3 {
		threeWords(p, local.Offset(i*wordsSize))
		ADDQ(stride, p)
	}
	s := [9]Register{R8, R9, R10, R11, R12, R13, R14, R15, RSI}
	at := Mem{Base: Load(Param("s"), RCX)}
	for i, r := range s {
		MOVQ(at.Offset(8*i), r)
	}
	LEAQ(Mem{Symbol: Symbol{Name: "·sbox"}, Base: StaticBase}, RDI)
	for i := range rounds {
		for j := range 3 {
			t := s[3*j:]
			threeRound(t[i%3], t[(i+1)%3], t[(i+2)%3], local.Offset(j*wordsSize+8*i), 5+2*(i/8))
		}
	}
	Load(Param("s"), RCX)
	for i, r := range s {
		switch at := at.Offset(8 * i); i % 3 {
		case 0:
			XORQ(r, at)
		case 1:
			SUBQ(at, r)
			MOVQ(r, at)
		case 2:
			ADDQ(r, at)
		}
	}
	RET()
}

// threeWords stores the words of all rounds for the block at p.
func threeWords(p Register, to Mem) {
	x := [8]Register{R8, R9, R10, R11, R12, R13, R14, R15}
	for i, r := range x {
		MOVQ(Mem{Base: p, Disp: 8 * i}, r)
	}
	for pass := range passes {
		if pass > 0 {
			threeSchedule(x)
		}
		for i, r := range x {
			MOVQ(r, to.Offset(8*(8*pass+i)))
		}
	}
}

// threeRound is c ^= word, a -= even(c), b = (b+odd(c))*factor. Two bytes of a copy of
// c are looked up, then it moves on to the next two.
func threeRound(a, b, c Register, word Mem, factor int) {
	XORQ(word, c)
	MOVQ(c, RAX)
	for i := range 4 {
		even := Mem{Base: RDI, Index: RCX, Scale: 8, Disp: boxSize * i}
		odd := Mem{Base: RDI, Index: RDX, Scale: 8, Disp: boxSize * (3 - i)}
		MOVBLZX(AL, ECX)
		MOVBLZX(AH, EDX)
		if i == 0 {
			SHRQ(U8(16), RAX)
			MOVQ(even, RBX)
			MOVQ(odd, RBP)
			continue
		}
		if i < 3 {
			SHRQ(U8(16), RAX)
		}
		XORQ(even, RBX)
		XORQ(odd, RBP)
	}
	SUBQ(RBX, a)
	ADDQ(RBP, b)
	switch factor {
	case 5, 9:
		LEAQ(Mem{Base: b, Index: b, Scale: uint8(factor - 1)}, b)
	case 7:
		MOVQ(b, RAX)
		SHLQ(U8(3), RAX)
		SUBQ(b, RAX)
		MOVQ(RAX, b)
	}
}

// threeSchedule turns the words of one pass into those of the next.
func threeSchedule(x [8]Register) {
	xorOf := func(i int, c uint64) {
		MOVQ(U64(c), RAX)
		XORQ(x[i], RAX)
	}
	mix := func(d, s, n int, shift func(Op, Op), by uint8) { // d -= s ^ shift(^n)
		MOVQ(x[n], RAX)
		NOTQ(RAX)
		shift(U8(by), RAX)
		XORQ(x[s], RAX)
		SUBQ(RAX, x[d])
	}
	left, right := func(n, r Op) { SHLQ(n, r) }, func(n, r Op) { SHRQ(n, r) }
	xorOf(7, scheduleFirst)
	SUBQ(RAX, x[0])
	XORQ(x[0], x[1])
	ADDQ(x[1], x[2])
	mix(3, 2, 1, left, 19)
	XORQ(x[3], x[4])
	ADDQ(x[4], x[5])
	mix(6, 5, 4, right, 23)
	XORQ(x[6], x[7])
	ADDQ(x[7], x[0])
	mix(1, 0, 7, left, 19)
	XORQ(x[1], x[2])
	ADDQ(x[2], x[3])
	mix(4, 3, 2, right, 23)
	XORQ(x[4], x[5])
	ADDQ(x[5], x[6])
	xorOf(6, scheduleLast)
	SUBQ(RAX, x[7])
}
