/* SPDX-License-Identifier: MIT */
/*
 * One small set of result codes, and one sentence for the operator.
 *
 * Fallible functions return 0 or a negative enum lb_code. A function that can
 * fail for a reason an operator cares about takes a struct err * last and fills
 * it at the point of failure: lower case, no full stop, the problem first, the
 * subject in quotes. Return it or handle it; only the handler logs.
 */
#ifndef LB_ERR_H
#define LB_ERR_H

enum lb_code {
	LB_OK = 0,
	LB_EINVAL = -1,    /* malformed input or wrong use */
	LB_ELIMIT = -2,    /* a ceiling was reached */
	LB_ENOTFOUND = -3, /* no such thing */
	LB_EDENIED = -4,   /* refused by a rule or by permissions */
	LB_EIO = -5,       /* storage failed: the process must recover */
	LB_ENOSPC = -6,    /* no room: try later, stay up */
	LB_EBUSY = -7,     /* queues are full, or another daemon holds it */
	LB_EVERSION = -8,  /* made by a newer program */
	LB_ESYSTEM = -9,   /* the operating system or a library refused */
};

struct err {
	int code;
	char text[400];
};

#define LB_MUST_CHECK   __attribute__((warn_unused_result))
#define LB_PRINTF(f, a) __attribute__((format(printf, f, a)))

/* Fills err (which may be NULL) and returns code. */
int err_set(struct err *err, int code, const char *format, ...) LB_PRINTF(3, 4);

/* Puts "prefix: " in front of what err says; returns err's code. */
int err_prefix(struct err *err, const char *format, ...) LB_PRINTF(2, 3);

#endif
