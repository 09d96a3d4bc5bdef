/* SPDX-License-Identifier: MIT */
/*
 * Addresses and networks as 16 bytes (IPv4 mapped into ::ffff:0:0/96): parse,
 * match, format. Pure; no names are looked up. Any thread.
 */
#ifndef LB_NETWORK_H
#define LB_NETWORK_H

#include <stdbool.h>

#include "leadbridge/source.h"
#include "leadbridge/str.h"

#define ADDRESS_TEXT 46 /* longest IPv6 text and its NUL */

struct address {
	unsigned char bytes[16];
	bool local; /* a Unix socket: bytes are zero */
};

/* "127.0.0.0/8", "::1/128", "10.1.2.3", "unix". Bits behind the prefix are
 * cleared. "::/0" means every address, IPv4 too; "0.0.0.0/0" every IPv4 one.
 * LB_EINVAL for anything else. */
LB_MUST_CHECK int network_parse(struct str text, struct network *out);
bool network_contains(const struct network *n, const struct address *a);
bool network_list_contains(const struct network_list *list,
			   const struct address *a);

/* "192.0.2.1" or "2001:db8::1"; no brackets, port or zone. */
LB_MUST_CHECK int address_parse(struct str text, struct address *out);
/* A mapped IPv4 address as IPv4; "unix" for a local one. */
void address_format(const struct address *a, char out[ADDRESS_TEXT]);

#endif
