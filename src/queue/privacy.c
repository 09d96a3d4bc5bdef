/* SPDX-License-Identifier: MIT */
/* Life of a privacy question or command; see the header. Any thread. */
#include "queue/privacy.h"

#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/crypto.h"
#include "base/mem.h"

struct privacy_work *privacy_work_new(enum privacy_verb verb)
{
	struct privacy_work *w = xcalloc(1, sizeof(*w));
	w->verb = verb;
	return w;
}

void privacy_work_free(struct privacy_work *w)
{
	if (w == NULL)
		return;
	if (w->person != NULL)
		mem_wipe(w->person, strlen(w->person));
	free(w->person);
	for (size_t i = 0; i < w->n_raws; i++)
		free(w->raws[i].cut);
	free(w->raws);
	free(w->units);
	if (w->release != NULL)
		w->release(w->ctx);
	free(w);
}

void privacy_hash(struct str secret, struct str person,
		  char hex[PRIVACY_HASH_TEXT])
{
	unsigned char full[DIGEST_MAX];
	struct str parts[] = {STR("privacy"), person};
	crypto_hmac(DIGEST_SHA256, secret, parts, 2, full);
	hex_encode(full, 8, hex);
}

struct query *privacy_query(enum privacy_verb verb)
{
	struct query *q =
	    query_new(verb >= PRIVACY_ASK ? COMMAND_PRIVACY : QUERY_PRIVACY);
	q->privacy = privacy_work_new(verb);
	return q;
}
