/* SPDX-License-Identifier: MIT */
/*
 * Who the client is when proxies stand in between: X-Forwarded-For is believed
 * from the right, as long as the hops are trusted. Pure.
 */
#ifndef LB_PROXY_H
#define LB_PROXY_H

#include "base/network.h"
#include "leadbridge/request.h"

/* The peer itself when it is not trusted or says nothing; else the rightmost
 * address that is not trusted, else the leftmost one. A word that is not an
 * address ends the walk: what stands left of it proves nothing. */
struct address proxy_client(const struct network_list *trusted,
			    const struct address *peer,
			    const struct request *r);

#endif
