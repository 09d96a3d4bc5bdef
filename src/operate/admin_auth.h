/* SPDX-License-Identifier: MIT */
/*
 * Who may ask the admin listener, and from where a browser may have been sent.
 *
 *  - A Unix socket is guarded by its file mode: whoever can open it may do all.
 *  - Over TCP a bearer token or the cookie of a session proves the caller;
 *    wrong tokens are limited per address.
 *  - A browser carries proofs (a cookie, a forwarded socket) without being
 *    asked, so it must be at this page: the request names the page's own origin
 *    where it names one, and the host is one that nobody else can be reached
 *    by: an IP address, localhost, or a name of `admin.hosts`. A stranger's
 *    page whose name was pointed at us (DNS rebinding) still has its own name
 *    in Host. A bearer token is never sent by itself: there the host does not
 *    matter.
 *
 * Loop thread.
 */
#ifndef LB_ADMIN_AUTH_H
#define LB_ADMIN_AUTH_H

#include "leadbridge/config.h"
#include "leadbridge/request.h"

struct admin;
struct exchange;

enum admin_role {
	ROLE_NONE, /* may see the page without its data, and log in */
	ROLE_READ, /* GET, personal data masked */
	ROLE_FULL,
};

/* One of a few; the name goes into the audit log. */
struct admin_actor {
	const char *name;
	enum admin_role role;
};
const struct admin_actor *admin_unix(void);
/* By the token that was given, or NULL; *which is its place in its list. */
const struct admin_actor *admin_token_actor(const struct admin *a,
					    struct str token, size_t *which);

/* NULL: it was refused and is answered. */
const struct admin_actor *admin_admit(struct admin *a, struct exchange *x);
/* How long this address has to wait for its next guess, or 0. */
int64_t admin_guess_wait(struct admin *a, const struct request *r);
/* It was wrong. */
void admin_guessed(struct admin *a, const struct request *r);
/* Answers 429. */
void admin_reply_guesses(struct exchange *x, int64_t wait_ms);

/* ---- pure ------------------------------------------------------------------
 */

/* Whether the Host of a request cannot be a stranger's name for us. A socket
 * is also known by names without a dot ("curl --unix-socket S http://x/"). */
bool admin_host_known(struct str host, bool local, const struct text_list *own);
/* Whether the request, where it says so, comes from a page of that host. */
bool admin_origin_own(const struct request *r);

#endif
