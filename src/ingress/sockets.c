/* SPDX-License-Identifier: MIT */
/* Listening sockets; see the header. */
#include "ingress/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/mem.h"

enum { BACKLOG = 1024 };

union any_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un local;
	struct sockaddr_storage storage;
};

struct address sockets_peer(const struct sockaddr_storage *from)
{
	struct address a = {0};
	union any_address u = {.storage = *from};
	if (from->ss_family == AF_INET6) {
		memcpy(a.bytes, &u.v6.sin6_addr, sizeof(a.bytes));
	} else if (from->ss_family == AF_INET) {
		a.bytes[10] = a.bytes[11] = 0xff;
		memcpy(a.bytes + 12, &u.v4.sin_addr, 4);
	} else {
		a.local = true;
	}
	return a;
}

static char *bound_text(int fd)
{
	union any_address u = {0};
	socklen_t n = sizeof(u);
	if (getsockname(fd, &u.any, &n) != 0)
		return xstrdup("?");
	if (u.any.sa_family == AF_UNIX)
		return xasprintf("unix:%.*s", (int)sizeof(u.local.sun_path),
				 u.local.sun_path);
	struct address a = sockets_peer(&u.storage);
	char host[ADDRESS_TEXT];
	address_format(&a, host);
	bool v6 = u.any.sa_family == AF_INET6;
	unsigned port = ntohs(v6 ? u.v6.sin6_port : u.v4.sin_port);
	return xasprintf(v6 ? "[%s]:%u" : "%s:%u", host, port);
}

static struct endpoint *add(struct endpoint ***v, size_t *n,
			    const char *address, int fd)
{
	struct endpoint *e = xcalloc(1, sizeof(*e));
	e->address = xstrdup(address);
	e->fd = fd;
	e->text = bound_text(fd);
	*v = xrealloc(*v, (*n + 1) * sizeof(struct endpoint *));
	(*v)[(*n)++] = e;
	return e;
}

/* ---- TCP ----------------------------------------------------------------- */

/* Accepted sockets inherit it; without, an answer may wait 40 ms. */
static void set_nodelay(int fd)
{
	int one = 1;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

static int bind_tcp(const struct addrinfo *ai)
{
	int one = 1, zero = 0;
	int fd = socket(ai->ai_family,
			SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (ai->ai_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero,
				 sizeof(zero));
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	set_nodelay(fd);
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	int saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/* "127.0.0.1:80", "[::1]:80", ":80" and "*:80" (all addresses). */
static int split_host_port(const char *address, char **host, char **port)
{
	const char *colon = strrchr(address, ':');
	int64_t number;
	if (colon == NULL ||
	    str_to_int(str_from(colon + 1), 0, 65535, &number) != 0)
		return LB_EINVAL;
	struct str h = {address, (size_t)(colon - address)};
	if (h.n >= 2 && h.p[0] == '[' && h.p[h.n - 1] == ']')
		h = str_sub(h, 1, h.n - 1);
	else if (str_find(h, ':') >= 0)
		return LB_EINVAL;
	*host = h.n == 0 || str_eq(h, STR("*")) ? xstrdup("::") : xstr_dup(h);
	*port = xstrdup(colon + 1);
	return 0;
}

static int open_tcp(const char *address, struct endpoint ***v, size_t *n,
		    struct err *err)
{
	char *host, *port;
	if (split_host_port(address, &host, &port) != 0)
		return err_set(err, LB_EINVAL,
			       "not host:port, unix:PATH or systemd:NAME: '%s'",
			       address);
	struct addrinfo hints = {.ai_family = AF_UNSPEC,
				 .ai_socktype = SOCK_STREAM,
				 .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	struct addrinfo *found = NULL;
	int rc = getaddrinfo(host, port, &hints, &found);
	int fd = rc == 0 ? bind_tcp(found) : -1;
	if (rc == 0 && fd < 0 && errno == EAFNOSUPPORT &&
	    strcmp(host, "::") == 0) { /* a kernel without IPv6 */
		freeaddrinfo(found);
		found = NULL;
		rc = getaddrinfo("0.0.0.0", port, &hints, &found);
		fd = rc == 0 ? bind_tcp(found) : -1;
	}
	if (fd >= 0)
		add(v, n, address, fd);
	else
		err_set(err, LB_ESYSTEM, "cannot listen on '%s': %s", address,
			rc != 0 ? gai_strerror(rc) : strerror(errno));
	if (found != NULL)
		freeaddrinfo(found);
	free(host);
	free(port);
	return fd >= 0 ? 0 : LB_ESYSTEM;
}

/* ---- Unix ---------------------------------------------------------------- */

/* A file nobody answers on was left by a process that died. */
static int remove_stale(const struct sockaddr_un *sun, struct err *err)
{
	struct stat st;
	if (lstat(sun->sun_path, &st) != 0)
		return errno == ENOENT
			   ? 0
			   : err_set(err, LB_ESYSTEM, "cannot look at '%s': %s",
				     sun->sun_path, strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return err_set(err, LB_EINVAL, "not a socket: '%s'",
			       sun->sun_path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool alive =
	    fd < 0 ||
	    connect(fd, (const struct sockaddr *)sun, sizeof(*sun)) == 0 ||
	    errno != ECONNREFUSED;
	if (fd >= 0)
		close(fd);
	if (alive)
		return err_set(err, LB_EBUSY, "somebody listens on '%s'",
			       sun->sun_path);
	if (unlink(sun->sun_path) != 0)
		return err_set(err, LB_ESYSTEM, "cannot remove '%s': %s",
			       sun->sun_path, strerror(errno));
	return 0;
}

static int open_unix(const char *address, int mode, struct endpoint ***v,
		     size_t *n, struct err *err)
{
	struct str path = str_from(address + strlen("unix:"));
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	struct stat st;
	if (path.n == 0 || path.n >= sizeof(sun.sun_path))
		return err_set(err, LB_EINVAL, "path empty or too long: '%s'",
			       address);
	memcpy(sun.sun_path, path.p, path.n);
	int rc = remove_stale(&sun, err);
	if (rc != 0)
		return rc;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* The first fchmod: never wider than asked, not for a moment; the
	 * chmod: not narrower either, whatever the umask. */
	if (fd < 0 || fchmod(fd, (mode_t)mode) != 0 ||
	    bind(fd, (struct sockaddr *)&sun, sizeof(sun)) != 0 ||
	    chmod(sun.sun_path, (mode_t)mode) != 0 ||
	    listen(fd, BACKLOG) != 0 || lstat(sun.sun_path, &st) != 0) {
		rc = err_set(err, LB_ESYSTEM, "cannot listen on '%s': %s",
			     address, strerror(errno));
		if (fd >= 0)
			close(fd);
		return rc;
	}
	struct endpoint *e = add(v, n, address, fd);
	e->unix_socket = true;
	e->path = xstrdup(sun.sun_path);
	e->dev = st.st_dev;
	e->ino = st.st_ino;
	return 0;
}

/* ---- systemd ------------------------------------------------------------- */

static int adopt(int fd, const char *address, struct endpoint ***v, size_t *n,
		 struct err *err)
{
	if (sd_is_socket(fd, AF_UNSPEC, SOCK_STREAM, 1) <= 0)
		return err_set(err, LB_EINVAL,
			       "not a listening stream socket: '%s'", address);
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
		return err_set(err, LB_ESYSTEM, "cannot use '%s': %s", address,
			       strerror(errno));
	struct endpoint *e = add(v, n, address, fd);
	e->activated = true;
	e->unix_socket = sd_is_socket(fd, AF_UNIX, SOCK_STREAM, 1) > 0;
	if (!e->unix_socket)
		set_nodelay(fd);
	return 0;
}

static int open_activated(const char *address, struct endpoint ***v, size_t *n,
			  struct err *err)
{
	const char *name = address + strlen("systemd:");
	char **names = NULL;
	int count = sd_listen_fds_with_names(0, &names);
	size_t before = *n;
	int rc = 0;
	for (int i = 0; i < count; i++) {
		if (rc == 0 && strcmp(names[i], name) == 0)
			rc = adopt(SD_LISTEN_FDS_START + i, address, v, n, err);
		free(names[i]);
	}
	free(names);
	if (rc == 0 && *n == before)
		rc = err_set(err, LB_ENOTFOUND,
			     "no activated socket of that name: '%s'", address);
	return rc;
}

int sockets_open(const char *address, int unix_mode, struct endpoint ***v,
		 size_t *n, struct err *err)
{
	struct str a = str_from(address);
	if (str_starts(a, STR("unix:")))
		return open_unix(address, unix_mode, v, n, err);
	if (str_starts(a, STR("systemd:")))
		return open_activated(address, v, n, err);
	return open_tcp(address, v, n, err);
}

void endpoint_free(struct endpoint *e)
{
	if (e == NULL)
		return;
	struct stat st;
	loop_watch_free(e->watch);
	/* A successor may have put its own file there. */
	if (e->path != NULL && lstat(e->path, &st) == 0 &&
	    st.st_dev == e->dev && st.st_ino == e->ino)
		(void)unlink(e->path);
	if (e->fd >= 0 && !e->activated)
		close(e->fd);
	tls_free(e->tls);
	free(e->path);
	free(e->address);
	free(e->text);
	free(e);
}
