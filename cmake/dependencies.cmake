# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What the build needs from the distribution. All that is missing or too old is said at once.

find_package(PkgConfig REQUIRED)
set(missing "")

# A library: pkg-config's name, least version, Debian's package.
macro(iouctl_library target name version package)
  pkg_check_modules(${target} IMPORTED_TARGET QUIET "${name}>=${version}")
  if(NOT ${target}_FOUND)
    pkg_get_variable(${target}_any ${name} prefix)
    if(${target}_any)
      execute_process(COMMAND ${PKG_CONFIG_EXECUTABLE} --modversion ${name}
                      OUTPUT_VARIABLE ${target}_has OUTPUT_STRIP_TRAILING_WHITESPACE)
      list(APPEND missing "${name} >= ${version} (found ${${target}_has}; ${package})")
    else()
      list(APPEND missing "${name} >= ${version} (${package})")
    endif()
  endif()
endmacro()

# A program: variable, Debian's package, names.
macro(iouctl_program variable package)
  find_program(${variable} NAMES ${ARGN} PATHS /usr/sbin /sbin)
  if(NOT ${variable})
    list(GET ARGN 0 ${variable}_name)
    list(APPEND missing "${${variable}_name} (${package})")
  endif()
endmacro()

set(IOUCTL_LIBBPF_VERSION 1.4)
iouctl_library(LIBBPF libbpf ${IOUCTL_LIBBPF_VERSION}
               "libbpf-dev; on Debian 12 the one of bookworm-backports")
iouctl_library(LIBURING liburing 2.3 "liburing-dev")
iouctl_library(JSONC json-c 0.16 "libjson-c-dev")
iouctl_library(LIBELF libelf 0.170 "libelf-dev")
iouctl_library(ZLIB zlib 1.2 "zlib1g-dev")
iouctl_library(LIBMD libmd 1.0 "libmd-dev")
iouctl_library(SECCOMP libseccomp 2.5 "libseccomp-dev")
iouctl_program(CLANG "clang" clang)
iouctl_program(BPFTOOL "bpftool; on Debian 12 the one of bookworm-backports" bpftool)
iouctl_program(SCDOC "scdoc" scdoc)
if(IOUCTL_TESTS)
  iouctl_library(CMOCKA cmocka 1.1.5 "libcmocka-dev")
  iouctl_program(BATS "bats" bats)
  iouctl_program(JQ "jq" jq)
endif()

if(CLANG)
  execute_process(COMMAND ${CLANG} -dumpversion OUTPUT_VARIABLE clang_version
                  OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(clang_version VERSION_LESS 14)
    list(APPEND missing "clang >= 14 (found ${clang_version}; clang)")
  endif()
endif()

if(missing)
  list(JOIN missing "\n  " text)
  message(FATAL_ERROR "Missing or too old (Debian's package in brackets):\n  ${text}\n"
                      "'make deps' installs them on Debian and its derivatives.")
endif()
