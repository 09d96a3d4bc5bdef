#!/bin/sh
# SPDX-License-Identifier: MIT
# The man pages are well formed, and those of commands name every option and
# command there is. Usage: test_man.sh BINARY
cd "$(dirname "$0")/../.." || exit 1
binary=${1:?binary}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
status=0
for page in docs/*.scd; do
	if ! scdoc <"$page" >"$dir/page" ||
		! mandoc -T lint -W error "$dir/page"; then
		echo "$page: see above"
		status=1
	fi
done
# Backslashes protect what is written, not markup.
named() { # options in the help of a program, its page
	"$1" --help | grep -o -e '--[a-z-]*' | sort -u | while read -r option; do
		grep -qF -e "$option" "$2" || echo "$2: says nothing of $option"
	done
}
commands() {
	"$1" --help | sed -n '/^commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p' |
		while read -r command; do
			grep -qF -e "*$command" "$2" ||
				echo "$2: says nothing of $command"
			"$1" "$command" --help | sed -n '/^options:/,/^$/p' |
				grep -o -e '^  --[a-z-]*' | tr -d ' ' |
				while read -r option; do
					grep -qF -e "$option" "$2" ||
						echo "$2: says nothing of $command $option"
				done
		done
}
said=$(named "$binary" docs/leadbridged.8.scd
	named "${binary%d}ctl" docs/leadbridgectl.1.scd
	commands "${binary%d}ctl" docs/leadbridgectl.1.scd)
if [ -n "$said" ]; then
	echo "$said"
	status=1
fi
exit $status
