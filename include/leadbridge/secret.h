/* SPDX-License-Identifier: MIT */
/*
 * Secrets: bytes that prove somebody. Their own type so that nothing formats
 * them by accident; wiped on release. A list is accepted wherever one is
 * (rotation).
 */
#ifndef LB_SECRET_H
#define LB_SECRET_H

#include "leadbridge/err.h"
#include "leadbridge/str.h"

struct secret {
	unsigned char *bytes;
	size_t n;
	char *reference; /* "file:/path", "env:NAME", ... shown to people */
};

struct secrets {
	struct secret *v;
	size_t n;
};

/* Resolves "credential:NAME", "file:PATH", "env:NAME" or "plain:TEXT". One
 * trailing newline is not part of it; empty is an error. */
LB_MUST_CHECK int secret_load(struct secret *s, struct str reference,
			      struct err *err);
void secret_release(struct secret *s);
void secrets_release(struct secrets *list);
static inline struct str secret_str(const struct secret *s)
{
	return (struct str){(const char *)s->bytes, s->n};
}
/* Constant time for a given length of candidate; -1, or which one matched. */
int secrets_match(const struct secrets *list, struct str candidate);

#endif
