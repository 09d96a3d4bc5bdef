/* SPDX-License-Identifier: MIT */
/*
 * Who the delivery thread serves: its table of destinations, the lanes for bulk
 * requests and the accounts of sources beside them, what a new configuration
 * makes of them, and which are to be pumped. On the delivery thread.
 */
#include "delivery/delivery_internal.h"

#include "base/clock.h"
#include "base/mem.h"

enum {
	KEEP_MANY = 64, /* unless one destination may use more */
	KEEP_MAX = 256, /* idle connections in all */
};

struct destination *delivery_of_lead(struct delivery *d,
				     const struct due_lead *lead)
{
	char name[QUEUE_NAME];
	return table_get(d->destinations, account_of(d->config, lead, name));
}

struct destination *delivery_find(struct delivery *d, struct str name)
{
	struct destination *found = table_get(d->destinations, name);
	return found != NULL && !found->leaving ? found : NULL;
}

struct destination *delivery_lane_of(struct delivery *d, struct str name)
{
	char queue[QUEUE_NAME];
	return delivery_find(d, bulk_queue(name, queue));
}

void delivery_touch(struct delivery *d, struct destination *destination)
{
	if (destination->touched)
		return;
	destination->touched = true;
	destination->next_touched = d->touched;
	d->touched = destination;
}

void delivery_touch_all(struct delivery *d)
{
	for (size_t i = 0; i < d->n; i++)
		delivery_touch(d, d->list[i]);
}

void delivery_pump_touched(struct delivery *d)
{
	while (d->touched != NULL) {
		struct destination *at = d->touched;
		d->touched = at->next_touched;
		at->touched = false;
		destination_pump(at);
	}
	delivery_publish_soon(d);
}

static size_t connections(const struct config *config)
{
	int64_t n = 0, most = 1;
	for (size_t i = 0; i < config->n_destinations; i++) {
		int64_t one = config->destinations[i]->concurrency;
		n += one;
		most = one > most ? one : most;
	}
	n = n < KEEP_MANY ? n : KEEP_MANY;
	n = n > most ? n : most;
	return n < KEEP_MAX ? (size_t)n : KEEP_MAX;
}

static void add_destination(struct delivery *d, struct destination *new)
{
	table_put(d->destinations, str_from(new->name), new);
	d->list =
	    xgrow(d->list, &d->cap, d->n + 1, sizeof(struct destination *));
	d->list[d->n++] = new;
}

static void forget_base(struct delivery *d, const struct destination *base)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->list[i]->lane != NULL && d->list[i]->lane->base == base)
			d->list[i]->lane->base = NULL;
}

void delivery_remove_left(struct delivery *d)
{
	for (size_t i = 0; i < d->n;) {
		struct destination *at = d->list[i];
		if (!at->leaving || at->in_flight > 0 || at->touched ||
		    at->asking != NULL) {
			i++;
			continue;
		}
		table_remove(d->destinations, str_from(at->name));
		d->list[i] = d->list[--d->n];
		forget_base(d, at);
		destination_free(at);
	}
}

/* A destination, or with an account the fetches of a source. */
static struct destination *configure_one(struct delivery *d,
					 struct config *config,
					 const struct destination_config *c,
					 struct account *account)
{
	struct limiter *limiter = limits_get(d->limits, c);
	struct destination *at = table_get(d->destinations, str_from(c->name));
	if (at != NULL) {
		at->leaving = false;
		destination_configure(at, config, c, limiter);
	} else {
		at = destination_new(&d->courier, config, c, limiter);
		add_destination(d, at);
	}
	destination_serve(at, account);
	at->more |= account != NULL; /* or who has tokens may have changed */
	delivery_touch(d, at);
	return at;
}

/* A destination, and the one beside it for bulk requests. */
static void configure_pair(struct delivery *d, struct config *config,
			   const struct destination_config *c)
{
	struct destination *base = configure_one(d, config, c, NULL);
	if (c->bulk_url == NULL)
		return;
	struct lane *lane = lane_new(c, base);
	destination_bulk(configure_one(d, config, &lane->config, NULL), lane);
}

static void configure_accounts(struct delivery *d, struct config *config,
			       const struct source *source)
{
	struct account *next,
	    *at = accounts_new(source, d->refreshers, &d->courier.ops);
	for (; at != NULL; at = next) {
		next = at->next;
		configure_one(d, config, &at->config, at);
	}
}

void delivery_serve(struct delivery *d, struct config *config)
{
	for (size_t i = 0; i < d->n; i++)
		d->list[i]->leaving = true;
	limits_begin(d->limits);
	refreshers_begin(d->refreshers);
	for (size_t i = 0; i < config->n_destinations; i++)
		configure_pair(d, config, config->destinations[i]);
	for (size_t i = 0; i < config->n_sources; i++)
		configure_accounts(d, config, config->sources[i]);
	limits_sweep(d->limits, clock_mono_ms());
	refreshers_sweep(d->refreshers);
	http_client_keep(d->courier.http, connections(config));
	if (d->config != NULL)
		config_unref(d->config);
	d->config = config;
}
