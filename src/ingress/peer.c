/* SPDX-License-Identifier: MIT */
/* Who is at the other end of a Unix socket, as the kernel says. Loop thread. */
#include <sys/socket.h>

#include "ingress/edge.h"

int64_t exchange_peer_uid(const struct exchange *x)
{
	struct ucred peer;
	socklen_t n = sizeof(peer);
	if (!x->conn->peer.local ||
	    getsockopt(x->conn->fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) != 0)
		return -1;
	return (int64_t)peer.uid;
}
