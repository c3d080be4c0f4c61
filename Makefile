# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A thin front for CMake. On a fresh Debian 12 machine `sudo make demo` and `sudo make check`
# install what is missing and do the rest; on others see README.md for what has to be there.

BUILD ?= build
JOBS ?= $(shell nproc)
CMAKE_FLAGS ?= -DIOUCTL_WERROR=ON

.PHONY: all deps demo bench bench-baseline check check-kernel fuzz fuzzers check-asan check-package check-long deb lint clean

all: $(BUILD)/CMakeCache.txt
	cmake --build $(BUILD) --parallel $(JOBS)

$(BUILD)/CMakeCache.txt:
	cmake -S . -B $(BUILD) $(CMAKE_FLAGS)

# Packages, and on Debian 12 the source of its backports. Does nothing when nothing is missing.
deps:
	scripts/deps

# The main job: on this kernel when it has loops, else in the micro-VM.
demo: deps
	$(MAKE) all
	scripts/demo $(BUILD)/cmd/iouctl

# Whether make check has kernels built.
UNLESS_FULL = $(if $(FULL),,--cached)

# Everything that is built, and all tests, those that run loops on the newest kernel of each series
# (or on those in KERNELS). Kernels of kernel-patches/ are among them where they have been built; with
# FULL=1 they are built. The last line counts the tests.
check: deps
	$(if $(FULL),scripts/deps $$(cat kernel-patches/packages))
	$(MAKE) all
	$(MAKE) fuzzers
	kernels=$$(scripts/kernels $(BUILD)/cmd/iouctl); patched=$$(kernel-patches/build 6.12 $(UNLESS_FULL)) && \
		debug=$$(kernel-patches/build 6.12 --debug $(UNLESS_FULL)) && \
		KERNELS="$$kernels" PATCHED_KERNELS="$$patched" DEBUG_KERNELS="$$debug" tests/run $(BUILD)

# The kernels of kernel-patches/, and the live tests on them, and on the one for debugging what a kernel
# must bear besides.
check-kernel: deps
	scripts/deps $$(cat kernel-patches/packages)
	$(MAKE) all
	patched=$$(kernel-patches/build 6.12) && debug=$$(kernel-patches/build 6.12 --debug) && \
		PATCHED_KERNELS="$$debug $$patched" DEBUG_KERNELS="$$debug" LIVE_GUESTS=5 LEAN_LIMIT=600 LIVE_TIMEOUT=60m \
		BOOT_TIMEOUT=5m TESTS="live kernel" tests/run $(BUILD)

# What a request takes, as a loop and otherwise, on the newest kernel of each series (or on those in
# KERNELS): the README's tables and its chart are made anew.
bench: deps
	$(MAKE) all
	tests/bench/table $(BUILD)/cmd/iouctl $$(scripts/kernels $(BUILD)/cmd/iouctl) >table.tmp
	$(BUILD)/cmd/iouctl bench nop count=1000000 --instructions --rounds 3 --svg docs/bench-nop.svg
	awk -f tests/bench/insert.awk table.tmp README.md >README.tmp
	cat README.tmp >README.md
	rm README.tmp table.tmp

# What 'make check' holds the loops' figures against.
bench-baseline: deps
	$(MAKE) all
	tests/bench/run --baseline $(BUILD)/cmd/iouctl $$(scripts/kernels $(BUILD)/cmd/iouctl) >baseline.tmp
	mv baseline.tmp tests/bench/baseline.json

# What reads objects and values of strangers, under libFuzzer, for FUZZ_SECONDS each.
FUZZ_SECONDS ?= 600
fuzz: deps
	$(MAKE) all
	$(MAKE) fuzzers
	TESTS=fuzz FUZZ_SECONDS=$(FUZZ_SECONDS) tests/run $(BUILD)

fuzzers:
	cmake -S . -B $(BUILD)-fuzz -DCMAKE_C_COMPILER=clang -DIOUCTL_FUZZ=ON -DIOUCTL_TESTS=OFF
	cmake --build $(BUILD)-fuzz --parallel $(JOBS) --target fuzzers

# The same with the address and undefined-behaviour sanitizers, but for the micro-VM's own tests.
check-asan: deps
	$(MAKE) all BUILD=$(BUILD)-asan CMAKE_FLAGS="$(CMAKE_FLAGS) -DIOUCTL_SANITIZE=ON"
	KERNELS="$$(scripts/kernels $(BUILD)-asan/cmd/iouctl)" \
		TESTS="$${TESTS:-sanitizer unit cli live}" tests/run $(BUILD)-asan

# A Debian package of this tree; its path is the last line. Needs no root.
deb:
	scripts/make-deb build-deb $(JOBS)

# Whether the package of the last commit builds, installs, runs and goes, on both Debians. As root.
check-package:
	scripts/deps debootstrap
	scripts/check-package bookworm
	scripts/check-package trixie

# All that is, but for check-kernel.
check-long: check check-asan check-package
	scripts/deps valgrind fio
	kernels=$$(scripts/kernels $(BUILD)/cmd/iouctl); patched=$$(kernel-patches/build 6.12 $(UNLESS_FULL)) && \
		KERNELS="$$kernels" PATCHED_KERNELS="$$patched" LONG=1 LIVE_GUESTS=4 LIVE_TIMEOUT=90m \
		TESTS="live long" tests/run $(BUILD)

lint:
	scripts/lint $(BUILD)

clean:
	rm -rf $(BUILD) $(BUILD)-asan $(BUILD)-fuzz build-deb
