/* SPDX-License-Identifier: MIT */
/*
 * Alarms as the metrics log, Prometheus, the admin API and the service manager
 * show them. Loop thread.
 */
#include <stdlib.h>

#include "base/member.h"
#include "operate/alarms_internal.h"

static void add_head(struct buf *b, const struct alarm *a)
{
	buf_addf(b, "{\"name\":\"%s\",\"subject\":", ALARM_RULES[a->kind].name);
	buf_add_json(b, str_from(a->subject));
	buf_addf(b, ",\"severity\":\"%s\"", severity_name(a->severity));
	member_time(b, "since", a->since_ms);
}

void alarms_show_line(const struct alarms *a, struct buf *out)
{
	const struct alarm **raised = NULL;
	size_t n = alarms_raised(a->judge->alarms, &raised);
	buf_addf(out, ",\"alarms\":[");
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_add_char(out, ',');
		add_head(out, raised[i]);
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
	free((void *)raised);
}

static void add_whole(struct buf *b, const struct alarm *a, bool cleared)
{
	add_head(b, a);
	buf_addf(b, ",\"text\":");
	buf_add_json(b, str_from(a->text));
	if (cleared)
		member_time(b, "cleared", a->cleared_ms);
	buf_add_char(b, '}');
}

void alarms_show_json(const struct alarms *a, struct buf *out)
{
	const struct alarm **raised = NULL;
	const struct alarm *one;
	size_t n = alarms_raised(a->judge->alarms, &raised);
	buf_addf(out, "{\"alarms\":[");
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_add_char(out, ',');
		add_whole(out, raised[i], false);
	}
	buf_addf(out, "],\"recent\":[");
	for (size_t i = 0; (one = alarms_recent(a->judge->alarms, i)) != NULL;
	     i++) {
		if (i > 0)
			buf_add_char(out, ',');
		add_whole(out, one, true);
	}
	buf_addf(out, "]}\n");
	free((void *)raised);
}

void alarms_show_prometheus(const struct alarms *a, struct buf *out)
{
	const struct alarm **raised = NULL;
	size_t n = alarms_raised(a->judge->alarms, &raised);
	for (size_t i = 0; i < n; i++)
		buf_addf(out,
			 "leadbridge_alarm{alarm=\"%s\",subject=\"%s\"} 1\n",
			 ALARM_RULES[raised[i]->kind].name, raised[i]->subject);
	free((void *)raised);
}

void alarms_show_burn(const struct alarms *a, const char *destination,
		      struct buf *out)
{
	static const struct {
		const char *name;
		int minutes;
	} rows[] = {{"5m", 5}, {"1h", 60}, {"6h", 6 * 60}};
	const struct target *t =
	    table_get(a->judge->targets, str_from(destination));
	for (size_t i = 0; t != NULL && i < sizeof(rows) / sizeof(*rows); i++)
		buf_addf(out, "\"slo_burn_%s\":%.2f,", rows[i].name,
			 t->slo != NULL ? slo_burn(t->slo, rows[i].minutes)
					: 0.0);
}

void alarms_show_status(const struct alarms *a, struct buf *out)
{
	const struct alarm **raised = NULL;
	size_t n = alarms_raised(a->judge->alarms, &raised);
	if (n > 0)
		buf_addf(out, "%zu alarm%s: %s%s%s%s", n, n == 1 ? "" : "s",
			 ALARM_RULES[raised[0]->kind].name,
			 raised[0]->subject[0] != '\0' ? " " : "",
			 raised[0]->subject, n > 1 ? ", ..." : "");
	free((void *)raised);
}
