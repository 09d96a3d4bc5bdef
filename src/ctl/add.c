/* SPDX-License-Identifier: MIT */
/*
 * leadbridgectl source add, destination add: writes a fragment into conf.d, has
 * the whole configuration checked with it, takes it back when something is
 * wrong, and lets the daemon reload. Secrets go into files of their own, which
 * only the daemon's group reads; the URL with its token is printed once, here.
 */
#include "ctl/add.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/crypto.h"
#include "base/mem.h"
#include "leadbridge/config.h"
#include "operate/options.h"

enum { FRAGMENT_MAX = 64 << 10, SECRET_MAX = 8 << 10, TOKEN_BYTES = 24 };

static int no(const char *problem, const char *subject)
{
	(void)fprintf(stderr, "leadbridgectl: %s '%s': %s\n", problem, subject,
		      strerror(errno));
	return CTL_NO;
}

/* ---- files -------------------------------------------------------------- */

/* A file that was not there, readable for the group of its folder. */
static int create(struct addition *a, const char *path, struct str text)
{
	struct stat folder;
	char *parent = xstrdup(path);
	*strrchr(parent, '/') = '\0';
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (fd < 0) {
		int rc = no("cannot make", path);
		free(parent);
		return rc;
	}
	lb_assert(a->n_made < ADDITION_FILES);
	a->made[a->n_made++] = xstrdup(path);
	/* The daemon must be able to read it: a failure shows at the check of
	 * whoever reloads. */
	if (stat(parent, &folder) == 0 && fchown(fd, (uid_t)-1, folder.st_gid))
		(void)fprintf(stderr,
			      "leadbridgectl: cannot give '%s' to the group of "
			      "its folder\n",
			      path);
	free(parent);
	bool good =
	    write(fd, text.p, text.n) == (ssize_t)text.n && fsync(fd) == 0;
	if (close(fd) != 0 || !good)
		return no("cannot write", path);
	return CTL_DONE;
}

/* For the group of the folder it is in: a daemon that may not enter it could
 * not start any more. */
static int need_folder(const struct addition *a, const char *path)
{
	struct stat parent;
	if (mkdir(path, 0750) != 0)
		return errno == EEXIST ? CTL_DONE
				       : no("cannot make the folder", path);
	if (stat(a->folder, &parent) == 0 &&
	    lchown(path, (uid_t)-1, parent.st_gid) != 0)
		(void)fprintf(stderr,
			      "leadbridgectl: cannot give '%s' to the group of "
			      "its folder\n",
			      path);
	return CTL_DONE;
}

void addition_begin(struct addition *a, struct ctl *c, const char *kind,
		    const char *name)
{
	*a = (struct addition){.ctl = c, .kind = kind, .name = name};
	/* Where the daemon starts is not where we are. */
	char *path = realpath(ctl_config_path(c), NULL);
	char *slash = path != NULL ? strrchr(path, '/') : NULL;
	a->folder = slash != NULL ? xasprintf("%.*s", (int)(slash - path), path)
				  : xstrdup(".");
	free(path);
	buf_init(&a->text, FRAGMENT_MAX);
	buf_addf(&a->text, "# Added with leadbridgectl %s add.\n%ss:\n  %s:\n",
		 kind, kind, name);
}

void addition_end(struct addition *a, bool keep)
{
	for (int i = 0; i < a->n_made; i++) {
		if (!keep)
			(void)unlink(a->made[i]);
		free(a->made[i]);
	}
	if (a->text.p != NULL)
		mem_wipe(a->text.p, a->text.n);
	buf_release(&a->text);
	free(a->folder);
}

/* ---- what is written ---------------------------------------------------- */

void addition_set(struct addition *a, const char *key, const char *value)
{
	buf_addf(&a->text, "    %s: ", key);
	buf_add_json(&a->text, str_from(value));
	buf_add_char(&a->text, '\n');
}

/* "key=value": the value is YAML, so that lists and maps can be given. */
static int set_other(struct addition *a, const char *text)
{
	struct str value, key = str_cut(str_from(text), '=', &value);
	if (value.p == NULL || key.n == 0 || str_find(value, '\n') >= 0) {
		(void)fprintf(stderr,
			      "leadbridgectl: --set takes 'key=value', not "
			      "'%s'\n",
			      text);
		return CTL_USAGE;
	}
	buf_addf(&a->text, "    %.*s: %.*s\n", STR_FMT(key), STR_FMT(value));
	return CTL_DONE;
}

int addition_set_others(struct addition *a)
{
	const char *text;
	int rc = CTL_DONE;
	for (int i = 0; rc == CTL_DONE &&
			(text = ctl_option_nth(a->ctl, "--set", i)) != NULL;
	     i++)
		rc = set_other(a, text);
	return rc;
}

/* Keeps a secret in a file of its own and names it under key. */
static int keep(struct addition *a, const char *key, struct str secret)
{
	char *folder = xasprintf("%s/secrets", a->folder);
	char *path = xasprintf("%s/%s-%s", folder, a->name, key);
	char *reference = xasprintf("file:%s", path);
	int rc = need_folder(a, folder);
	if (rc == CTL_DONE)
		rc = create(a, path, secret);
	addition_set(a, key, reference);
	free(reference);
	free(path);
	free(folder);
	return rc;
}

int addition_secret(struct addition *a, const char *key, const char *given)
{
	if (strcmp(given, "-") != 0) {
		addition_set(a, key, given);
		return CTL_DONE;
	}
	char secret[SECRET_MAX];
	if (isatty(STDIN_FILENO))
		(void)fprintf(stderr, "the secret, then Enter and Ctrl-D: ");
	size_t n = fread(secret, 1, sizeof(secret), stdin);
	struct str text = str_trim((struct str){secret, n});
	int rc = CTL_USAGE;
	if (text.n == 0 || n == sizeof(secret))
		(void)fprintf(stderr, "leadbridgectl: no secret on standard "
				      "input\n");
	else
		rc = keep(a, key, text);
	mem_wipe(secret, sizeof(secret));
	return rc;
}

int addition_new_token(struct addition *a)
{
	unsigned char raw[TOKEN_BYTES];
	char text[2 * TOKEN_BYTES + 1];
	crypto_random(raw, sizeof(raw));
	hex_encode(raw, sizeof(raw), text);
	int rc = keep(a, "token", str_from(text));
	mem_wipe(raw, sizeof(raw));
	mem_wipe(text, sizeof(text));
	return rc;
}

/* ---- checked, kept, reloaded -------------------------------------------- */

static int write_fragment(struct addition *a)
{
	char *folder = xasprintf("%s/conf.d", a->folder);
	char *path = xasprintf("%s/%s-%s.yaml", folder, a->kind, a->name);
	int rc = need_folder(a, folder);
	if (rc == CTL_DONE)
		rc = create(a, path, buf_str(&a->text));
	free(path);
	free(folder);
	return rc;
}

static int check(struct addition *a, struct config **out)
{
	struct config_problems problems = {0};
	int rc = config_load(ctl_config_path(a->ctl), out, &problems);
	if (rc != 0) {
		options_print_problems(&problems);
		(void)fprintf(stderr, "leadbridgectl: nothing was changed\n");
	}
	config_problems_release(&problems);
	return rc == 0 ? CTL_DONE : CTL_NO;
}

static void reload(struct addition *a)
{
	struct json_object *answer = NULL;
	struct ctl *c = a->ctl;
	bool json = c->json;
	c->json = false;
	c->quiet = true;
	int rc = ctl_call(c, "POST", "/api/v1/reload", &answer);
	c->json = json;
	json_object_put(answer);
	if (rc == CTL_UNREACHABLE)
		(void)fprintf(stderr, "the daemon does not run: it takes this "
				      "over when it starts\n");
	else if (rc != CTL_DONE)
		(void)fprintf(stderr, "written, but the daemon did not take "
				      "it over: see leadbridgectl reload\n");
}

int addition_finish(struct addition *a, struct config **out)
{
	int rc = write_fragment(a);
	if (rc == CTL_DONE)
		rc = check(a, out);
	if (rc == CTL_DONE && ctl_option(a->ctl, "--no-reload") == NULL)
		reload(a);
	return rc;
}
