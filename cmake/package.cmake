# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The Debian package. 'make deb' builds it, in a build directory of its own whose prefix is /usr.

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME iouctl)
set(CPACK_PACKAGE_VENDOR "iouctl developers")
set(CPACK_PACKAGE_CONTACT "iouctl developers <iouctl@localhost>")
set(CPACK_STRIP_FILES ON)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_SOURCE_DIR}/cmake/debian.cmake)
# For that script.
set(CPACK_IOUCTL_DOCDIR ${CMAKE_INSTALL_FULL_DOCDIR})
set(CPACK_IOUCTL_MANDIR ${CMAKE_INSTALL_FULL_MANDIR})

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"iouctl runs BPF io_uring loops: BPF programs that the kernel runs in place of
io_uring_enter(2)'s own loop, which submit requests, read completions and
decide what to do next without a return to user space.
.
It makes the ring, loads the loop, binds it, enters it, and prints statistics
as text or as JSON. Where the kernel has no loops (before Linux 7.1), it runs
the same command in a micro-VM that has.")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# That finds the version which has the symbols; an older libbpf has them, but does less.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libbpf1 (>= 1:${IOUCTL_LIBBPF_VERSION})")
# The micro-VM. Before QEMU 8, and so in Debian 12, virtiofsd was a part of qemu-system-common.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS
    "qemu-system-x86, virtiofsd | qemu-system-common (<< 1:8), zstd")
# What compiles loops.
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "clang, libbpf-dev, linux-libc-dev")

include(CPack)
