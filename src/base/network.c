/* SPDX-License-Identifier: MIT */
/* Addresses and networks; see the header. */
#include "base/network.h"

#include <arpa/inet.h>

static const unsigned char MAPPED[12] = {0, 0, 0, 0, 0,    0,
					 0, 0, 0, 0, 0xff, 0xff};
enum { MAPPED_BITS = 96, ALL_BITS = 128 };

static bool is_mapped(const struct address *a)
{
	return memcmp(a->bytes, MAPPED, sizeof(MAPPED)) == 0;
}

int address_parse(struct str text, struct address *out)
{
	char copy[ADDRESS_TEXT];
	if (text.n == 0 || text.n >= sizeof(copy) ||
	    memchr(text.p, '\0', text.n) != NULL)
		return LB_EINVAL;
	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	struct address a = {0};
	if (inet_pton(AF_INET, copy, a.bytes + sizeof(MAPPED)) == 1)
		memcpy(a.bytes, MAPPED, sizeof(MAPPED));
	else if (inet_pton(AF_INET6, copy, a.bytes) != 1)
		return LB_EINVAL;
	*out = a;
	return 0;
}

void address_format(const struct address *a, char out[ADDRESS_TEXT])
{
	if (a->local)
		memcpy(out, "unix", sizeof("unix"));
	else if (is_mapped(a))
		(void)!inet_ntop(AF_INET, a->bytes + sizeof(MAPPED), out,
				 ADDRESS_TEXT);
	else
		(void)!inet_ntop(AF_INET6, a->bytes, out, ADDRESS_TEXT);
}

static void clear_behind(unsigned char addr[16], unsigned bits)
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned keep = bits >= (i + 1) * 8 ? 8
				: bits <= i * 8     ? 0
						    : bits - i * 8;
		addr[i] &= (unsigned char)(0xff00u >> keep);
	}
}

int network_parse(struct str text, struct network *out)
{
	struct network n = {0};
	if (str_eq(text, STR("unix"))) {
		n.local = true;
		*out = n;
		return 0;
	}
	struct str rest;
	struct address a;
	struct str host = str_cut(text, '/', &rest);
	if (address_parse(host, &a) != 0)
		return LB_EINVAL;
	bool v4 = str_find(host, ':') < 0;
	int64_t bits = v4 ? 32 : ALL_BITS;
	if (rest.p != NULL && str_to_int(rest, 0, bits, &bits) != 0)
		return LB_EINVAL;
	memcpy(n.addr, a.bytes, sizeof(n.addr));
	n.bits = (unsigned char)(bits + (v4 ? MAPPED_BITS : 0));
	clear_behind(n.addr, n.bits);
	*out = n;
	return 0;
}

bool network_contains(const struct network *n, const struct address *a)
{
	if (n->local || a->local)
		return n->local && a->local;
	unsigned whole = n->bits / 8, part = n->bits % 8;
	if (memcmp(n->addr, a->bytes, whole) != 0)
		return false;
	if (part == 0)
		return true;
	unsigned mask = 0xff00u >> part & 0xffu;
	return ((n->addr[whole] ^ a->bytes[whole]) & mask) == 0;
}

bool network_list_contains(const struct network_list *list,
			   const struct address *a)
{
	for (size_t i = 0; i < list->n; i++)
		if (network_contains(&list->v[i], a))
			return true;
	return false;
}
