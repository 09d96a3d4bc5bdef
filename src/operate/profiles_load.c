/* SPDX-License-Identifier: MIT */
/*
 * Where profiles come from: the installed folder, then the operator's. Runs
 * with the configuration; reads files.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "operate/config_read.h"
#include "operate/profiles_internal.h"

enum { FILES_MAX = 1000, FOLDERS_MAX = 16 };

static int is_profile(const struct dirent *entry)
{
	struct str name = str_from(entry->d_name);
	return name.n > 5 && name.p[0] != '.' && str_ends(name, STR(".yaml"));
}

/* By bytes: the locale must not decide. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

struct profile *profiles_find(const struct profile_list *list,
			      struct str platform)
{
	for (size_t i = 0; i < list->n; i++)
		if (str_eq(str_from(list->v[i]->platform), platform))
			return list->v[i];
	return NULL;
}

static void add_profile(struct profile_list *list, struct profile *p)
{
	for (size_t i = 0; i < list->n; i++) {
		if (strcmp(list->v[i]->platform, p->platform) != 0)
			continue;
		profile_free(list->v[i]);
		list->v[i] = p;
		return;
	}
	list->v = xrealloc(list->v, (list->n + 1) * sizeof(*list->v));
	list->v[list->n++] = p;
}

static void read_one(struct reader *r, const char *path, bool own,
		     struct profile_list *out)
{
	struct node *root = config_read_tree(r, path);
	struct profile *p = root != NULL ? profile_read(r, root) : NULL;
	if (p == NULL)
		return;
	p->own = own;
	add_profile(out, p);
}

static void read_folder(struct reader *r, const char *folder, bool own,
			struct profile_list *out)
{
	struct dirent **entries = NULL;
	int count = scandir(folder, &entries, is_profile, by_name);
	struct place at = {folder, 0, 0};
	if (count < 0 && errno != ENOENT && errno != ENOTDIR)
		problems_error(r->problems, at, "cannot be read: %s",
			       strerrordesc_np(errno));
	if (count > FILES_MAX)
		problems_error(r->problems, at, "more than %d files",
			       FILES_MAX);
	for (int i = 0; i < count; i++) {
		char *path = xasprintf("%s/%s", folder, entries[i]->d_name);
		if (i < FILES_MAX)
			read_one(r, path, own, out);
		free(path);
		free(entries[i]);
	}
	free(entries);
}

void profiles_read(struct reader *r, const char *const *folders,
		   struct profile_list *out)
{
	for (size_t i = 0; folders[i] != NULL; i++)
		read_folder(r, folders[i], i > 0, out);
}

/* The environment's folder or the installed one, then the operator's. */
static size_t default_folders(const char **folders)
{
	const char *given = getenv("LEADBRIDGE_PROFILES");
	folders[0] = given != NULL ? given : LB_PROFILE_DIR;
	folders[1] = "/etc/leadbridge/profiles";
	return 2;
}

void profiles_installed(struct profile_list *out,
			struct config_problems *problems)
{
	const char *folders[3] = {NULL};
	struct reader r = {.problems = problems};
	arena_init(&r.arena);
	(void)default_folders(folders);
	profiles_read(&r, folders, out);
	free(r.files);
	arena_release(&r.arena);
}

void profiles_load(struct reader *r, const struct node *root)
{
	const char *folders[FOLDERS_MAX + 1] = {NULL};
	size_t n = 0;
	const struct node *key =
	    root->kind == NODE_MAP ? node_get(root, STR("profiles")) : NULL;
	if (key != NULL && key->kind == NODE_TEXT && key->text.n > 0)
		folders[n++] = key->text.p;
	for (const struct node *one =
		 key != NULL && key->kind == NODE_LIST ? key->first : NULL;
	     one != NULL && n < FOLDERS_MAX; one = one->next)
		if (one->kind == NODE_TEXT && one->text.n > 0)
			folders[n++] = one->text.p;
	if (n == 0)
		n = default_folders(folders);
	folders[n] = NULL;
	struct profile_list list = {0};
	profiles_read(r, folders, &list);
	r->config->profiles = list.v;
	r->config->n_profiles = list.n;
}

static bool is_used(const struct config *c, const struct profile *p)
{
	for (size_t i = 0; i < c->n_sources; i++)
		if (c->sources[i]->ops == &p->ops)
			return true;
	return false;
}

void profiles_compile(struct reader *r)
{
	const struct config *c = r->config;
	for (size_t i = 0; i < c->n_profiles; i++) {
		struct profile *p = c->profiles[i];
		struct err err = {0};
		struct place at = {p->file, 0, 1};
		if (!p->own && !is_used(c, p))
			continue;
		if (profile_compile(p, &at.line, &err) != 0)
			problems_error(r->problems, at, "jq: %s", err.text);
	}
}

void profiles_release(struct profile_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		profile_free(list->v[i]);
	free(list->v);
	*list = (struct profile_list){0};
}
