/* SPDX-License-Identifier: MIT */
/* The table of alarms, its rules and rounds; see the header. Pure. */
#include "operate/alarms_core.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/table.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)

/* clang-format off */
const struct alarm_rule ALARM_RULES[ALARM_KINDS] = {
[ALARM_SOURCE_SILENT]	   = {"source_silent", SEVERITY_WARNING, 0, 0, false},
[ALARM_BAD_SIGNATURES]	   = {"bad_signatures", SEVERITY_WARNING, 0, MINUTE, false},
[ALARM_CLOCK_SKEW]	   = {"clock_skew", SEVERITY_WARNING, 0, MINUTE, false},
[ALARM_CLOCK_JUMP]	   = {"clock_jump", SEVERITY_WARNING, 0, 10 * MINUTE, false},
[ALARM_QUARANTINE]	   = {"quarantine", SEVERITY_WARNING, 0, 0, true},
[ALARM_DEAD_LETTERS]	   = {"dead_letters", SEVERITY_WARNING, 0, 0, true},
[ALARM_OLDEST_WAITING]	   = {"oldest_waiting", SEVERITY_WARNING, 0, 30 * SECOND, false},
[ALARM_DESTINATION_PARKED] = {"destination_parked", SEVERITY_CRITICAL, 0, 5 * SECOND, false},
[ALARM_BREAKER_OPEN]	   = {"breaker_open", SEVERITY_WARNING, 0, 30 * SECOND, false},
[ALARM_DESTINATION_TROUBLE] = {"destination_trouble", SEVERITY_WARNING, 0, 0, false},
[ALARM_SLO_BURN_FAST]	   = {"slo_burn_fast", SEVERITY_CRITICAL, 0, MINUTE, false},
[ALARM_SLO_BURN_SLOW]	   = {"slo_burn_slow", SEVERITY_WARNING, 0, 5 * MINUTE, false},
[ALARM_LEDGER_DIFFERENCE]  = {"ledger_difference", SEVERITY_CRITICAL, 0, 0, false},
[ALARM_STORE_FULL]	   = {"store_full", SEVERITY_CRITICAL, 0, 5 * SECOND, false},
[ALARM_STORE_FAILED]	   = {"store_failed", SEVERITY_CRITICAL, 0, 0, false},
[ALARM_DISK_LOW]	   = {"disk_low", SEVERITY_WARNING, 0, 30 * SECOND, false},
[ALARM_CERTIFICATE]	   = {"certificate_expires", SEVERITY_WARNING, 0, 0, false},
[ALARM_TOKEN]		   = {"token_expires", SEVERITY_WARNING, 0, 0, false},
[ALARM_OLD_SECRET]	   = {"old_secret", SEVERITY_INFO, 0, 0, false},
};
/* clang-format on */

struct alarms_table {
	struct table *all; /* "kind\nsubject" -> struct alarm */
	size_t raised;
	int64_t wall_ms, mono_ms;
	uint64_t round;
	bool unknown[ALARM_KINDS];
	struct alarm recent[ALARM_RECENT];
	size_t n_recent; /* ever; the next goes to its place in the ring */
};

const char *severity_name(enum severity s)
{
	static const char *const names[] = {"info", "warning", "critical"};
	return names[s];
}

int alarm_find(struct str name)
{
	for (int i = 0; i < ALARM_KINDS; i++)
		if (str_eq(str_from(ALARM_RULES[i].name), name))
			return i;
	return -1;
}

struct alarms_table *alarms_table_new(void)
{
	struct alarms_table *t = xcalloc(1, sizeof(*t));
	t->all = table_new();
	return t;
}

void alarms_table_free(struct alarms_table *t)
{
	if (t == NULL)
		return;
	table_free(t->all, free);
	free(t);
}

enum { KEY_MAX = QUEUE_NAME + 16 };

static struct str key_of(enum alarm_kind kind, const char *subject,
			 char key[KEY_MAX])
{
	(void)!snprintf(key, KEY_MAX, "%d\n%s", (int)kind, subject);
	return str_from(key);
}

/* ---- one round ---------------------------------------------------------- */

void alarms_begin(struct alarms_table *t, int64_t wall_ms, int64_t mono_ms)
{
	t->wall_ms = wall_ms;
	t->mono_ms = mono_ms;
	t->round++;
	memset(t->unknown, 0, sizeof(t->unknown));
}

void alarms_unknown(struct alarms_table *t, enum alarm_kind kind)
{
	t->unknown[kind] = true;
}

bool alarms_is_raised(const struct alarms_table *t, enum alarm_kind kind,
		      const char *subject)
{
	char key[KEY_MAX];
	const struct alarm *a = table_get(t->all, key_of(kind, subject, key));
	return a != NULL && a->raised;
}

static struct alarm *find_or_add(struct alarms_table *t,
				 const struct alarm_sight *s)
{
	char key[KEY_MAX];
	struct str k = key_of(s->kind, s->subject, key);
	struct alarm *a = table_get(t->all, k);
	if (a != NULL || table_count(t->all) >= ALARM_MAX)
		return a;
	a = xcalloc(1, sizeof(*a));
	a->kind = s->kind;
	(void)!snprintf(a->subject, sizeof(a->subject), "%s", s->subject);
	a->since_ms = t->wall_ms;
	a->seen_at = t->mono_ms;
	(void)!table_put(t->all, k, a);
	return a;
}

static enum severity severity_of(const struct alarm_sight *s)
{
	return s->severity != SEVERITY_INFO ? s->severity
					    : ALARM_RULES[s->kind].severity;
}

void alarms_see(struct alarms_table *t, const struct alarm_sight *s,
		const char *format, ...)
{
	struct alarm *a = find_or_add(t, s);
	if (a == NULL)
		return;
	const struct alarm_rule *rule = &ALARM_RULES[s->kind];
	va_list args;
	va_start(args, format);
	(void)!vsnprintf(a->text, sizeof(a->text), format, args);
	va_end(args);
	int64_t wait = s->raise_ms != 0 ? s->raise_ms : rule->raise_ms;
	a->value = s->value;
	a->round = t->round;
	a->gone_at = 0;
	a->worse = severity_of(s) > a->severity;
	a->severity = severity_of(s);
	a->ripe = t->mono_ms - a->seen_at >= wait;
}

struct ending {
	struct alarms_table *t;
	int64_t repeat_ms;
	alarm_fn fn;
	void *ctx;
};

static void tell(struct ending *e, struct alarm *a, enum alarm_event event)
{
	a->told_at = e->t->mono_ms;
	a->told_value = a->value;
	e->fn(e->ctx, event, a);
}

static void remember(struct alarms_table *t, const struct alarm *a)
{
	t->recent[t->n_recent++ % ALARM_RECENT] = *a;
}

/* Not seen in this round: true when it is over. */
static bool is_over(const struct alarms_table *t, struct alarm *a)
{
	if (a->gone_at == 0)
		a->gone_at = t->mono_ms > 0 ? t->mono_ms : 1;
	int64_t wait = a->raised ? ALARM_RULES[a->kind].clear_ms
				 : ALARM_RULES[a->kind].clear_ms / 2;
	return t->mono_ms - a->gone_at >= wait;
}

static void stays(struct ending *e, struct alarm *a)
{
	int64_t told = e->t->mono_ms - a->told_at;
	bool grown = ALARM_RULES[a->kind].grows && a->value > a->told_value &&
		     told >= ALARM_GROWN_MS;
	if (a->worse || grown || (e->repeat_ms > 0 && told >= e->repeat_ms))
		tell(e, a, ALARM_AGAIN);
}

static void end_one(void *ctx, struct str key, void *value)
{
	struct ending *e = ctx;
	struct alarms_table *t = e->t;
	struct alarm *a = value;
	if (a->round == t->round && a->raised) {
		stays(e, a);
	} else if (a->round == t->round && a->ripe) {
		a->raised = true;
		t->raised++;
		tell(e, a, ALARM_RAISED);
	} else if (a->round != t->round && !t->unknown[a->kind] &&
		   is_over(t, a)) {
		if (a->raised) {
			t->raised--;
			a->cleared_ms = t->wall_ms;
			remember(t, a);
			tell(e, a, ALARM_CLEARED);
		}
		(void)!table_remove(t->all, key);
		free(a);
	}
}

void alarms_end(struct alarms_table *t, int64_t repeat_ms, alarm_fn fn,
		void *ctx)
{
	struct ending e = {t, repeat_ms, fn, ctx};
	table_each(t->all, end_one, &e);
}

/* ---- reading ------------------------------------------------------------ */

struct listing {
	const struct alarm **v;
	size_t n;
};

static void list_one(void *ctx, struct str key, void *value)
{
	(void)key;
	struct listing *l = ctx;
	const struct alarm *a = value;
	if (a->raised)
		l->v[l->n++] = a;
}

static int by_weight(const void *x, const void *y)
{
	const struct alarm *a = *(const struct alarm *const *)x;
	const struct alarm *b = *(const struct alarm *const *)y;
	if (a->severity != b->severity)
		return a->severity > b->severity ? -1 : 1;
	if (a->since_ms != b->since_ms)
		return a->since_ms < b->since_ms ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return strcmp(a->subject, b->subject);
}

size_t alarms_raised(const struct alarms_table *t, const struct alarm ***out)
{
	struct listing l = {0};
	l.v = xcalloc(t->raised + 1, sizeof(const struct alarm *));
	table_each(t->all, list_one, &l);
	qsort((void *)l.v, l.n, sizeof(const struct alarm *), by_weight);
	*out = l.v;
	return l.n;
}

size_t alarms_raised_count(const struct alarms_table *t)
{
	return t->raised;
}

const struct alarm *alarms_recent(const struct alarms_table *t, size_t i)
{
	if (i >= t->n_recent || i >= ALARM_RECENT)
		return NULL;
	return &t->recent[(t->n_recent - 1 - i) % ALARM_RECENT];
}

void alarms_restore(struct alarms_table *t, const struct alarm *from,
		    int64_t wall_ms, int64_t mono_ms, int64_t told_ms)
{
	struct alarm_sight s = {.kind = from->kind, .subject = from->subject};
	struct alarm *a = find_or_add(t, &s);
	if (a == NULL || a->raised)
		return;
	int64_t told = wall_ms - told_ms;
	*a = *from;
	a->raised = true;
	a->told_value = from->value;
	a->seen_at = mono_ms;
	a->gone_at = 0;
	a->told_at = mono_ms - (told > 0 ? told : 0);
	a->round = 0;
	t->raised++;
}
