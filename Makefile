# ssectl. `make` alone lists the targets; the scripts behind them run on their own too.

CARGO ?= cargo
# Where `make install` puts things: bin/, share/man/, share/bash-completion/ ...
PREFIX ?= $(HOME)/.local
INSTALLED := $(DESTDIR)$(PREFIX)/bin/ssectl
SHARE := $(DESTDIR)$(PREFIX)/share
TARGET := $(or $(CARGO_TARGET_DIR),target)
SSECTL := $(TARGET)/debug/ssectl
FEATURES := none stdio file kafka kinesis kinesis-dynamodb pubsub sqs eventhubs emulator
ADAPTERS := kafka kinesis pubsub sqs eventhubs
# Recorded messages for `make bench`; made-up ones of the same shape where there are none.
NESTED ?= $(wildcard ../shared/data/demo_stream.json)

# Property tests make up the same cases in every run, so that a change alone decides what passes; `make explore` makes up others.
export PROPTEST_RNG_SEED ?= 1
ROUNDS ?= 20

.DEFAULT_GOAL := help
.PHONY: help need demo test build install lint format features docs deny conformance explore prove bench image all ci clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: need ## Build, then run two exercises on the Kafka emulator inside and say what happened
	$(CARGO) build --locked
	@printf '\nExercise 1: words from one topic, upper-cased into another\n\n'
	$(SSECTL) generate words --count 2 --seed 7
	$(SSECTL) run scenarios/01-kafka-uppercase
	@printf '\nExercise 8: what phones sensed, replayed and normalised into a table of strong movements\n\n'
	$(SSECTL) run scenarios/08-phone-normalise --set table=$(TARGET)/table.csv
	head -n 3 $(TARGET)/table.csv

test: need ## Build and run all tests; needs nothing but a C compiler, make and perl
	$(CARGO) test --locked --workspace

explore: need ## Run the property tests ROUNDS times (20), each time with cases of another seed
	set -e; for round in $$(seq $(ROUNDS)); do \
	  export PROPTEST_RNG_SEED=$$(od -An -N4 -tu4 /dev/urandom | tr -d ' '); \
	  echo "== PROPTEST_RNG_SEED=$$PROPTEST_RNG_SEED"; \
	  $(CARGO) test --locked --quiet --workspace --exclude ssectl --exclude ssectl-emulator --lib; \
	  $(CARGO) test --locked --quiet -p ssectl-json -p ssectl-window --tests; \
	  $(CARGO) test --locked --quiet -p ssectl-emulator --lib --test store; \
	  $(CARGO) test --locked --quiet -p ssectl --lib --test expr; \
	done

build: need ## Build the release binary, target/release/ssectl
	$(CARGO) build --locked --release

install: need ## Install the binary, man pages and completions below PREFIX (~/.local)
	$(CARGO) install --locked --no-track --force --path . --root $(DESTDIR)$(PREFIX)
	@mkdir -p $(SHARE)/man/man1 $(SHARE)/bash-completion/completions $(SHARE)/zsh/site-functions $(SHARE)/fish/vendor_completions.d
	$(INSTALLED) man --dir $(SHARE)/man/man1
	$(INSTALLED) completions bash >$(SHARE)/bash-completion/completions/ssectl
	$(INSTALLED) completions zsh >$(SHARE)/zsh/site-functions/_ssectl
	$(INSTALLED) completions fish >$(SHARE)/fish/vendor_completions.d/ssectl.fish

lint: need ## Check format and clippy, without a warning
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

format: ## Format all code
	$(CARGO) fmt --all

features: need ## Check the program with each feature alone, and with none; test it with each adapter alone
	set -e; for feature in $(FEATURES); do \
	  echo "== $$feature"; \
	  $(CARGO) clippy --locked --no-default-features --features "$${feature#none}" -- -D warnings; \
	done
	set -e; for feature in $(ADAPTERS); do \
	  echo "== tests of $$feature alone"; \
	  $(CARGO) test --locked --no-default-features --features "$$feature" --lib --test it; \
	done

docs: need ## Build the API documentation, without a warning
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps --document-private-items

deny: ## Check licences, sources and versions of all crates (installs cargo-deny below target/)
	.ci/deny licenses bans sources

conformance: need build ## Test the emulators with clients of others, and the adapters with servers of others
	$(CARGO) build --locked
	RELEASE=$(TARGET)/release/ssectl tests/conformance/all.sh $(SSECTL)

prove: build ## Kill ssectl and Apache Kafka 200 times: each result is to be there exactly once
	tests/peers/install.sh kafka python
	$(or $(PEERS_DIR),.peers)/venv/bin/python tests/conformance/delivery.py $(TARGET)/release/ssectl --kills 200

bench: build ## Compare with jq, jaq, gojq, mlr, DuckDB, Polars, kcat and Apache Kafka, and the emulators with other servers
	$(CARGO) build --locked --release -p ssectl-limits
	-tests/peers/install.sh bench kafka
	tests/bench/run.py --ssectl $(TARGET)/release/ssectl $(if $(NESTED),--nested $(NESTED))
	tests/peers/install.sh python
	-tests/peers/install.sh pstest kinesis_js moto elasticmq
	$(or $(PEERS_DIR),.peers)/venv/bin/python tests/bench/services.py --ssectl $(TARGET)/release/ssectl

image: ## Build the container image and test it (docker, podman or buildah)
	tests/image.sh

all: lint test build ## Lint, test and build

ci: ## Everything that must hold before a change lands
	.ci/run

clean: ## Delete what was built
	$(CARGO) clean

need:
	@tests/need.sh
