/* SPDX-License-Identifier: MIT */
/*
 * Resolves references to secrets and wipes what they held. Reads files at
 * start and at reload only, on whichever thread loads the configuration. The
 * bytes are never part of a message; the reference is.
 */
#include "leadbridge/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/mem.h"

enum { SECRET_MAX = 64 * 1024 };

/* Up to cap bytes; -1 with errno. */
static ssize_t read_all(int fd, unsigned char *p, size_t cap)
{
	size_t n = 0;
	while (n < cap) {
		ssize_t got = read(fd, p + n, cap - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		n += (size_t)got;
	}
	return (ssize_t)n;
}

static void set_bytes(struct secret *s, const void *p, size_t n)
{
	s->bytes = xmalloc(n + 1);
	memcpy(s->bytes, p, n);
	s->bytes[n] = '\0';
	s->n = n;
}

/* One line end at the end is the editor's, not the secret's. */
static struct str without_newline(struct str s)
{
	if (str_ends(s, STR("\n")))
		s.n--;
	if (str_ends(s, STR("\r")))
		s.n--;
	return s;
}

static int load_file(struct secret *s, const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return err_set(err, LB_ENOTFOUND, "cannot open '%s': %s", path,
			       strerrordesc_np(errno));
	unsigned char *text = xmalloc(SECRET_MAX + 1);
	ssize_t n = read_all(fd, text, SECRET_MAX + 1);
	int code = 0;
	if (n < 0)
		code = err_set(err, LB_ESYSTEM, "cannot read '%s': %s", path,
			       strerrordesc_np(errno));
	else if (n > SECRET_MAX)
		code = err_set(err, LB_ELIMIT, "more than 64KiB in '%s'", path);
	(void)close(fd);
	if (code == 0) {
		struct str all = {(const char *)text, (size_t)n};
		all = without_newline(all);
		set_bytes(s, all.p, all.n);
	}
	mem_wipe(text, SECRET_MAX + 1);
	free(text);
	return code;
}

static int load_credential(struct secret *s, const char *name, struct err *err)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	if (folder == NULL || folder[0] == '\0')
		return err_set(err, LB_ENOTFOUND,
			       "no CREDENTIALS_DIRECTORY for credential '%s'",
			       name);
	if (strchr(name, '/') != NULL || name[0] == '.')
		return err_set(err, LB_EINVAL,
			       "not the name of a credential: '%s'", name);
	char *path = xasprintf("%s/%s", folder, name);
	int code = load_file(s, path, err);
	free(path);
	return code;
}

static int load_env(struct secret *s, const char *name, struct err *err)
{
	const char *text = getenv(name);
	if (text == NULL)
		return err_set(err, LB_ENOTFOUND,
			       "environment variable '%s' is not set", name);
	set_bytes(s, text, strlen(text));
	return 0;
}

static int load_plain(struct secret *s, const char *text, struct err *err)
{
	(void)err;
	set_bytes(s, text, strlen(text));
	return 0;
}

static const struct {
	const char *scheme;
	int (*load)(struct secret *s, const char *rest, struct err *err);
} schemes[] = {
    {"credential:", load_credential},
    {"file:", load_file},
    {"env:", load_env},
    {"plain:", load_plain},
};

/* What people are shown: a plain secret is its own reference. */
static char *reference_shown(struct str reference)
{
	if (str_starts(reference, STR("plain:")))
		return xstrdup("plain:***");
	return xstr_dup(reference);
}

/* Blanks and line ends alone are an editor's leftovers; as a key they would be
 * one that anybody guesses. */
static bool is_blank(struct str s)
{
	return str_trim(s).n == 0;
}

int secret_load(struct secret *s, struct str reference, struct err *err)
{
	*s = (struct secret){0};
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		struct str scheme = str_from(schemes[i].scheme);
		if (!str_starts(reference, scheme))
			continue;
		char *rest =
		    xstr_dup(str_sub(reference, scheme.n, reference.n));
		int code = schemes[i].load(s, rest, err);
		mem_wipe(rest, strlen(rest));
		free(rest);
		s->reference = reference_shown(reference);
		if (code == 0 && is_blank(secret_str(s)))
			code = err_set(err, LB_EINVAL, "secret '%s' is empty",
				       s->reference);
		if (code != 0)
			secret_release(s);
		return code;
	}
	/* The text itself may be the secret: it is not repeated. */
	return err_set(err, LB_EINVAL,
		       "not a reference to a secret: write credential:NAME, "
		       "file:PATH, env:NAME or plain:TEXT");
}

void secret_release(struct secret *s)
{
	if (s->bytes != NULL)
		mem_wipe(s->bytes, s->n);
	free(s->bytes);
	free(s->reference);
	*s = (struct secret){0};
}

void secrets_release(struct secrets *list)
{
	for (size_t i = 0; i < list->n; i++)
		secret_release(&list->v[i]);
	free(list->v);
	*list = (struct secrets){0};
}

int secrets_match(const struct secrets *list, struct str candidate)
{
	int matched = -1;
	for (size_t i = 0; i < list->n; i++) {
		const struct secret *s = &list->v[i];
		bool same =
		    crypto_equal(s->bytes, s->n, candidate.p, candidate.n);
		if (same && matched < 0)
			matched = (int)i;
	}
	return matched;
}
