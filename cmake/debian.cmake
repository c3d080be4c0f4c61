# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# CPack runs this over what it installed, before it makes the package: what Debian's policy wants
# otherwise than 'cmake --install' does.

set(root ${CPACK_TEMPORARY_INSTALL_DIRECTORY})
set(docs ${root}${CPACK_IOUCTL_DOCDIR})

# compress(FILE...): without name and time, so that the same input gives the same package.
function(compress)
  execute_process(COMMAND gzip -9n ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# write_copyright(LICENSE OUT): the licences in the form of debian/copyright, in which the GPL is a
# reference to Debian's copy.
function(write_copyright license out)
  file(READ ${license} text)
  string(REGEX MATCH "Copyright \\(c\\) ([^\n]*)" found "${text}")
  set(owner "${CMAKE_MATCH_1}")
  string(REGEX MATCH "\n(Redistribution and use.*)\n\n====" found "${text}")
  set(bsd "${CMAKE_MATCH_1}")
  if(NOT owner OR NOT bsd)
    message(FATAL_ERROR "LICENSE does not have the expected form")
  endif()
  string(REPLACE "\n\n" "\n.\n" bsd "${bsd}")
  string(REPLACE "\n" "\n " bsd "${bsd}")
  file(WRITE ${out}
"Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: iouctl

Files: *
Copyright: ${owner}
License: GPL-2 or BSD-2-clause

License: GPL-2
 This program is free software; you can redistribute it and/or modify it under
 the terms of the GNU General Public License, version 2 only, as published by
 the Free Software Foundation.
 .
 On Debian systems the text of that license is in
 /usr/share/common-licenses/GPL-2.

License: BSD-2-clause
 ${bsd}
")
endfunction()

# write_changelog(CHANGELOG OUT): the newest entry of CHANGELOG.md in the form of debian/changelog.
function(write_changelog changelog out)
  file(READ ${changelog} text)
  string(REGEX REPLACE "^[^\n]*\n+## [^\n]*\n" "" text "${text}")
  string(REGEX REPLACE "\n## .*" "\n" text "${text}")
  string(STRIP "${text}" text)
  string(REPLACE "\n  " "\n    " text "${text}")
  string(REPLACE "\n- " "\n  * " text "${text}")
  # SOURCE_DATE_EPOCH is respected.
  string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
  file(WRITE ${out}
"${CPACK_PACKAGE_NAME} (${CPACK_PACKAGE_VERSION}) unstable; urgency=medium

  * ${text}

 -- ${CPACK_PACKAGE_CONTACT}  ${date}
")
endfunction()

write_copyright(${docs}/LICENSE ${docs}/copyright)
write_changelog(${docs}/CHANGELOG.md ${docs}/changelog)
file(REMOVE ${docs}/LICENSE ${docs}/CHANGELOG.md)
file(GLOB pages ${root}${CPACK_IOUCTL_MANDIR}/man*/*)
compress(${docs}/changelog ${pages})
