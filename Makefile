# kfp-go: everything a developer or a CI job calls. `make` alone lists it.
GO        ?= go
TAGS      := disable_grpc_modules
VERSION   ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
COMMIT    ?= $(shell git rev-parse HEAD 2>/dev/null)
LDFLAGS   := -s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)
BIN       := bin/kfp-go
# Inputs, not seconds: Go before 1.27 may report the end of a duration as a failure (go.dev/issue/75804).
FUZZTIME  ?= 20000x
TESTFLAGS ?=
SHARED    ?= ../shared
ORACLE    := $(abspath $(wildcard $(SHARED)/oracle/oracle))

.PHONY: help build iris test cover corpus e2e e2e-corpus nightly bench lint fuzz docs clean

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-11s %s\n", $$1, $$2}'

build: ## the static binary, bin/kfp-go
	CGO_ENABLED=0 $(GO) build -tags $(TAGS) -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/kfp-go

iris: build ## compile examples/iris to an Argo manifest, run it here, show results and lineage
	$(BIN) compile examples/iris -o bin/iris.yaml
	$(BIN) run examples/iris
	$(BIN) runs list
	$(BIN) lineage @last

test: ## all tests that need neither a cluster nor a container engine
	CGO_ENABLED=0 KFPGO_TEST_ORACLE=$(ORACLE) $(GO) test -tags $(TAGS) -timeout 30m $(TESTFLAGS) ./...

cover: ## the same with the coverage of statements, which takes longer
	$(MAKE) test TESTFLAGS='-coverprofile=coverage.out -coverpkg=./...'
	@$(GO) tool cover -func=coverage.out | awk '/^total:/ {print "coverage of statements: " $$3}'

corpus: ## compile every pipeline of a corpus of KFP files: accepted by Argo, one pod for each container task
	$(GO) run -tags $(TAGS) ./cmd/internal/corpuscheck -corpus $(SHARED)/corpus/kfp

e2e: build ## end-to-end tests on the cluster that $$KUBECONFIG names
	$(GO) test -tags '$(TAGS) e2e' -count=1 -timeout 40m -p 1 -run 'E2E|Cluster' ./backend/argo/... ./compiler/argo/... ./cmd/internal/e2e/... ./cmd/internal/randomtest/...

e2e-corpus: ## KFP's own test pipelines on the cluster that $$KUBECONFIG names, all or a TIER; docs/corpus.md keeps the table
	KFPGO_TEST_ORACLE=$(ORACLE) $(GO) test -tags '$(TAGS) e2e' -count=1 -timeout 40m -parallel 6 -run 'TestTable|TestCorpusOnCluster$(if $(TIER),/all/($(TIER)))' ./cmd/internal/e2ecorpus $(if $(WRITE),-write)

nightly: build ## what takes hours: 100,000 random pipelines compiled, 5,000 run here, 200 on the cluster; a million inputs to each fuzz target
	$(GO) test -tags $(TAGS) -count=1 -timeout 2h -run "TestReduceIsAJoin$$" ./backend/metadata -rapid.checks=1000000
	KFPGO_RANDOM='compile=100000 local=5000' $(GO) test -tags $(TAGS) -count=1 -timeout 12h ./cmd/internal/randomtest/
	KFPGO_RANDOM='cluster=200' $(GO) test -tags '$(TAGS) e2e' -count=1 -timeout 4h -run E2E -v ./cmd/internal/randomtest/
	KFPGO_FAULTS=nightly $(GO) test -tags $(TAGS) -count=1 -timeout 2h -run 'Crowd|Contest' -v ./backend/metadata/blob/
	CGO_ENABLED=0 KFPGO_FAULTS=nightly $(GO) test -tags $(TAGS) -count=1 -timeout 4h -run 'Kill|Power|Full|EveryBit|Damage|Clock' ./backend/metadata/blob
	CGO_ENABLED=0 KFPGO_FAULTS=nightly $(GO) test -tags $(TAGS) -count=1 -timeout 6h ./cmd/internal/faulttest
	CGO_ENABLED=0 $(GO) test -tags '$(TAGS) failpoints' -count=1 ./backend/failpoint ./backend/metadata/blob
	$(GO) test -tags $(TAGS) -run '^$$' -bench CompactLarge -benchtime 1x -timeout 1h ./backend/metadata/blob
	$(MAKE) e2e-corpus
	$(MAKE) fuzz FUZZTIME=1000000x

bench: build ## whole-process figures for generated and corpus pipelines, then Go benchmarks
	$(GO) run -tags $(TAGS) ./cmd/internal/benchgen -bin $(BIN) -corpus $(SHARED)/corpus/kfp
	$(GO) test -tags $(TAGS) -run '^$$' -bench . -skip Large -benchmem -benchtime 3x ./compiler/... ./backend/metadata/... ./cmd/internal/stats
	$(GO) test -tags $(TAGS) -run '^$$' -bench '^BenchmarkLarge' -benchtime 1x ./backend/metadata/blob

lint: ## formatting, vet, staticcheck
	@out=$$(gofmt -l .); if [ -n "$$out" ]; then echo "not formatted:"; echo "$$out"; exit 1; fi
	$(GO) vet -tags $(TAGS) ./...
	$(GO) vet -tags '$(TAGS) e2e' ./...
	$(GO) vet -tags '$(TAGS) failpoints' ./backend/failpoint ./backend/metadata/...
	$(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2 -tags $(TAGS) ./...

fuzz: ## $(FUZZTIME) inputs to each fuzz target
	@set -e; for pkg in $$($(GO) list -tags $(TAGS) ./...); do \
	  dir=$$($(GO) list -tags $(TAGS) -f '{{.Dir}}' $$pkg); \
	  for target in $$(grep -hoE '^func Fuzz[A-Za-z0-9_]+' $$dir/*_test.go 2>/dev/null | awk '{print $$2}' | sort -u); do \
	    echo "fuzz $$pkg $$target"; \
	    $(GO) test -tags $(TAGS) -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x $$pkg; \
	  done; done

docs: ## write the generated pages and goldens again; read the difference
	$(GO) test -tags $(TAGS) $$(grep -rl --include='*_test.go' '/compiler/goldentest"' . | xargs -n1 dirname | sort -u) -update

clean: ## remove what make made
	rm -rf bin dist coverage.out
