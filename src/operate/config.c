/* SPDX-License-Identifier: MIT */
/*
 * Loading a configuration: the file and conf.d beside it become one tree, the
 * tree a struct config, the struct is checked; and the life of that struct.
 * Every problem of every file is reported, in order. Runs where --check or a
 * reload runs; reads files, so never in the middle of a request.
 */
#include "leadbridge/config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "operate/config_read.h"
#include "operate/profiles.h"

enum { FILES_MAX = 1000 };

/* Up to one byte more than a tree may have; the parser says it is too much. */
static int read_file(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int code = 0;
	for (;;) {
		char *room = buf_room(out, 16384);
		if (room == NULL)
			break;
		ssize_t n = read(fd, room, 16384);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			code = -errno;
		if (n <= 0)
			break;
		out->n += (size_t)n;
	}
	(void)close(fd);
	return code;
}

static void on_report(void *ctx, int line, int column, const char *text)
{
	struct reader *r = ctx;
	struct place at = {r->files[r->n_files - 1], line, column};
	problems_error(r->problems, at, "%s", text);
}

/* The file's tree, or NULL when it is empty or cannot be read (reported). */
struct node *config_read_tree(struct reader *r, const char *path)
{
	struct buf text;
	struct node *root = NULL;
	r->files = xrealloc(r->files, (r->n_files + 1) * sizeof(*r->files));
	r->files[r->n_files++] = arena_copy(&r->arena, str_from(path)).p;
	buf_init(&text, YAML_TREE_BYTES + 32768);
	int code = read_file(path, &text);
	if (code != 0) {
		struct place at = {path, 0, 0};
		problems_error(r->problems, at, "cannot be read: %s",
			       strerrordesc_np(-code));
	} else {
		code = yaml_tree_parse(&r->arena, buf_str(&text),
				       (unsigned)r->n_files - 1, &root,
				       on_report, r);
	}
	if (code != 0 && code != LB_EDENIED)
		r->incomplete = true;
	if (text.p != NULL) /* it may hold plain: secrets */
		mem_wipe(text.p, text.n);
	buf_release(&text);
	return root;
}

/* ---- conf.d ------------------------------------------------------------ */

static int is_part(const struct dirent *entry)
{
	struct str name = str_from(entry->d_name);
	return name.n > 5 && name.p[0] != '.' && str_ends(name, STR(".yaml"));
}

/* By bytes: the locale must not decide. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Takes over child's value; the place in the list stays. */
static void replace(struct node *node, const struct node *child)
{
	struct node *next = node->next;
	*node = *child;
	node->next = next;
}

static void refuse_twin(struct reader *r, const struct node *n,
			const struct node *twin)
{
	problems_error(r->problems, place_of_key(r, n),
		       "'%.*s' is already given in %s:%d",
		       (int)(n->key.n < 60 ? n->key.n : 60), n->key.p,
		       r->files[twin->file], twin->key_line);
}

/* Whether two files may each hold a part of this key. */
static bool is_shared(const struct node *n)
{
	const struct key *k = key_find(SECTION_TOP, n->key);
	return key_has_children(SECTION_TOP, n->key) ||
	       (k != NULL &&
		(k->type == KEY_DESTINATIONS || k->type == KEY_SOURCES));
}

static void merge(struct reader *r, struct node *into, struct node *from,
		  bool top)
{
	struct node *next;
	for (struct node *n = from->first; n != NULL; n = next) {
		next = n->next;
		struct node *twin = node_get(into, n->key);
		if (twin == NULL)
			node_append(into, n);
		else if (top && node_is_empty(twin))
			replace(twin, n);
		else if (top && node_is_empty(n))
			continue;
		else if (top && is_shared(n) && n->kind == NODE_MAP &&
			 twin->kind == NODE_MAP)
			merge(r, twin, n, false);
		else
			refuse_twin(r, n, twin);
	}
}

static void merge_file(struct reader *r, const char *path, struct node *root)
{
	struct node *part = config_read_tree(r, path);
	if (part == NULL || root->kind != NODE_MAP)
		return;
	if (part->kind == NODE_MAP)
		merge(r, root, part, true);
	else
		problems_error(r->problems, place_of(r, part),
			       "the file must be a mapping of keys");
}

static void merge_folder(struct reader *r, const char *path, struct node *root)
{
	const char *slash = strrchr(path, '/');
	int n = slash != NULL ? (int)(slash - path) + 1 : 0;
	char *folder = xasprintf("%.*sconf.d", n, path);
	struct dirent **entries = NULL;
	int count = scandir(folder, &entries, is_part, by_name);
	struct place at = {folder, 0, 0};
	if (count < 0 && errno != ENOENT && errno != ENOTDIR)
		problems_error(r->problems, at, "cannot be read: %s",
			       strerrordesc_np(errno));
	if (count > FILES_MAX)
		problems_error(r->problems, at, "more than %d files",
			       FILES_MAX);
	for (int i = 0; i < count; i++) {
		char *file = xasprintf("%s/%s", folder, entries[i]->d_name);
		if (i < FILES_MAX)
			merge_file(r, file, root);
		free(file);
		free(entries[i]);
	}
	free(entries);
	free(folder);
}

/* ---- the whole --------------------------------------------------------- */

int config_load(const char *path, struct config **out,
		struct config_problems *problems)
{
	struct reader r = {.problems = problems};
	arena_init(&r.arena);
	r.config = xcalloc(1, sizeof(*r.config));
	r.config->references = 1;
	r.config->path = xstrdup(path);
	struct node *root = config_read_tree(&r, path);
	if (root == NULL) {
		root = arena_alloc(&r.arena, sizeof(*root));
		root->kind = NODE_MAP;
		root->line = root->column = 1;
	}
	merge_folder(&r, path, root);
	profiles_load(&r, root);
	config_read(&r, root);
	if (!r.incomplete)
		config_check(&r, root);
	problems_sort(problems);
	free(r.files);
	arena_release(&r.arena);
	if (problems->errors > 0) {
		config_unref(r.config);
		return LB_EINVAL;
	}
	*out = r.config;
	return 0;
}

static struct str socket_of(const struct node *listen)
{
	struct str unix_ = STR("unix:");
	if (listen->kind == NODE_TEXT)
		return str_starts(listen->text, unix_)
			   ? str_sub(listen->text, unix_.n, listen->text.n)
			   : STR_NONE;
	struct str found = STR_NONE;
	NODE_EACH(child, listen)
	if (child->kind == NODE_TEXT && found.n == 0)
		found = socket_of(child);
	return found;
}

static struct str find_admin_socket(const struct node *root)
{
	const struct key *row = key_find(SECTION_TOP, STR("admin.listen"));
	const struct node *admin = node_get(root, STR("admin"));
	const struct node *listen = admin != NULL && admin->kind == NODE_MAP
					? node_get(admin, STR("listen"))
					: NULL;
	if (listen != NULL && !node_is_empty(listen))
		return socket_of(listen);
	struct str def = str_from(row->def); /* "[unix:PATH]" */
	return str_sub(def, strlen("[unix:"), def.n - 1);
}

int config_admin_socket(const char *path, char **out, struct err *err)
{
	struct config_problems problems = {0};
	struct reader r = {.problems = &problems};
	arena_init(&r.arena);
	struct node *root = config_read_tree(&r, path);
	int rc = 0;
	if (root == NULL) {
		root = arena_alloc(&r.arena, sizeof(*root));
		root->kind = NODE_MAP;
	}
	if (root->kind == NODE_MAP && !r.incomplete)
		merge_folder(&r, path, root);
	struct str found = root->kind == NODE_MAP && !r.incomplete
			       ? find_admin_socket(root)
			       : STR_NONE;
	if (found.n > 0)
		*out = xstr_dup(found);
	else if (problems.n > 0)
		rc = err_set(err, LB_EINVAL, "cannot use '%s': %s", path,
			     problems.v[0].text);
	else
		rc = err_set(err, LB_ENOTFOUND,
			     "no admin socket in '%s'; use --url", path);
	config_problems_release(&problems);
	free(r.files);
	arena_release(&r.arena);
	return rc;
}

struct config *config_ref(struct config *c)
{
	__atomic_add_fetch(&c->references, 1, __ATOMIC_RELAXED);
	return c;
}

static void free_destination(struct destination_config *d)
{
	config_release_section(SECTION_DESTINATION, d);
	free(d->name);
	free(d->file);
	free(d);
}

static void free_source(struct source *s)
{
	source_release(s);
	config_release_section(SECTION_SOURCE, s);
	free(s->name);
	free(s);
}

void config_unref(struct config *c)
{
	if (c == NULL ||
	    __atomic_sub_fetch(&c->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	for (size_t i = 0; i < c->n_listen; i++) {
		config_release_section(SECTION_LISTEN, &c->listen[i]);
		free(c->listen[i].key_path);
	}
	for (size_t i = 0; i < c->n_destinations; i++)
		free_destination(c->destinations[i]);
	for (size_t i = 0; i < c->n_sources; i++)
		free_source(c->sources[i]);
	profiles_release(&(struct profile_list){c->profiles, c->n_profiles});
	config_release_section(SECTION_TOP, c);
	free(c->listen);
	free(c->destinations);
	free(c->sources);
	free(c->path);
	free(c);
}

const struct source *config_source(const struct config *c, struct str name)
{
	for (size_t i = 0; i < c->n_sources; i++)
		if (str_eq(str_from(c->sources[i]->name), name))
			return c->sources[i];
	return NULL;
}

const struct destination_config *config_destination(const struct config *c,
						    struct str name)
{
	for (size_t i = 0; i < c->n_destinations; i++)
		if (str_eq(str_from(c->destinations[i]->name), name))
			return c->destinations[i];
	return NULL;
}
