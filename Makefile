# Everything that is done to this repo has a target here; `make check` is what
# the build server runs (.ci/run). All that is needed is Go, git and make, and
# gcc for `make race`.

GOLANGCI_LINT := github.com/golangci/golangci-lint/v2/cmd/golangci-lint v2.15.0
GOFUMPT       := mvdan.cc/gofumpt v0.12.0

VERSION  := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS  := -s -w -X main.version=$(VERSION)
PREFIX   := /usr/local
MODULES  := . $(patsubst %/go.mod,%,$(wildcard bench/go.mod))
CROSS    := windows-amd64 darwin-arm64 linux-arm64 linux-arm
FUZZTIME := 20s
HOURS    := 4

# What a step does where a tool cannot be had: it fails, but within `make
# check` it is left out, after it has said so.
give_up = { [ -n "$(CHECKING)" ] && echo "$@: LEFT OUT"; exit; }

.DEFAULT_GOAL := build
.NOTPARALLEL:
.PHONY: help build test loopback natlab natlab-small race fmt vet lint fuzz bench election crowd cross same cover tidy check install clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z%-]+:.*## / {printf "%-12s %s\n", $$1, $$2}' Makefile

build: ## bin/servent, one static binary
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/servent

test: ## all tests but those of `make loopback`
	go test -vet=off -timeout 20m ./...

loopback: ## tests with real processes that are killed and restarted
	go test -vet=off -count=1 -timeout 20m -tags loopback ./cmd/...

# Pairs of each sort: the way is by UDP, by one LAN, by TCP, and none.
SMALL := port-port,full-sym,port-sym,same port,port-cgn,port-udpbl
REPEAT := 10
LAB = nat/testdata/lab/natlab.sh can || $(give_up); go test -vet=off -count=1 -timeout 2h -parallel 8 -tags natlab

natlab: ## the NAT lab: transfers between routers of each kind, UPnP, STUN (root; ten minutes; CELLS=, REPEAT=10, OUT=: docs/natlab.md)
	@export NATLAB_CELLS="$(CELLS)" NATLAB_REPEAT=$(REPEAT) NATLAB_OUT=$(abspath $(OUT)); $(LAB) -run NATLab -v ./cmd/servent

natlab-small: ## some pairs of it
	@export NATLAB_CELLS="$(SMALL)"; $(LAB) -run 'NATLab(Relay)?$$' ./cmd/servent

# One goroutine runs a World, and sweeps are long: of the simulator's tests, the
# race detector gets those that are short.
race: ## all tests under the race detector (needs gcc)
	@cc=$$(go env CC); if command -v $${cc%% *} >/dev/null; then \
	  set -x; export CGO_ENABLED=1; \
	  go test -vet=off -race -timeout 20m $$(go list ./... | grep -v '/sim\(/\|$$\)') && \
	  go test -vet=off -race -timeout 20m -short ./sim/...; \
	else \
	  echo "race: the race detector needs a C compiler and there is no $$cc: install gcc" >&2; $(give_up); \
	fi

fmt: ## list the files that gofumpt would change; fails if there is one
	@tool=$$(.ci/tool gofumpt $(GOFUMPT)) || { tool=gofmt; echo "fmt: gofmt instead"; }; \
	  files=$$($$tool -l .) && [ -z "$$files" ] || { echo "not as $${tool##*/} writes it:"; echo "$$files"; exit 1; }

vet: ## go vet
	@for m in $(MODULES); do (set -x; cd $$m && go vet -tags loopback,natlab ./...) || exit; done

lint: fmt ## gofumpt and golangci-lint, installed into .tools where they are absent
	@tool=$$(.ci/tool golangci-lint $(GOLANGCI_LINT)) || $(give_up); \
	  for m in $(MODULES); do (set -x; cd $$m && $$tool run ./...) || exit; done

fuzz: ## every fuzz target for FUZZTIME (20s)
	@.ci/fuzz $(FUZZTIME)

bench: ## all benchmarks, and the servent beside nats-server
	go test -run '^$$' -bench . -benchmem ./...
	cd bench && go run .

election: ## 10,000 nodes that find their supernodes, for some hours of churn (some CPU minutes)
	ELECTION_NODES=10000 ELECTION_PLACES=300 ELECTION_HOURS=$(HOURS) ELECTION_SEARCHES=300 \
	  go test -vet=off -count=1 -timeout 0 -run 'TestElection$$' -v ./sim

crowd: ## 100,000 nodes in one process: 3,000 supernodes and their leaves (some 7.5 GB and a quarter of an hour)
	CROWD_NODES=100000 CROWD_SEARCHES=200 go test -vet=off -count=1 -timeout 0 -run 'TestLargeCrowd$$' -v ./sim

bench-%: ## one comparison: bench-hashing, bench-download, bench-share, bench-links, bench-leaves
	cd bench && go run . $*

cross: $(CROSS:%=cross-%) ## build for Windows, macOS and ARM into bin/
cross-%:
	CGO_ENABLED=0 GOOS=$(word 1,$(subst -, ,$*)) GOARCH=$(word 2,$(subst -, ,$*)) \
	  go build -trimpath -ldflags '$(LDFLAGS)' -o bin/$*/ ./cmd/servent

same: ## show that studies give the same bytes on arm64 (needs qemu-aarch64-static)
	@.ci/same || { status=$$?; [ $$status = 3 ] || exit $$status; \
	  echo "same: there is no qemu-aarch64-static to run programs for arm64: install qemu-user-static" >&2; $(give_up); }

cover: ## coverage.out, coverage.html and the total
	go test -vet=off -coverpkg=./... -coverprofile=coverage.out ./...
	go tool cover -html=coverage.out -o coverage.html
	go tool cover -func=coverage.out | tail -n 1

tidy: ## show what `go mod tidy` would change; fails if it would
	@for m in $(MODULES); do (set -x; cd $$m && go mod tidy -diff) || exit; done

check: ## exactly what the build server runs
	@$(MAKE) --no-print-directory CHECKING=yes FUZZTIME=20000x vet lint same test loopback natlab-small race fuzz cross
	@for m in $(filter-out .,$(MODULES)); do (set -x; cd $$m && go test ./...) || exit; done
	@echo "check: passed"

install: build ## bin/servent, units and completions below $(DESTDIR)$(PREFIX)
	install -D -m 755 bin/servent $(DESTDIR)$(PREFIX)/bin/servent
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system $(DESTDIR)$(PREFIX)/lib/systemd/user
	sed 's|@PREFIX@|$(PREFIX)|' packaging/servent.service >$(DESTDIR)$(PREFIX)/lib/systemd/system/servent.service
	sed 's|@PREFIX@|$(PREFIX)|' packaging/servent-user.service >$(DESTDIR)$(PREFIX)/lib/systemd/user/servent.service
	install -d $(addprefix $(DESTDIR)$(PREFIX)/share/,bash-completion/completions zsh/site-functions fish/vendor_completions.d)
	bin/servent completion bash >$(DESTDIR)$(PREFIX)/share/bash-completion/completions/servent
	bin/servent completion zsh >$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_servent
	bin/servent completion fish >$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/servent.fish

clean: ## remove what the targets wrote
	rm -rf bin .tools coverage.out coverage.html
