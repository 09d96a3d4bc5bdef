/* SPDX-License-Identifier: MIT */
/*
 * Privacy requests: the questions (reader thread) and commands (store thread)
 * behind QUERY_PRIVACY and COMMAND_PRIVACY. A request is a row of its own from
 * the moment it is asked until long after it is done; whom it is about stands
 * in it only while it is open, so that a restart can go on with it.
 */
#ifndef LB_QUEUE_PRIVACY_H
#define LB_QUEUE_PRIVACY_H

#include "leadbridge/person.h"
#include "queue/queue.h"

enum privacy_state { /* numbers are on disk: never change one */
		     PRIVACY_RECORDED = 0, /* asks for data: a person answers */
		     PRIVACY_OPEN = 1,
		     PRIVACY_DONE = 2,
		     PRIVACY_CANCELLED = 3,
};

enum privacy_verb {
	/* Questions: */
	PRIVACY_SEARCH, /* one slice of the walk, see struct privacy_work */
	PRIVACY_LIST,   /* newest first, as JSON; with query.id one of them */
	PRIVACY_NEXT,   /* the first open one that is due: id, source, person */
	/* Commands: */
	PRIVACY_ASK,    /* opens one: source, person; query.id is its number */
	PRIVACY_CANCEL, /* one that was not begun */
	PRIVACY_ERASE,  /* what a search found, for request query.id */
	PRIVACY_END,    /* it is done: forgets whom it was about */
	PRIVACY_WAIT,   /* nothing; says whether the log is clean yet */
};

struct privacy_raw { /* what becomes of a stored request */
	int64_t request;
	enum raw_fate fate;
	char *cut; /* RAW_IS_CUT: owned */
	size_t cut_n;
};

struct privacy_work {
	enum privacy_verb verb;
	char source[65]; /* "": any */
	char *person;    /* JSON of subject_write(); owned */
	/* SEARCH: calls this for each stored request, on the reader thread. */
	void (*judge)(void *ctx, struct arena *a, struct person_group *g);
	void *ctx;
	void (*release)(void *ctx); /* with the work; may be NULL */
	int64_t unit;   /* SEARCH: in its request only; 0: everywhere */
	bool show;      /* also as JSON in query.json */
	int64_t after;  /* SEARCH: units up to this id are done */
	int64_t now_ms; /* NEXT */
	/* Out: */
	int64_t next;   /* where the next slice begins */
	int64_t newest; /* id of the last unit there is */
	bool end;       /* nothing was left after this slice */
	int64_t *units; /* SEARCH, and in for ERASE */
	size_t n_units, cap_units;
	struct privacy_raw *raws;
	size_t n_raws, cap_raws;
	int64_t due_at_ms; /* NEXT: of the first that is not due yet; 0 */
	bool clean;        /* WAIT */
};

struct privacy_work *privacy_work_new(enum privacy_verb verb);
void privacy_work_free(struct privacy_work *w); /* NULL is fine */
/* What an audit line may say of the person: enough to tell that two requests
 * were for the same one. */
enum { PRIVACY_HASH_TEXT = 2 * 8 + 1 };
void privacy_hash(struct str secret, struct str person,
		  char hex[PRIVACY_HASH_TEXT]);
/* A query with work in it; kind by the verb. */
struct query *privacy_query(enum privacy_verb verb);

#endif
