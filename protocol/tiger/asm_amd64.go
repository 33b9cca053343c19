//go:build !purego

package tiger

import "golang.org/x/sys/cpu"

//go:generate go -C asm run . -out ../compress_amd64.s -stubs ../compress_amd64.go -pkg tiger

// haveThree says that compress3 runs here.
const haveThree = true

// haveLanes says that compress64 runs here: since Ice Lake and Zen 4.
var haveLanes = cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VBMI
