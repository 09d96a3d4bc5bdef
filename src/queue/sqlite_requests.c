/* SPDX-License-Identifier: MIT */
/*
 * Stored requests as they came, the newest first, a page at a time: what a new
 * configuration is tried on. Secrets in them were overwritten before they were
 * stored. Reader thread only.
 */
#include <sqlite3.h>
#include <stdlib.h>

#include "base/codec.h"
#include "base/mem.h"
#include "queue/sqlite.h"

enum {
	LOOKED_MOST = 5000,   /* rows of one page, wanted or not */
	PAGE_BYTES = 4 << 20, /* a page ends behind this */
	FLAG_TEST = 1,
};

enum {
	COL_ID,
	COL_AT,
	COL_FLAGS,
	COL_TYPE,
	COL_TARGET,
	COL_HEADERS,
	COL_BODY,
	COL_SOURCE
};

static void add_text(struct buf *b, const char *name, struct str text)
{
	buf_addf(b, ",\"%s\":", name);
	if (text.p == NULL)
		buf_addf(b, "null");
	else
		buf_add_json(b, text);
}

static void add_base64(struct buf *b, const char *name, struct str bytes)
{
	char *text = xmalloc(4 * ((bytes.n + 2) / 3) + 1);
	base64_encode((const unsigned char *)bytes.p, bytes.n, BASE64_STANDARD,
		      text);
	buf_addf(b, ",\"%s\":\"", name);
	buf_add_str(b, str_from(text));
	buf_add_char(b, '"');
	free(text);
}

static void add_request(struct store_reader *r, struct sqlite3_stmt *st,
			struct buf *b)
{
	buf_addf(b, "{\"id\":%lld,\"source\":\"%s\",\"received_at_ms\":%lld",
		 (long long)sqlite3_column_int64(st, COL_ID),
		 reader_name(r, sqlite3_column_int64(st, COL_SOURCE)),
		 (long long)sqlite3_column_int64(st, COL_AT));
	buf_addf(b, ",\"test\":%s",
		 (sqlite3_column_int64(st, COL_FLAGS) & FLAG_TEST) != 0
		     ? "true"
		     : "false");
	add_text(b, "content_type", sqlite_str(st, COL_TYPE));
	add_text(b, "target", sqlite_str(st, COL_TARGET));
	add_text(b, "headers", sqlite_str(st, COL_HEADERS));
	add_base64(b, "body", sqlite_str(st, COL_BODY));
	buf_add_char(b, '}');
}

static bool wanted(struct store_reader *r, const struct query *q,
		   struct sqlite3_stmt *st)
{
	return q->source[0] == '\0' ||
	       strcmp(reader_name(r, sqlite3_column_int64(st, COL_SOURCE)),
		      q->source) == 0;
}

static int read_page(struct store_reader *r, struct query *q,
		     struct sqlite3_stmt *st)
{
	size_t n = 0, looked = 0;
	int rc;
	while ((rc = sqlite_row(st, &q->err)) == 1) {
		if (n == q->limit || looked++ == LOOKED_MOST ||
		    q->json.n > PAGE_BYTES)
			return 0;
		q->next_cursor = sqlite3_column_int64(st, COL_ID);
		if (!wanted(r, q, st))
			continue;
		if (n++ > 0)
			buf_add_char(&q->json, ',');
		add_request(r, st, &q->json);
	}
	q->next_cursor = 0;
	return rc;
}

int reader_requests(struct store_reader *r, struct query *q)
{
	struct sqlite3_stmt *st = NULL;
	int rc = sqlite_prepare(
	    r->db,
	    "SELECT r.id, r.received_at, r.flags, r.content_type, r.target,"
	    " r.headers, r.body, (SELECT l.source FROM lead l WHERE"
	    " l.id >= r.id AND l.id < r.id + r.units LIMIT 1)"
	    " FROM request r WHERE r.id < ?1 ORDER BY r.id DESC",
	    &st, &q->err);
	if (rc != 0)
		return rc;
	sqlite_bind_int(st, 1, q->after_id > 0 ? q->after_id : INT64_MAX);
	buf_addf(&q->json, "{\"requests\":[");
	rc = read_page(r, q, st);
	buf_addf(&q->json, "],\"next_cursor\":%lld}\n",
		 (long long)q->next_cursor);
	(void)sqlite3_finalize(st);
	return rc;
}
