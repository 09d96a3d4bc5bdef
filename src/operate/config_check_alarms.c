/* SPDX-License-Identifier: MIT */
/*
 * What the configuration says of alarms, checked: that the webhook is a URL of
 * a kind that is allowed, that muted names exist, that the command is there.
 */
#include "operate/config_check.h"

#include <unistd.h>

#include "base/mem.h"
#include "operate/alarms_core.h"
#include "operate/suggest.h"

static void check_webhook(struct reader *r, const struct node *root)
{
	const struct alarms_config *a = &r->config->alarms;
	struct str url = secret_str(&a->webhook);
	struct place at = place_within(r, root, "alarms.webhook.url");
	if (url.n == 0)
		return;
	/* What it is must not be shown. */
	if (!config_url_ok(url))
		problems_error(r->problems, at,
			       "'alarms.webhook.url' does not name a URL");
	else if (!a->allow_http && !str_istarts(url, STR("https:")))
		problems_error(r->problems, at,
			       "'alarms.webhook.url' must be https (set "
			       "allow_http to allow http)");
}

static void check_mute(struct reader *r, const struct node *root, size_t i)
{
	const char *name = r->config->alarms.mute.v[i];
	const struct node *list =
	    node_get(node_get(root, STR("alarms")), STR("mute"));
	const struct node *one = list != NULL ? list->first : NULL;
	struct suggestion near;
	if (alarm_find(str_from(name)) >= 0)
		return;
	for (size_t k = 0; one != NULL && k < i; k++)
		one = one->next;
	struct place at = one != NULL ? place_of(r, one)
				      : place_within(r, root, "alarms.mute");
	suggestion_init(&near, str_from(name));
	for (size_t k = 0; k < ALARM_KINDS; k++)
		suggestion_offer(&near, str_from(ALARM_RULES[k].name));
	struct str best = suggestion_best(&near);
	if (best.p != NULL)
		problems_error(r->problems, at,
			       "unknown alarm '%.64s' (did you mean '%.*s'?)",
			       name, STR_FMT(best));
	else
		problems_error(r->problems, at, "unknown alarm '%.64s'", name);
}

static void check_command(struct reader *r, const struct node *root)
{
	const struct text_list *command = &r->config->alarms.command;
	struct place at = place_within(r, root, "alarms.command");
	if (command->n == 0)
		return;
	if (command->v[0][0] != '/')
		problems_error(r->problems, at,
			       "'%.100s' must be the whole path of a program",
			       command->v[0]);
	else if (access(command->v[0], X_OK) != 0)
		problems_error(r->problems, at, "cannot run '%.100s'",
			       command->v[0]);
}

void config_check_alarms(struct reader *r, const struct node *root)
{
	check_webhook(r, root);
	for (size_t i = 0; i < r->config->alarms.mute.n; i++)
		check_mute(r, root, i);
	check_command(r, root);
}
