# squall's chores. `make` alone prints them.
SHELL := /bin/bash
COMMIT ?= $(shell git rev-parse --short=12 HEAD 2>/dev/null)
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
BIN := bin/squall

# Packages are tested one at a time (-p 1): their clusters and schedules share the machine, and one test cleans up what dead runs left.

.PHONY: help build dist test race lint bench bench-soak fuzz images track-record soak pictures fmt clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## the static executable bin/squall, which is also the sidecar of every pod
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)' -o $(BIN) ./cmd/squall

# What is packed has the time of the commit, and nothing of this machine: the same commit and the same Go make the same bytes.
DIST_TIME ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
dist: ## static programs for Linux and macOS, packed, with checksums, in dist/
	@rm -rf dist && mkdir dist
	@set -e; for p in linux/amd64 linux/arm64 darwin/amd64 darwin/arm64; do \
		name=squall-$(VERSION)-$${p%/*}-$${p#*/}; mkdir dist/$$name; echo $$name; \
		CGO_ENABLED=0 GOOS=$${p%/*} GOARCH=$${p#*/} go build -trimpath -buildvcs=false \
			-ldflags '-s -w -buildid= -X main.version=$(VERSION) -X main.commit=$(COMMIT)' -o dist/$$name/squall ./cmd/squall; \
		cp LICENSE README.md CHANGELOG.md squall.schema.json squall-suite.schema.json dist/$$name; chmod 644 dist/$$name/*.*; chmod 755 dist/$$name dist/$$name/squall; \
		tar --sort=name --mtime=@$(DIST_TIME) --owner=0 --group=0 --numeric-owner -C dist -cf - $$name | gzip -9n > dist/$$name.tar.gz; rm -r dist/$$name; \
	done
	@cd dist && sha256sum *.tar.gz > SHA256SUMS && cat SHA256SUMS

RACE ?=
test: build ## rings 1 and 2: everything, with real brokers wherever a Docker engine answers; RACE=-race has the race detector watch
	@docker info >/dev/null 2>&1 || echo "NOT TESTED: no Docker engine answers, so everything with real brokers is skipped (.ci/docker-up starts one)"
	SQUALL_EXECUTABLE=$(CURDIR)/$(BIN) go test $(RACE) -p 1 -timeout 45m ./...

race: ## the same with the race detector, without containers
	SQUALL_NO_DOCKER=1 $(MAKE) test RACE=-race

lint: ## gofmt, go vet and staticcheck
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "make fmt mends this"; exit 1; }
	go vet ./...
	go tool staticcheck ./...

BENCH ?= 2s
bench: ## the engine's figures as ratios of one run, into bench/RESULTS.md; BENCH=5s measures longer
	cd bench && SQUALL_BENCH=$(BENCH) go test -count 1 -timeout 60m -v -run '^TestResults$$' .

bench-soak: ## ten minutes at 50k/s, for the memory's line in bench/RESULTS.md
	cd bench && SQUALL_BENCH=$(BENCH) SQUALL_BENCH_SOAK=10m go test -count 1 -timeout 20m -v -run '^TestResults$$/^Soak$$' .

fuzz: ## a minute on each fuzz target
	go test -run '^$$' -fuzz FuzzParse -fuzztime 1m ./scenarios
	go test -run '^$$' -fuzz FuzzExpectation -fuzztime 1m ./report
	go test -run '^$$' -fuzz FuzzCondition -fuzztime 1m ./faults
	go test -run '^$$' -fuzz FuzzDecode -fuzztime 1m ./broker
	go test -run '^$$' -fuzz FuzzJudge -fuzztime 1m .
	go test -run '^$$' -fuzz FuzzReadEvents -fuzztime 1m ./report/formats

images: ## the broker images of the container tests, where no registry can be reached
	testcontainers/images/kafka/build.sh
	testcontainers/images/nats/build.sh
	testcontainers/images/rabbitmq/build.sh

track-record: build ## published defects of versions that are out of date, found again; builds their images
	testcontainers/images/nats/build.sh 2.10.22
	testcontainers/images/nats/build.sh 2.12.1
	$(BIN) suite track-record

soak: build ## the long counts: many kill cycles, five nodes, repeated starts, every control
	SQUALL_SOAK=1 SQUALL_KILLS=20 SQUALL_REQUIRE_DOCKER=1 SQUALL_EXECUTABLE=$(CURDIR)/$(BIN) go test -timeout 5h -v -run 'Soak|Nodes|KilledWhileStarting|InterruptedAtRandom|ServersEndWithSquall|ServedCluster' . ./faults ./testcontainers ./cmd/squall ./capacity

pictures: build ## the pictures of the README, from a real run in containers; needs tmux and python3
	docs/pictures/make.sh

fmt: ## gofmt
	gofmt -w .

clean: ## what builds and runs left behind here
	rm -rf bin dist squall-runs
