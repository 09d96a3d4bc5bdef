/* SPDX-License-Identifier: MIT */
/* Networks and X-Forwarded-For: whatever text comes, the client is the peer or
 * an address that was named. */
#include <stdlib.h>

#include "base/mem.h"
#include "ingress/proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest, in = {(const char *)data, size};
	struct str first = str_cut(in, '\n', &rest);
	struct network v[2] = {{.local = true}};
	struct network_list trusted = {v, 1};
	if (network_parse(first, &v[1]) == 0) {
		struct address a = {.local = v[1].local};
		memcpy(a.bytes, v[1].addr, sizeof(a.bytes));
		lb_assert(network_contains(&v[1], &a));
		trusted.n = 2;
	}
	struct header h = {STR("X-Forwarded-For"), rest};
	struct request r = {.headers = &h, .n_headers = rest.p != NULL};
	struct address peer = {.local = true};
	struct address client = proxy_client(&trusted, &peer, &r);
	char text[ADDRESS_TEXT];
	address_format(&client, text);
	struct address again;
	lb_assert(client.local || (address_parse(str_from(text), &again) == 0 &&
				   memcmp(again.bytes, client.bytes,
					  sizeof(again.bytes)) == 0));
	return 0;
}
