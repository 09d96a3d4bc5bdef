#!/bin/sh
# SPDX-License-Identifier: MIT
# The same package with a later version. Usage: next_version.sh IN OUT
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
dpkg-deb -R "$1" "$work/tree"
sed -i 's/^Version: .*/&+next/' "$work/tree/DEBIAN/control"
dpkg-deb --root-owner-group -b "$work/tree" "$2" >/dev/null
