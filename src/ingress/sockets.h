/* SPDX-License-Identifier: MIT */
/*
 * Listening sockets: TCP (both families on [::]), Unix with mode and stale-file
 * handling, activated by systemd. Opens and closes them, knows no HTTP.
 */
#ifndef LB_SOCKETS_H
#define LB_SOCKETS_H

#include <sys/socket.h>
#include <sys/types.h>

#include "base/loop.h"
#include "base/network.h"
#include "ingress/tls.h"

struct listener;

struct endpoint {
	struct listener *l;
	char *address;  /* as configured */
	char *text;     /* as bound */
	size_t index;   /* in the configuration */
	int fd;         /* -1: closed */
	bool activated; /* systemd's: never closed here */
	bool unix_socket;
	char *path; /* of a socket file made here, or NULL */
	dev_t dev;  /* and which file that was */
	ino_t ino;
	struct tls *tls; /* or NULL */
	struct loop_watch *watch;
};

/* Opens all sockets of one address and appends them to *v. Of a host name the
 * first address is taken. */
LB_MUST_CHECK int sockets_open(const char *address, int unix_mode,
			       struct endpoint ***v, size_t *n,
			       struct err *err);
void endpoint_free(struct endpoint *e); /* closes, removes its file */
struct address sockets_peer(const struct sockaddr_storage *from);

#endif
