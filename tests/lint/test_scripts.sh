#!/bin/sh
# SPDX-License-Identifier: MIT
# Shell scripts pass shellcheck, Python files compile.
cd "$(dirname "$0")/../.." || exit 1
status=0
for f in scripts/* .ci/run tests/*/*.sh; do
	[ -f "$f" ] || continue
	case "$(head -n 1 "$f")" in
	*/sh* | *bash*) shellcheck "$f" || status=1 ;;
	esac
done
find tests scripts -name '*.py' -print0 |
	xargs -0 /usr/bin/python3 -c '
import sys, ast
for name in sys.argv[1:]:
    ast.parse(open(name).read(), name)
' || status=1
exit $status
