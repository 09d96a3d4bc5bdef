#!/bin/sh
# SPDX-License-Identifier: MIT
# The life of the package on a bare Debian 12: lintian, install, configure,
# run, upgrade, remove, purge, each looked at from inside. Needs root and a
# Debian mirror; exit 77 where the machine does not allow it.
# Usage: test_package.sh PACKAGE.deb
set -eu
package=$(realpath "${1:?package}")
here=$(realpath "$(dirname "$0")")
if [ "$(id -u)" -ne 0 ] || ! command -v mmdebstrap >/dev/null; then
	echo "skipped: needs root and mmdebstrap"
	exit 77
fi
fail() {
	echo "FAILED: $*"
	exit 1
}
ok() {
	echo "ok: $*"
}

said=$(lintian --allow-root --fail-on none "$package" 2>&1)
[ -z "$said" ] || fail "lintian: $said"
ok "lintian has nothing to say"

dir=$(mktemp -d)
root=$dir/root
trap 'umount "$root/proc" 2>/dev/null || :; rm -rf "$dir"' EXIT
# systemd-standalone-* stand in for systemd, which has nothing to do here.
mmdebstrap --variant=minbase --quiet \
	--include=systemd-standalone-sysusers,systemd-standalone-tmpfiles,ca-certificates \
	bookworm "$root" >"$dir/log" 2>&1 || {
	tail -n 5 "$dir/log"
	echo "skipped: no bare Debian could be made"
	exit 77
}
mount -t proc proc "$root/proc"
cp "$package" "$root/leadbridge.deb"
in_root() {
	chroot "$root" "$@"
}
apt_in() {
	in_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
		--no-install-recommends "$@" >"$dir/log" 2>&1 || {
		tail -n 20 "$dir/log"
		fail "apt-get $*"
	}
}
apt_in update
apt_in install /leadbridge.deb
ok "installs on a bare Debian 12"

in_root id leadbridge >/dev/null || fail "no account"
[ "$(in_root stat -c '%a %U %G' /etc/leadbridge/secrets)" = "750 root leadbridge" ] ||
	fail "secrets: $(in_root stat -c '%a %U %G' /etc/leadbridge/secrets)"
in_root leadbridged --check >"$dir/said" 2>&1 || fail "--check: $(cat "$dir/said")"
in_root test -e /etc/systemd/system/multi-user.target.wants/leadbridged.service ||
	fail "not enabled"
ok "account, folders, configuration, enabled"

# The daemon in it, as its account, with the configuration an operator writes.
in_root install -d -o leadbridge -g leadbridge -m 0700 /var/lib/leadbridge
in_root install -d -o leadbridge -g leadbridge -m 0750 /run/leadbridge
# Any free port: others may use the one of the sample.
sed -i 's/127\.0\.0\.1:8080/127.0.0.1:0/' "$root/etc/leadbridge/leadbridge.yaml"
cat >"$root/etc/leadbridge/conf.d/shop.yaml" <<'END'
destinations:
  crm:
    url: http://127.0.0.1:9/leads
    customer_id: 00000000-0000-4000-8000-000000000000
    token: file:/etc/leadbridge/secrets/crm
    allow_http: true
    allow_private: true
sources:
  web:
    platform: form
    token: file:/etc/leadbridge/secrets/web
    destination: crm
END
for secret in crm web; do
	printf 'secret-of-%s-0123456789' "$secret" |
		in_root install -o root -g leadbridge -m 0640 /dev/stdin \
			"/etc/leadbridge/secrets/$secret"
done
run_daemon() {
	chroot "$root" setpriv --reuid leadbridge --regid leadbridge --clear-groups \
		leadbridged >"$dir/out" 2>"$dir/err" &
	daemon=$!
	n=0
	until in_root leadbridgectl status >"$dir/status" 2>&1; do
		n=$((n + 1))
		[ "$n" -lt 100 ] || fail "not up: $(cat "$dir/err" "$dir/status")"
		sleep 0.1
	done
}
stop_daemon() {
	kill "$daemon"
	wait "$daemon" || fail "exit status $? of the daemon"
}
run_daemon
in_root leadbridgectl leads add --name Ada --email ada@example.com >/dev/null
in_root leadbridgectl ledger >"$dir/ledger" || fail "ledger: $(cat "$dir/ledger")"
stop_daemon
ok "runs as its account and keeps a lead"

echo "# kept by the operator" >>"$root/etc/leadbridge/leadbridge.yaml"
"$here/next_version.sh" "$package" "$root/next.deb"
apt_in install /next.deb
in_root dpkg -s leadbridge | grep -q '^Version: .*+next$' ||
	fail "not upgraded"
grep -q "kept by the operator" "$root/etc/leadbridge/leadbridge.yaml" ||
	fail "the upgrade lost the configuration"
run_daemon
in_root leadbridgectl --json leads list >"$dir/leads"
grep -q '"state": *"waiting"' "$dir/leads" || fail "the lead is gone"
stop_daemon
ok "upgrade keeps configuration and leads"

apt_in remove leadbridge
[ -e "$root/var/lib/leadbridge/leadbridge.db" ] || fail "remove took the store"
[ -e "$root/etc/leadbridge/leadbridge.yaml" ] || fail "remove took the configuration"
[ ! -e "$root/usr/sbin/leadbridged" ] || fail "remove left the program"
ok "remove keeps store and configuration"

apt_in purge leadbridge
left=$(find "$root" -xdev -path '*leadbridge*' \
	-not -path "$root/leadbridge.deb" -not -path "$root/var/log/*" \
	-not -path "$root/var/cache/*" -not -path "$root/run/*" | head)
[ -z "$left" ] || fail "purge left $left"
ok "purge leaves nothing"
