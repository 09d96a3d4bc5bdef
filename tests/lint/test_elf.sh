#!/bin/sh
# SPDX-License-Identifier: MIT
# What is linked is hardened: position independent, bound at start, read-only
# relocations, no executable stack. Sanitizer builds are linked without.
# Usage: test_elf.sh BINARY
binary=${1:?binary}
status=0
if readelf -W --dyn-syms "$binary" | grep -q '__[at]san_init'; then
	echo "a sanitizer build: nothing to check"
	exit 0
fi
want() {
	if ! readelf -W "$2" "$binary" | grep -q "$3"; then
		echo "$binary: no $1"
		status=1
	fi
}
want "position independence" -h 'DYN (Position-Independent'
want "binding at start" -d 'BIND_NOW\|FLAGS_1.*NOW'
want "read-only relocations" -l 'GNU_RELRO'
want "stack mark" -l 'GNU_STACK'
if readelf -W -l "$binary" | grep GNU_STACK | grep -q 'RWE'; then
	echo "$binary: executable stack"
	status=1
fi
exit $status
