/* SPDX-License-Identifier: MIT */
/*
 * leadbridgectl: everything a person does with a running daemon. One file per
 * command, one table (main.c). Talks HTTP to the admin listener; the daemon
 * keeps the only hand on the store.
 */
#ifndef LB_CTL_H
#define LB_CTL_H

#include <json_object.h>
#include <stdbool.h>
#include <stdio.h>

#include "leadbridge/err.h"

enum ctl_exit {
	CTL_DONE = 0,
	CTL_NO = 1,          /* does not balance, not found, refused */
	CTL_USAGE = 2,       /* wrong usage */
	CTL_UNREACHABLE = 3, /* no daemon there */
};

enum { CTL_GIVEN_MAX = 64 };

struct ctl_option {
	const char *name;  /* "--state" */
	const char *value; /* what stands for it in --help: "NAME"; NULL: a
			    * flag */
	const char *help;  /* one line */
	bool often;        /* may be given more than once */
};

struct ctl {
	bool json;
	bool quiet;  /* an unreachable daemon is no news */
	char **args; /* of the command, options taken out */
	int n_args;
	struct { /* read through ctl_option() */
		const struct ctl_option *option;
		const char *value;
	} given[CTL_GIVEN_MAX];
	int n_given;
};

struct ctl_command {
	const char *name;  /* "leads" */
	const char *usage; /* "list|show ID|retry ID" */
	const char *help;  /* one line */
	const char *more;  /* examples, for --help of the command */
	const struct ctl_option *options; /* of its own, ends with name NULL;
					   * or NULL. A name that several
					   * commands have is of one kind in
					   * all. */
	int (*run)(struct ctl *c);
};

/* All of them, and the options every one of them takes. */
const struct ctl_command *const *ctl_commands(size_t *n);
const struct ctl_option *ctl_common_options(void);

/* What was given for an option, "" for a flag; NULL: it was not given. */
const char *ctl_option(const struct ctl *c, const char *name);
/* The one that was given n-th (from 0) of those that may be given often. */
const char *ctl_option_nth(const struct ctl *c, const char *name, int n);

/* One for each file of a command; the table is in main.c. */
extern const struct ctl_command CTL_STATUS;
extern const struct ctl_command CTL_TOP;
extern const struct ctl_command CTL_TAIL;
extern const struct ctl_command CTL_LEDGER;
extern const struct ctl_command CTL_LEADS;
extern const struct ctl_command CTL_IMPORT;
extern const struct ctl_command CTL_QUARANTINE;
extern const struct ctl_command CTL_QUEUE;
extern const struct ctl_command CTL_DESTINATION;
extern const struct ctl_command CTL_SOURCE;
extern const struct ctl_command CTL_ALARMS;
extern const struct ctl_command CTL_RECONCILE;
extern const struct ctl_command CTL_RELOAD;
extern const struct ctl_command CTL_CHECK;
extern const struct ctl_command CTL_CONFIG;
extern const struct ctl_command CTL_DOCTOR;
extern const struct ctl_command CTL_EXPLAIN;
extern const struct ctl_command CTL_ERASE;
extern const struct ctl_command CTL_EXPORT;
extern const struct ctl_command CTL_PRIVACY;
extern const struct ctl_command CTL_BACKUP;
extern const struct ctl_command CTL_AUDIT;
extern const struct ctl_command CTL_COMPLETION;

/* --config, else the installed one. */
const char *ctl_config_path(const struct ctl *c);
/* One call to the daemon. CTL_DONE: *out is the answer (json_object_put ends
 * it; NULL with --json, where it was printed as it came). Everything else was
 * said on stderr. */
LB_MUST_CHECK int ctl_call(struct ctl *c, const char *method, const char *path,
			   struct json_object **out);
/* An answer without an end, line by line; CTL_DONE: the daemon ended it. */
struct str;
LB_MUST_CHECK int ctl_follow(struct ctl *c, const char *path,
			     void (*on_line)(void *ctx, struct str line),
			     void *ctx);
/* Loads ctl_config_path() with its secrets; CTL_NO, said on stderr. */
struct config;
int ctl_load_config(const struct ctl *c, struct config **out);
/* Sends a request to a listener of this machine ("127.0.0.1:8080",
 * "unix:PATH") and takes its answer as text. */
struct request;
struct buf;
int ctl_send(const char *address, const struct request *r, long *status,
	     struct buf *answer);
/* Percent-encoded; owned by the caller. */
char *ctl_url_escape(struct str text);
/* The whole of a file, "-": of standard input; CTL_USAGE, said on stderr. */
int ctl_read_file(const char *path, struct buf *out);
/* leadbridgectl source test NAME */
int ctl_source_test(struct ctl *c, const char *name);
/* The same with a JSON body. */
LB_MUST_CHECK int ctl_call_body(struct ctl *c, const char *path,
				const char *body, struct json_object **out);
/* leadbridgectl destination test NAME */
int ctl_destination_test(struct ctl *c, const char *name);
/* A new UUID, version 4. */
enum { CTL_UUID = 37 };
void ctl_uuid(char out[CTL_UUID]);
/* leadbridgectl source add NAME, destination add NAME */
int ctl_source_add(struct ctl *c, const char *name);
int ctl_destination_add(struct ctl *c, const char *name);
/* leadbridgectl leads add */
int ctl_leads_add(struct ctl *c);
/* "wrong usage" on stderr; CTL_USAGE. */
int ctl_usage(const struct ctl_command *command);

/* Members of an object, with what stands in when they are not there. */
const char *ctl_text(struct json_object *o, const char *name);
int64_t ctl_number(struct json_object *o, const char *name);
/* "3 m": how long ago a source's last event came; "-": none since the daemon
 * was started. */
enum { CTL_AGE_TEXT = 24 };
void ctl_age(struct json_object *source, char out[CTL_AGE_TEXT]);
/* Runs POST path and prints what came of it. */
int ctl_post(struct ctl *c, const char *path, const char *done);
/* Only digits and the characters of a name may go into a path. */
bool ctl_name_ok(const char *text);
/* A page of leads as a table, and how to get the next one. path has a query
 * string; cursor may be NULL. */
int ctl_print_leads(struct ctl *c, const char *path, const char *cursor);
int ctl_print_lead(struct ctl *c, const char *path);

#endif
