/* SPDX-License-Identifier: MIT */
/*
 * Sends alarms to people: a webhook, a command. Owns a thread with a loop of
 * its own, so that nothing outside can hold up the daemon; there it also looks
 * at the disk and writes what alarms must remember. What cannot be sent is
 * tried again, with back-off, from a queue that is bounded.
 */
#ifndef LB_ALARMS_SEND_H
#define LB_ALARMS_SEND_H

#include "leadbridge/config.h"
#include "operate/alarms_core.h"

struct sender;

struct notice {
	struct notice *next;
	enum alarm_event event;
	enum alarm_kind kind;
	enum severity severity;
	char subject[QUEUE_NAME];
	char text[ALARM_TEXT];
	int64_t at_ms, since_ms; /* wall clock */
};

/* store: path of the store, whose file system is looked at. */
LB_MUST_CHECK int sender_new(struct sender **out, const struct config *config,
			     struct err *err);
/* What is waiting gets grace_ms. */
void sender_free(struct sender *s, int64_t grace_ms); /* NULL is fine */
/* Any thread: */
void sender_configure(struct sender *s, const struct config *config);
void sender_notify(struct sender *s, struct notice *chain); /* takes it */
/* Replaces the file, whole or not at all; takes text. */
void sender_write(struct sender *s, const char *path, char *text, size_t n);
/* As of the last look; all 0: not known. */
void sender_disk(struct sender *s, int64_t *free_bytes, int64_t *all_bytes);

/* ---- alarms_text.c: pure --------------------------------------------------
 */

enum { NOTICES_SHOWN = 20 }; /* of one message; the rest is a number */

/* One message about all of a chain of n. */
void notice_slack(const struct notice *chain, size_t n, const char *host,
		  struct buf *out);
void notice_json(const struct notice *chain, size_t n, const char *host,
		 struct buf *out);
/* With a line "Subject: ..." and an empty one above the text. */
void notice_mail(const struct notice *chain, size_t n, const char *host,
		 struct buf *out);

/* ---- alarms_command.c ------------------------------------------------------
 */

struct loop;
struct command;
/* ok: ended with status 0. Called from the loop, never from within. */
typedef void (*command_cb)(void *ctx, bool ok, const char *why);
/* Runs argv without a shell, text on its standard input; its output goes
 * nowhere. One at a time; killed with its children after timeout_ms. */
struct command *command_new(struct loop *loop, command_cb cb, void *ctx);
void command_free(struct command *c); /* kills what runs; NULL is fine */
LB_MUST_CHECK int command_run(struct command *c, char *const *argv,
			      struct str text, int64_t timeout_ms,
			      struct err *err);

#endif
