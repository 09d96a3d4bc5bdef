#!/bin/sh
# SPDX-License-Identifier: MIT
# Every C file is as clang-format 14 would write it.
cd "$(dirname "$0")/../.." || exit 1
find src include tests -name '*.[ch]' -print0 |
	xargs -0 -n 20 clang-format-14 --dry-run --Werror
