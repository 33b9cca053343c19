// The generator has a module of its own, so that avo never enters that of Servent.
module github.com/seed282dab8e/servent/protocol/tiger/asm

go 1.24

require github.com/mmcloughlin/avo v0.5.0

require (
	golang.org/x/mod v0.6.0 // indirect
	golang.org/x/sys v0.1.0 // indirect
	golang.org/x/tools v0.2.0 // indirect
)
