/* SPDX-License-Identifier: MIT */
/* Shared limiters; see the header. Delivery thread only. */
#include "delivery/limits.h"

#include <stdlib.h>

#include "base/mem.h"
#include "delivery/attempt.h"

struct share {
	struct share *next;
	unsigned char key[ATTEMPT_SHARE];
	struct limiter *limiter;
	unsigned round;
	int users;
};

struct limits {
	struct share *shares;
	unsigned round;
};

struct limits *limits_new(void)
{
	return xcalloc(1, sizeof(struct limits));
}

static void share_free(struct share *s)
{
	limiter_free(s->limiter);
	free(s);
}

void limits_free(struct limits *l)
{
	while (l != NULL && l->shares != NULL) {
		struct share *s = l->shares;
		l->shares = s->next;
		share_free(s);
	}
	free(l);
}

void limits_begin(struct limits *l)
{
	l->round++;
}

struct limiter *limits_get(struct limits *l, const struct destination_config *c)
{
	unsigned char key[ATTEMPT_SHARE];
	attempt_share(c, key);
	struct share *s = l->shares;
	while (s != NULL && memcmp(s->key, key, sizeof(key)) != 0)
		s = s->next;
	if (s == NULL) {
		s = xcalloc(1, sizeof(*s));
		memcpy(s->key, key, sizeof(key));
		s->limiter = limiter_new(&c->rate);
		s->next = l->shares;
		l->shares = s;
	} else if (s->round != l->round) {
		limiter_configure(s->limiter, &c->rate);
	} else {
		limiter_add(s->limiter, &c->rate);
	}
	s->users = s->round == l->round ? s->users + 1 : 1;
	s->round = l->round;
	limiter_set_users(s->limiter, s->users);
	return s->limiter;
}

void limits_sweep(struct limits *l)
{
	struct share **at = &l->shares;
	while (*at != NULL) {
		struct share *s = *at;
		if (s->round == l->round || limiter_busy(s->limiter)) {
			at = &s->next;
			continue;
		}
		*at = s->next;
		share_free(s);
	}
}
