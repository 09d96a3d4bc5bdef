/* SPDX-License-Identifier: MIT */
/*
 * What SQLite writes into the database file, without what is left in the gaps.
 * `secure_delete` overwrites what is deleted; but when rows move to another
 * page because one grew, their old page keeps a copy of them in the space
 * between its index of cells and the first cell, which nothing ever clears.
 * That space means nothing to SQLite: it is written as zeros.
 *
 * A thin layer over the default file system of SQLite; the log and all else
 * pass through. Used by the one connection that writes, whose checkpoints are
 * all there is of writes to the file. Store thread only.
 */
#include <sqlite3.h>
#include <string.h>

#include "queue/sqlite.h"

enum {
	PAGE_LEAST = 512,
	PAGE_MOST = 65536,
	FILE_HEADER = 100, /* in front of the first page's own */
	LEAF_HEADER = 8,
	INNER_HEADER = 12,
	FRAGMENTS_MAX = 60,
	TABLES_MAX = 4, /* of methods: one for each kind of file system */
};

/* An overflow page begins with a page number. Up to here that is no kind of
 * page with cells; 256 GiB with our pages. */
static const sqlite3_int64 pages_max = 0x02000000;

static sqlite3_vfs layer;
static struct {
	const sqlite3_io_methods *real;
	sqlite3_io_methods ours;
} tables[TABLES_MAX];
static size_t n_tables;
/* How large the file is that was written to last: asked once, then only grown,
 * since a question to the system for each page costs a checkpoint a tenth. Too
 * large is safe. */
static const sqlite3_file *sized;
static sqlite3_int64 known_size;

static size_t number16(const unsigned char *p)
{
	return (size_t)p[0] << 8 | p[1];
}

static size_t header_size(unsigned char kind)
{
	switch (kind) {
	case 0x0a:
	case 0x0d:
		return LEAF_HEADER;
	case 0x02:
	case 0x05:
		return INNER_HEADER;
	default:
		return 0;
	}
}

bool sqlite_page_gap(const unsigned char *page, size_t size, bool first,
		     size_t *from, size_t *to)
{
	size_t at = first ? FILE_HEADER : 0;
	size_t header = header_size(page[at]);
	size_t cells = number16(page + at + 3);
	size_t content = number16(page + at + 5);
	if (content == 0)
		content = PAGE_MOST;
	size_t end = at + header + 2 * cells;
	if (header == 0 || page[at + 7] > FRAGMENTS_MAX || content > size ||
	    end > content)
		return false;
	for (size_t i = 0; i < cells; i++) {
		size_t cell = number16(page + at + header + 2 * i);
		if (cell < content || cell >= size)
			return false;
	}
	*from = end;
	*to = content;
	return true;
}

static const sqlite3_io_methods *real_methods(const sqlite3_file *f)
{
	for (size_t i = 0; i < n_tables; i++)
		if (f->pMethods == &tables[i].ours)
			return tables[i].real;
	return f->pMethods;
}

static bool is_page(sqlite3_file *f, const sqlite3_io_methods *real, size_t n,
		    sqlite3_int64 at)
{
	if (n < PAGE_LEAST || n > PAGE_MOST || (n & (n - 1)) != 0 ||
	    at % (sqlite3_int64)n != 0)
		return false;
	if (sized != f && real->xFileSize(f, &known_size) != SQLITE_OK)
		return false;
	sized = f;
	if (known_size < at + (sqlite3_int64)n)
		known_size = at + (sqlite3_int64)n;
	return known_size / (sqlite3_int64)n < pages_max;
}

static int on_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	static _Thread_local unsigned char page[PAGE_MOST];
	const sqlite3_io_methods *real = real_methods(f);
	size_t from, to, size = (size_t)n;
	if (!is_page(f, real, size, at) ||
	    !sqlite_page_gap(p, size, at == 0, &from, &to))
		return real->xWrite(f, p, n, at);
	memcpy(page, p, size);
	memset(page + from, 0, to - from);
	return real->xWrite(f, page, n, at);
}

/* The file keeps its own methods but for the one. */
static void put_between(sqlite3_file *f)
{
	size_t i = 0;
	while (i < n_tables && tables[i].real != f->pMethods)
		i++;
	if (i == TABLES_MAX)
		return;
	if (i == n_tables) {
		n_tables++;
		tables[i].real = f->pMethods;
		tables[i].ours = *f->pMethods;
		tables[i].ours.xWrite = on_write;
	}
	f->pMethods = &tables[i].ours;
}

static int on_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f,
		   int flags, int *out)
{
	(void)vfs;
	sqlite3_vfs *real = sqlite3_vfs_find(NULL);
	int rc = real->xOpen(real, name, f, flags, out);
	sized = NULL; /* it may lie where another one was */
	if (rc == SQLITE_OK && f->pMethods != NULL &&
	    (flags & SQLITE_OPEN_MAIN_DB) != 0)
		put_between(f);
	return rc;
}

const char *sqlite_pages_layer(void)
{
	if (layer.zName == NULL) {
		layer = *sqlite3_vfs_find(NULL);
		layer.zName = "leadbridge";
		layer.pNext = NULL;
		layer.xOpen = on_open;
		if (sqlite3_vfs_register(&layer, 0) != SQLITE_OK)
			layer.zName = NULL;
	}
	return layer.zName;
}
