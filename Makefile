# The targets of pbpf: each installs what it needs (scripts/setup), then calls one script or cargo.
#
# Promises: every target works on a fresh Debian 12 with git and rustup's cargo, and does nothing twice.
# Leaves out: how things are done; that is in the scripts and in cargo's files.

.DEFAULT_GOAL := help
.PHONY: help build dev demo test lint bench kernels soak clean

help: ## this list
	@sed -n 's/^\([a-z]*\): ## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

build: ## release build in target/release, LLVM linked statically where it can be
	@scripts/setup build
	@scripts/build

dev: ## debug build in target/debug, as the tests use it
	@scripts/setup build
	cargo build --workspace

demo: ## build, then run examples/hello_world.py in the kernel and show what it prints
	@scripts/setup build
	@scripts/build
	@scripts/demo

test: ## every test: unit, cases, the running kernel, the VM kernels
	@scripts/setup build test
	@scripts/test

lint: ## formatting, clippy, docs, the rules of the house
	@scripts/setup build
	@scripts/lint

bench: ## pbpf against its peers, as ratios
	@scripts/setup build bench
	@scripts/build
	@python3 tests/bench/bench.py

kernels: ## fetch the kernels that the VM tests boot
	@scripts/setup test
	@scripts/kernels

soak: ## the random tests for much longer; MINUTES=60 says how long
	@scripts/setup build test
	@scripts/soak

clean: ## remove what was built; the fetched kernels stay
	cargo clean --profile dev
	cargo clean --release
	rm -rf build target/demo target/bench
