/* SPDX-License-Identifier: MIT */
/* Which addresses a request may go to: public ones, unless configured. */
#ifndef LB_ADDRESS_H
#define LB_ADDRESS_H

#include <stdbool.h>

struct sockaddr;

/* False for everything that is not a public unicast address: loopback, private,
 * link-local, documentation, multicast, tunnels to any of these. */
bool address_is_public(const struct sockaddr *address);
/* The same for text ("192.0.2.1", "2001:db8::1"); false for anything else. */
bool address_text_is_public(const char *text);

#endif
