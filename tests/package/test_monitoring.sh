#!/bin/sh
# SPDX-License-Identifier: MIT
# The rules for Prometheus are well formed and fire when they should; promtool
# is part of a large package, so this is asked for by scripts/test --full.
cd "$(dirname "$0")/../../docs/monitoring" || exit 1
if ! command -v promtool >/dev/null; then
	echo "skipped: no promtool"
	exit 77
fi
status=0
try() {
	what=$1
	shift
	if said=$("$@" 2>&1); then
		echo "ok: $what"
	else
		echo "FAILED: $what"
		echo "$said"
		status=1
	fi
}
try "the rules are well formed" promtool check rules alerts.yaml
try "the rules fire when they should" promtool test rules alerts_test.yaml
# The configuration names files of another machine: only its form is looked at.
try "the piece of prometheus.yml is well formed" \
	promtool check config --syntax-only prometheus.yaml
exit $status
