/* SPDX-License-Identifier: MIT */
/*
 * The written form of listening addresses: 127.0.0.1:8080, [::1]:8080,
 * localhost:8080, :8080 and *:8080 (all addresses), unix:PATH, systemd:NAME.
 * No name is looked up. Pure.
 */
#include "operate/config_read.h"

#include <sys/un.h>

#include "base/network.h"

enum { UNIX_MAX = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1 };

static bool is_unix(struct str a)
{
	return str_starts(a, STR("unix:"));
}

static bool is_systemd(struct str a)
{
	return str_starts(a, STR("systemd:"));
}

/* Splits "host:port" and "[host]:port"; false when it is neither. */
static bool split(struct str a, struct str *host)
{
	long colon = -1;
	int64_t port;
	for (size_t i = 0; i < a.n; i++)
		if (a.p[i] == ':')
			colon = (long)i;
	if (colon < 0 || str_to_int(str_sub(a, (size_t)colon + 1, a.n), 0,
				    65535, &port) != 0)
		return false;
	*host = str_sub(a, 0, (size_t)colon);
	bool bracketed = str_starts(*host, STR("["));
	if (!bracketed)
		return str_find(*host, ':') < 0;
	if (host->n < 4 || !str_ends(*host, STR("]")))
		return false;
	*host = str_sub(*host, 1, host->n - 1);
	return str_find(*host, ':') >= 0;
}

static bool word_ok(struct str s, const char *marks)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9');
		if (!plain && str_find(str_from(marks), c) < 0)
			return false;
	}
	return s.n > 0 && s.n <= 255;
}

bool config_address_ok(struct str a)
{
	struct str host;
	struct address parsed;
	if (is_unix(a))
		return a.n > 6 && a.n - 5 <= UNIX_MAX && a.p[5] == '/';
	if (is_systemd(a))
		return word_ok(str_sub(a, 8, a.n), "-_.");
	if (!split(a, &host))
		return false;
	return host.n == 0 || str_eq(host, STR("*")) ||
	       address_parse(host, &parsed) == 0 ||
	       (str_find(host, ':') < 0 && word_ok(host, ".-"));
}

bool config_address_is_tcp(struct str a)
{
	return !is_unix(a) && !is_systemd(a);
}

bool config_address_is_loopback(struct str a)
{
	static const char *const loops[] = {"127.0.0.0/8", "::1/128"};
	struct str host;
	struct address parsed;
	struct network n;
	if (!split(a, &host))
		return false;
	if (str_ieq(host, STR("localhost")))
		return true;
	if (address_parse(host, &parsed) != 0)
		return false;
	for (size_t i = 0; i < 2; i++)
		if (network_parse(str_from(loops[i]), &n) == 0 &&
		    network_contains(&n, &parsed))
			return true;
	return false;
}
