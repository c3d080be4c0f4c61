# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A thin front for CMake. On a fresh Debian 12 machine `sudo make demo` and `sudo make check`
# install what is missing and do the rest; on others see README.md for what has to be there.

BUILD ?= build
JOBS ?= $(shell nproc)
CMAKE_FLAGS ?= -DIOUCTL_WERROR=ON

.PHONY: all deps kernel demo check lint clean

all: $(BUILD)/CMakeCache.txt
	cmake --build $(BUILD) --parallel $(JOBS)

$(BUILD)/CMakeCache.txt:
	cmake -S . -B $(BUILD) $(CMAKE_FLAGS)

# Packages, and on Debian 12 the source of its backports. Does nothing when nothing is missing.
deps:
	scripts/deps

# A kernel with loops for the micro-VM, in the user's cache, where this one has none.
kernel:
	scripts/fetch-kernel >/dev/null

# The main job: on this kernel when it has loops, else in the micro-VM.
demo: deps
	$(MAKE) all
	scripts/demo $(BUILD)/cmd/iouctl

# Everything that is built, and all tests. The last line counts them.
check: deps
	$(MAKE) kernel
	$(MAKE) all
	tests/run $(BUILD)

lint:
	scripts/lint $(BUILD)

clean:
	rm -rf $(BUILD)
