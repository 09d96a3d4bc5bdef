/* SPDX-License-Identifier: MIT */
/* Looks at one address as a client would; for leadbridgectl doctor. */
#ifndef LB_CTL_PROBE_H
#define LB_CTL_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "leadbridge/buf.h"

struct probe {
	const char *url;
	const char *socket;   /* path of a Unix socket to go through, or NULL */
	const char *ca;       /* extra trust anchors, or NULL */
	const char *proxy;    /* or NULL: none, also not the environment's */
	bool any_certificate; /* ours: its name is not this address */
	bool connect_only;    /* no request is made */
	/* Out: */
	char error[256];    /* "": it worked */
	char address[64];   /* that was connected to */
	long status;        /* of the answer */
	struct buf answer;  /* initialised by probe(), released by the caller */
	double ms;          /* until connected, TLS included */
	int64_t expires_ms; /* of the certificate; 0: none was shown */
};
void probe(struct probe *p);

#endif
