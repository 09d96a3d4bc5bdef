/* SPDX-License-Identifier: MIT */
/*
 * What a browser shows instead of the token, once it has logged in: a signed
 * text in a cookie. The signature needs the secret of the store and the token
 * that was typed in, so a session outlives a restart of the daemon, and ends
 * when its token is taken out of the configuration, at logout, or after twelve
 * hours. Pure but for the list of those that logged out. Loop thread.
 */
#ifndef LB_ADMIN_SESSION_H
#define LB_ADMIN_SESSION_H

#include "leadbridge/request.h"
#include "leadbridge/secret.h"

enum { SESSION_TEXT = 128, SESSION_NAME = 32, SESSIONS_ENDED = 256 };
#define SESSION_MS ((int64_t)12 * 3600 * 1000)

/* Numbers of sessions that were ended; the oldest are forgotten. Lives as long
 * as the process: after a restart a cookie that somebody has kept a copy of is
 * good again until its twelve hours are over. */
struct sessions {
	uint64_t ended[SESSIONS_ENDED];
	size_t at;
};

/* What the tokens on one list allow. */
struct session_keys {
	struct str store_secret;
	const struct secrets *tokens;
	char role; /* a letter that stands in the text */
};

/* The name of the cookie, another one for each store: browsers do not tell the
 * ports of a host apart. */
void session_name(struct str store_secret, char name[SESSION_NAME]);
/* which: the token of the list that was typed in. */
void session_make(const struct session_keys *keys, size_t which, int64_t now_ms,
		  char text[SESSION_TEXT]);
bool session_good(const struct sessions *s, const struct session_keys *keys,
		  struct str text, int64_t now_ms);
/* text is a good one. */
void session_end(struct sessions *s, struct str text);
/* The value of that cookie, or STR_NONE. */
struct str session_cookie(const struct request *r, const char *name);

#endif
