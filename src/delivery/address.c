/* SPDX-License-Identifier: MIT */
/*
 * Public or not, by table (IANA special-purpose registries). Asked after name
 * resolution and before connecting, the one place no spelling of an address and
 * no changing DNS answer gets around. Pure.
 */
#include "delivery/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

struct range4 {
	uint32_t net;
	int bits;
};

#define NET4(a, b, c) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (c) << 8)

static const struct range4 CLOSED4[] = {
    {NET4(0, 0, 0), 8},      {NET4(10, 0, 0), 8},     {NET4(100, 64, 0), 10},
    {NET4(127, 0, 0), 8},    {NET4(169, 254, 0), 16}, {NET4(172, 16, 0), 12},
    {NET4(192, 0, 0), 24},   {NET4(192, 0, 2), 24},   {NET4(192, 88, 99), 24},
    {NET4(192, 168, 0), 16}, {NET4(198, 18, 0), 15},  {NET4(198, 51, 100), 24},
    {NET4(203, 0, 113), 24}, {NET4(224, 0, 0), 4},    {NET4(240, 0, 0), 4},
};

static bool public4(uint32_t address)
{
	for (size_t i = 0; i < sizeof(CLOSED4) / sizeof(CLOSED4[0]); i++) {
		uint32_t mask = UINT32_MAX << (32 - CLOSED4[i].bits);
		if ((address & mask) == CLOSED4[i].net)
			return false;
	}
	return true;
}

static uint32_t load4(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

static bool public6(const unsigned char a[16])
{
	static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
	static const unsigned char nat64[12] = {0, 0x64, 0xff, 0x9b};
	if (memcmp(a, mapped, 12) == 0 || memcmp(a, nat64, 12) == 0)
		return public4(load4(a + 12));
	if ((a[0] & 0xe0) != 0x20) /* 2000::/3 alone is global unicast */
		return false;
	if (a[0] == 0x20 && a[1] == 0x01 && a[2] < 2) /* 2001::/23 */
		return false;
	if (a[0] == 0x20 && a[1] == 0x01 && a[2] == 0x0d && a[3] == 0xb8)
		return false;
	if (a[0] == 0x20 && a[1] == 0x02) /* 6to4 carries an IPv4 address */
		return public4(load4(a + 2));
	return !(a[0] == 0x3f && a[1] == 0xff && a[2] < 0x10); /* 3fff::/20 */
}

bool address_is_public(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, address, sizeof(in));
		return public4(ntohl(in.sin_addr.s_addr));
	}
	if (address->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;
		memcpy(&in6, address, sizeof(in6));
		return public6(in6.sin6_addr.s6_addr);
	}
	return false;
}

bool address_text_is_public(const char *text)
{
	unsigned char a[16];
	if (text != NULL && inet_pton(AF_INET, text, a) == 1)
		return public4(load4(a));
	return text != NULL && inet_pton(AF_INET6, text, a) == 1 && public6(a);
}
