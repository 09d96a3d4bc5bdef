/* SPDX-License-Identifier: MIT */
/* The last hour in minutes; see the header. */
#include "operate/history.h"

#include "base/clock.h"
#include "queue/queue.h"

#define MINUTE_MS ((int64_t)60000)

static struct history_minute *newest(struct history *h)
{
	return &h->v[(h->first + h->n - 1) % HISTORY_MINUTES];
}

static void push(struct history *h, int64_t at_ms)
{
	if (h->n == HISTORY_MINUTES)
		h->first = (h->first + 1) % HISTORY_MINUTES;
	else
		h->n++;
	*newest(h) = (struct history_minute){.at_ms = at_ms};
}

/* Minutes nobody looked in (the machine slept) are there, and empty. */
static void advance(struct history *h, int64_t minute_ms)
{
	if (h->n > 0 && minute_ms < newest(h)->at_ms)
		h->n = 0;
	if (h->n > 0 &&
	    minute_ms - newest(h)->at_ms > (int64_t)HISTORY_MINUTES * MINUTE_MS)
		h->n = 0;
	if (h->n == 0)
		push(h, minute_ms);
	while (newest(h)->at_ms < minute_ms)
		push(h, newest(h)->at_ms + MINUTE_MS);
}

void history_add(struct history *h, const struct history_look *look,
		 int64_t now_ms)
{
	advance(h, now_ms - now_ms % MINUTE_MS);
	struct history_look *m = &newest(h)->look;
	m->accepted += look->accepted - h->last.accepted;
	m->delivered += look->delivered - h->last.delivered;
	m->dead += look->dead - h->last.dead;
	if (look->waiting > m->waiting)
		m->waiting = look->waiting;
	if (look->oldest_s > m->oldest_s)
		m->oldest_s = look->oldest_s;
	h->last = *look;
}

static void add_minute(struct history *h, const struct history_minute *m)
{
	advance(h, m->at_ms);
	struct history_look *to = &newest(h)->look;
	to->accepted += m->look.accepted;
	to->delivered += m->look.delivered;
	to->dead += m->look.dead;
	to->waiting = m->look.waiting;
	to->oldest_s = m->look.oldest_s;
}

void history_recall(struct history *h, const struct queue_minute *past,
		    size_t n, int64_t at_ms)
{
	struct history seen = *h;
	*h = (struct history){.last = seen.last};
	for (size_t i = 0; i < n; i++) {
		struct history_minute m = {
		    .at_ms = at_ms + (int64_t)i * MINUTE_MS,
		    .look = {.accepted = past[i].accepted,
			     .delivered = past[i].delivered,
			     .dead = past[i].dead},
		};
		add_minute(h, &m);
	}
	for (size_t i = 0; i < seen.n; i++)
		add_minute(h, &seen.v[(seen.first + i) % HISTORY_MINUTES]);
}

void history_print(const struct history *h, struct buf *b)
{
	char text[CLOCK_TEXT];
	buf_addf(b, "{\"minutes\":[");
	for (size_t i = 0; i < h->n; i++) {
		const struct history_minute *m =
		    &h->v[(h->first + i) % HISTORY_MINUTES];
		clock_format(m->at_ms, text);
		buf_addf(b,
			 "%s{\"at\":\"%s\",\"accepted\":%llu,"
			 "\"delivered\":%llu,\"dead\":%llu,\"waiting\":%lld,"
			 "\"oldest_waiting_s\":%lld}",
			 i > 0 ? "," : "", text,
			 (unsigned long long)m->look.accepted,
			 (unsigned long long)m->look.delivered,
			 (unsigned long long)m->look.dead,
			 (long long)m->look.waiting,
			 (long long)m->look.oldest_s);
	}
	buf_addf(b, "]}\n");
}
