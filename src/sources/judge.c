/* SPDX-License-Identifier: MIT */
/*
 * What the configuration says of an event before it is mapped: is its topic
 * wanted, is its account one of ours, where does it go. Pure.
 */
#include "sources/adapter.h"
#include "sources/engine.h"

/* Domains are compared without case, ids of vendors exactly. */
static bool same_account(struct str a, struct str b)
{
	return str_eq(a, b) || (str_find(a, '.') >= 0 && str_ieq(a, b));
}

static bool account_listed(const struct source *source, struct str account)
{
	for (size_t i = 0; i < source->accounts.n; i++)
		if (account.n > 0 &&
		    same_account(str_from(source->accounts.v[i]), account))
			return true;
	return source->accounts.n == 0;
}

static bool has_route(const struct source *source)
{
	return source->route.map.n > 0 || source->route.fallback != NULL;
}

static struct str routed(const struct source *source, const struct event *event)
{
	struct str account = event->account;
	if (source->route.by != NULL)
		account = value_text(
		    value_path(event->body, str_from(source->route.by)));
	for (size_t i = 0; i < source->route.map.n; i++) {
		const struct text_pair *pair = &source->route.map.v[i];
		if (account.n > 0 &&
		    same_account(str_from(pair->from), account))
			return str_from(pair->to);
	}
	return str_from(source->route.fallback);
}

struct str judge_destination(const struct source *source,
			     const struct event *event, size_t i)
{
	if (has_route(source))
		return i == 0 ? routed(source, event) : STR_NONE;
	return i < source->destinations.n ? str_from(source->destinations.v[i])
					  : STR_NONE;
}

bool judge_wants(const struct source *source, struct str topic)
{
	if (topic.n == 0)
		return true;
	for (size_t i = 0; i < source->events.n; i++)
		if (str_eq(str_from(source->events.v[i]), topic))
			return true;
	if (source->events.n > 0 || source->ops->events == NULL)
		return source->events.n == 0;
	return word_in(source->ops->events, topic);
}

void judge_event(const struct source *source, struct event *event)
{
	if (event->fate == FATE_LEAD && !judge_wants(source, event->topic))
		event_ignore(event, reason_topic);
	/* Somebody else's privacy request must not erase anything here. */
	if (event->fate != FATE_LEAD && event->privacy == NULL)
		return;
	bool ours = account_listed(source, event->account) &&
		    judge_destination(source, event, 0).n > 0;
	if (ours)
		return;
	event->privacy = NULL;
	event->person = STR_NONE;
	event->person_wait_ms = 0;
	event_quarantine(event, reason_account);
}
