/* SPDX-License-Identifier: MIT */
/* The client behind trusted proxies; see the header. */
#include "ingress/proxy.h"

/* "192.0.2.1", "192.0.2.1:4711", "2001:db8::1", "[2001:db8::1]:4711" */
static int parse_hop(struct str text, struct address *out)
{
	if (text.p[0] == '[') {
		struct str rest;
		text = str_cut(str_sub(text, 1, text.n), ']', &rest);
		return rest.p != NULL ? address_parse(text, out) : LB_EINVAL;
	}
	struct str port;
	struct str host = str_cut(text, ':', &port);
	bool one_colon = port.p != NULL && str_find(port, ':') < 0;
	return address_parse(one_colon ? host : text, out);
}

/* Takes the last comma separated word off *list. */
static struct str take_last(struct str *list)
{
	size_t at = list->n;
	while (at > 0 && list->p[at - 1] != ',')
		at--;
	struct str word = str_sub(*list, at, list->n);
	*list = str_sub(*list, 0, at > 0 ? at - 1 : 0);
	return word;
}

/* True when the walk is over and *client is the answer. */
static bool walk(const struct network_list *trusted, struct str list,
		 struct address *client)
{
	while (list.n > 0) {
		struct address hop;
		struct str word = str_trim(take_last(&list));
		if (word.n == 0)
			continue;
		if (parse_hop(word, &hop) != 0)
			return true;
		*client = hop;
		if (!network_list_contains(trusted, &hop))
			return true;
	}
	return false;
}

struct address proxy_client(const struct network_list *trusted,
			    const struct address *peer, const struct request *r)
{
	struct address client = *peer;
	if (!network_list_contains(trusted, peer))
		return client;
	for (size_t i = r->n_headers; i > 0; i--) {
		const struct header *h = &r->headers[i - 1];
		if (str_ieq(h->name, STR("X-Forwarded-For")) &&
		    walk(trusted, h->value, &client))
			break;
	}
	return client;
}
