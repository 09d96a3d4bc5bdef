/* SPDX-License-Identifier: MIT */
/*
 * Floors for the accept figures: what the disk and SQLite allow when there is
 * no HTTP in front of them.
 *
 *   bench_store_floor [--rows N] [--batch N] [--prefill N] [--settle]
 *                     [--seconds N] [--dir PATH] [--body N] [--lead N]
 *   bench_store_floor --fill N --out PATH [--settle]
 *
 * Prints one JSON line: `store` is the product's own schema through the store
 * code, `table` one plain table with the same bytes, both with WAL, FULL and
 * the same batch. Prefilled rows are written the same way and not measured.
 */
#include <getopt.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/mem.h"
#include "queue/store.h"

struct options {
	int64_t rows, batch, prefill, body, lead;
	int64_t seconds; /* measure so long instead of `rows` */
	int64_t fill;    /* only make a store with that many leads at `out` */
	const char *dir, *out;
	bool settle;
};

struct figure {
	double rows_per_s, cpu_per_10k;
	double p50_ms, p99_ms;
	double reopen_ms;
	long rss_kb;
	int64_t rows;
};

struct meter {
	int64_t wall_us, cpu_us;
	int64_t *commits;
	size_t n, cap;
};

static int64_t cpu_us(void)
{
	struct rusage u;
	lb_assert(getrusage(RUSAGE_SELF, &u) == 0);
	return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 +
	       u.ru_utime.tv_usec + u.ru_stime.tv_usec;
}

static long peak_kb(void)
{
	struct rusage u;
	lb_assert(getrusage(RUSAGE_SELF, &u) == 0);
	return u.ru_maxrss;
}

static void meter_start(struct meter *m)
{
	*m = (struct meter){.wall_us = clock_mono_us(), .cpu_us = cpu_us()};
}

static void meter_commit(struct meter *m, int64_t since_us)
{
	m->commits = xgrow(m->commits, &m->cap, m->n + 1, sizeof(*m->commits));
	m->commits[m->n++] = clock_mono_us() - since_us;
}

static int by_size(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;
	return *x < *y ? -1 : *x > *y;
}

static struct figure meter_end(struct meter *m, int64_t rows)
{
	int64_t wall = clock_mono_us() - m->wall_us, cpu = cpu_us() - m->cpu_us;
	struct figure f = {
	    .rows_per_s = (double)rows * 1e6 / (double)wall,
	    .cpu_per_10k = (double)cpu / 1e6 * 10000 / (double)rows,
	};
	if (m->n > 0) {
		qsort(m->commits, m->n, sizeof(*m->commits), by_size);
		f.p50_ms = (double)m->commits[m->n / 2] / 1000;
		f.p99_ms = (double)m->commits[m->n * 99 / 100] / 1000;
	}
	free(m->commits);
	return f;
}

static void die(const char *what, const struct err *err)
{
	(void)fprintf(stderr, "%s: %s\n", what, err->text);
	exit(1);
}

/* Whether n rows since the start of the meter are enough. */
static bool enough(const struct options *o, const struct meter *m, int64_t n)
{
	if (o->seconds > 0)
		return clock_mono_us() - m->wall_us >= o->seconds * 1000000;
	return n >= o->rows;
}

/* ---- the store --------------------------------------------------------- */

static char *filler(int64_t n)
{
	char *p = xmalloc((size_t)n + 1);
	for (int64_t i = 0; i < n; i++)
		p[i] = (char)('a' + i % 26);
	p[n] = '\0';
	return p;
}

static void spread(unsigned char out[16])
{
	static uint64_t state = 0;
	if (state == 0)
		crypto_random(&state, sizeof(state));
	for (size_t i = 0; i < 16; i += 8) {
		uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);
		z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
		z ^= z >> 31;
		memcpy(out + i, &z, sizeof(z));
	}
}

static struct submission *make(const struct options *o, const char *bytes)
{
	struct submission *s = submission_new();
	struct new_event *e = arena_alloc(&s->arena, sizeof(*e));
	struct new_unit *u = arena_alloc(&s->arena, sizeof(*u));
	unsigned char id[8];
	/* Spread like a hash; the real digest is the loop thread's work. */
	spread(e->hash);
	spread(u->key);
	memcpy(id, e->hash, sizeof(id));
	e->id = arena_printf(&s->arena,
			     "b54557e4-bdd9-4b37-8a5f-%02x%02x%02x%02x%02x%02x",
			     id[0], id[1], id[2], id[3], id[4], id[5]);
	e->topic = STR("orders/create");
	e->account = STR("example.myshopify.com");
	e->n_units = 1;
	u->destination = STR("mega");
	u->body = (struct str){bytes, (size_t)o->lead};
	s->source = STR("shop");
	s->received_at_ms = clock_wall_ms();
	s->content_type = STR("application/json");
	s->target = STR("/hooks/shop");
	s->headers = STR("X-Shopify-Topic: orders/create\n"
			 "X-Shopify-Shop-Domain: example.myshopify.com\n");
	s->body = (struct str){bytes, (size_t)o->body};
	s->events = e;
	s->units = u;
	s->n_events = s->n_units = 1;
	return s;
}

static int64_t fill_batch(struct store *s, const struct options *o,
			  const char *bytes)
{
	struct err err;
	int64_t last = 0;
	if (sqlite_store.begin(s, &err) != 0)
		die("begin", &err);
	for (int64_t i = 0; i < o->batch; i++) {
		struct submission *sub = make(o, bytes);
		if (sqlite_store.put(s, sub, &err) != 0)
			die("put", &err);
		last = sub->units[0].id;
		submission_free(sub);
	}
	if (sqlite_store.commit(s, clock_wall_ms(), &err) != 0)
		die("commit", &err);
	return last;
}

static void settle_batch(struct store *s, const struct options *o, int64_t last)
{
	struct err err;
	if (sqlite_store.begin(s, &err) != 0)
		die("begin", &err);
	for (int64_t id = last - o->batch + 1; id <= last; id++) {
		struct due_lead lead = {.id = id,
					.source = STR("shop"),
					.destination = STR("mega")};
		struct settlement t = {
		    .lead = &lead,
		    .state = UNIT_DELIVERED,
		    .counts = true,
		    .started_at_ms = clock_wall_ms(),
		    .duration_ms = 87,
		    .outcome = OUTCOME_SENT,
		    .http_status = 201,
		    .crm_id = "0d6f6c2e-5a52-4a0e-9c1d-2f0a7d4b9c11",
		};
		if (sqlite_store.settle(s, &t, &err) != 0)
			die("settle", &err);
	}
	if (sqlite_store.commit(s, clock_wall_ms(), &err) != 0)
		die("commit", &err);
}

static void upkeep(struct store *s)
{
	struct err err;
	if (sqlite_store.upkeep(s, &err) != 0)
		die("upkeep", &err);
}

static struct store *open_at(const char *path)
{
	struct store_config config = {.backend = (char *)(uintptr_t) "sqlite",
				      .path = (char *)(uintptr_t)path};
	struct store *s = NULL;
	struct err err;
	if (sqlite_store.open(&s, &config, &err) != 0)
		die("open", &err);
	return s;
}

static void fill(struct store *s, const struct options *o, int64_t rows,
		 const char *bytes)
{
	for (int64_t n = 0; n < rows; n += o->batch) {
		int64_t last = fill_batch(s, o, bytes);
		if (o->settle)
			settle_batch(s, o, last);
		upkeep(s);
	}
}

static struct figure run_store(const struct options *o, const char *path,
			       const char *bytes)
{
	struct store *s = open_at(path);
	struct meter m;
	int64_t n = 0;
	fill(s, o, o->prefill, bytes);
	meter_start(&m);
	for (; !enough(o, &m, n); n += o->batch) {
		int64_t since = clock_mono_us();
		int64_t last = fill_batch(s, o, bytes);
		if (o->settle)
			settle_batch(s, o, last);
		meter_commit(&m, since);
		upkeep(s);
	}
	struct figure f = meter_end(&m, n);
	f.rows = n;
	f.rss_kb = peak_kb();
	sqlite_store.close(s);
	int64_t since = clock_mono_us();
	s = open_at(path);
	f.reopen_ms = (double)(clock_mono_us() - since) / 1000;
	sqlite_store.close(s);
	return f;
}

/* ---- one plain table --------------------------------------------------- */

static void must(sqlite3 *db, int rc)
{
	if (rc == SQLITE_OK || rc == SQLITE_DONE)
		return;
	(void)fprintf(stderr, "sqlite: %s\n", sqlite3_errmsg(db));
	exit(1);
}

static void table_row(sqlite3 *db, sqlite3_stmt *st, const struct options *o,
		      const char *bytes)
{
	must(db, sqlite3_bind_int64(st, 1, clock_wall_ms()));
	must(db, sqlite3_bind_blob(st, 2, bytes, (int)(o->body + o->lead),
				   SQLITE_STATIC));
	must(db, sqlite3_step(st));
	must(db, sqlite3_reset(st));
}

static struct figure run_table(const struct options *o, const char *path,
			       const char *bytes)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *st = NULL;
	struct meter m;
	must(db, sqlite3_open(path, &db));
	must(db, sqlite3_exec(db,
			      "PRAGMA journal_mode = WAL;"
			      "PRAGMA synchronous = FULL;"
			      "CREATE TABLE t(id INTEGER PRIMARY KEY,"
			      " at INTEGER, body BLOB)",
			      NULL, NULL, NULL));
	must(db,
	     sqlite3_prepare_v2(db, "INSERT INTO t(at, body) VALUES(?1, ?2)",
				-1, &st, NULL));
	int64_t n = 0;
	meter_start(&m);
	for (; !enough(o, &m, n); n += o->batch) {
		int64_t since = clock_mono_us();
		must(db, sqlite3_exec(db, "BEGIN", NULL, NULL, NULL));
		for (int64_t i = 0; i < o->batch; i++)
			table_row(db, st, o, bytes);
		must(db, sqlite3_exec(db, "COMMIT", NULL, NULL, NULL));
		meter_commit(&m, since);
	}
	struct figure f = meter_end(&m, n);
	f.rows = n;
	must(db, sqlite3_finalize(st));
	must(db, sqlite3_close(db));
	return f;
}

/* ---- main -------------------------------------------------------------- */

static void remove_store(const char *path)
{
	static const char *const tails[] = {"", "-wal", "-shm", ".lock"};
	for (size_t i = 0; i < sizeof(tails) / sizeof(*tails); i++) {
		char *name = xasprintf("%s%s", path, tails[i]);
		(void)unlink(name);
		free(name);
	}
}

static void print(const char *name, const struct figure *f, const char *end)
{
	(void)printf("\"%s\":{\"rows_per_s\":%.0f,\"cpu_s_per_10k\":%.2f,"
		     "\"commit_p50_ms\":%.2f,\"commit_p99_ms\":%.2f}%s",
		     name, f->rows_per_s, f->cpu_per_10k, f->p50_ms, f->p99_ms,
		     end);
}

static void set_number(const char *text, int64_t *out)
{
	if (str_to_int(str_from(text), 0, 1000000000, out) == 0)
		return;
	(void)fprintf(stderr, "not a number: %s\n", text);
	exit(2);
}

static void parse(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
	    {"rows", required_argument, NULL, 'r'},
	    {"batch", required_argument, NULL, 'b'},
	    {"prefill", required_argument, NULL, 'p'},
	    {"body", required_argument, NULL, 'y'},
	    {"lead", required_argument, NULL, 'l'},
	    {"seconds", required_argument, NULL, 't'},
	    {"fill", required_argument, NULL, 'f'},
	    {"out", required_argument, NULL, 'o'},
	    {"dir", required_argument, NULL, 'd'},
	    {"settle", no_argument, NULL, 's'},
	    {0},
	};
	int64_t *const numbers[] = {
	    ['r'] = &o->rows, ['b'] = &o->batch, ['p'] = &o->prefill,
	    ['y'] = &o->body, ['l'] = &o->lead,  ['t'] = &o->seconds,
	    ['f'] = &o->fill, ['z'] = NULL};
	int c;
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c == 'd')
			o->dir = optarg;
		else if (c == 'o')
			o->out = optarg;
		else if (c == 's')
			o->settle = true;
		else if (c != '?' && numbers[c] != NULL)
			set_number(optarg, numbers[c]);
		else
			exit(2);
	}
	if (o->batch < 1)
		o->batch = 1;
}

static int run_fill(const struct options *o, const char *bytes)
{
	if (o->out == NULL)
		return 2;
	struct store *s = open_at(o->out);
	fill(s, o, o->fill, bytes);
	sqlite_store.close(s);
	(void)printf("{\"filled\":%lld}\n", (long long)o->fill);
	return 0;
}

static int run_floors(const struct options *o, const char *bytes)
{
	char *folder = xasprintf("%s/store_floor.XXXXXX", o->dir);
	if (mkdtemp(folder) == NULL) {
		perror(folder);
		free(folder);
		return 1;
	}
	char *path = xasprintf("%s/store.db", folder);
	char *plain = xasprintf("%s/plain.db", folder);
	struct figure store = run_store(o, path, bytes);
	struct stat st = {0};
	(void)!stat(path, &st);
	struct figure table = run_table(o, plain, bytes);
	(void)printf("{\"rows\":%lld,\"batch\":%lld,\"prefill\":%lld,"
		     "\"settle\":%s,\"bytes_per_row\":%.0f,",
		     (long long)store.rows, (long long)o->batch,
		     (long long)o->prefill, o->settle ? "true" : "false",
		     (double)st.st_size / (double)(store.rows + o->prefill));
	(void)printf("\"reopen_ms\":%.0f,\"peak_rss_kb\":%ld,", store.reopen_ms,
		     store.rss_kb);
	print("store", &store, ",");
	print("table", &table, "}\n");
	remove_store(path);
	remove_store(plain);
	(void)rmdir(folder);
	free(plain);
	free(path);
	free(folder);
	return 0;
}

int main(int argc, char **argv)
{
	struct options o = {
	    .rows = 100000, .batch = 64, .body = 1400, .lead = 600, .dir = "."};
	parse(argc, argv, &o);
	char *bytes = filler(o.body + o.lead);
	int rc = o.fill > 0 ? run_fill(&o, bytes) : run_floors(&o, bytes);
	free(bytes);
	return rc;
}
