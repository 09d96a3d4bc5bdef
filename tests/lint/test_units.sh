#!/bin/sh
# SPDX-License-Identifier: MIT
# The units verify without a word, with the built daemon in ExecStart, and the
# sandbox is as tight as promised. Usage: test_units.sh BINARY
cd "$(dirname "$0")/../.." || exit 1
binary=${1:?binary}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
sed "s#/usr/sbin/leadbridged#$binary#" systemd/leadbridged.service \
	>"$dir/leadbridged.service"
cp systemd/leadbridged.socket "$dir/"
said=$(systemd-analyze verify --man=no "$dir/leadbridged.service" \
	"$dir/leadbridged.socket" 2>&1)
if [ -n "$said" ]; then
	echo "systemd-analyze verify: $said"
	exit 1
fi
systemd-analyze security --no-pager --offline=true --threshold=12 \
	systemd/leadbridged.service >"$dir/score" || {
	tail -n 3 "$dir/score"
	exit 1
}
tail -n 1 "$dir/score"
