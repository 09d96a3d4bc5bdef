/* SPDX-License-Identifier: MIT */
/*
 * Alarms as messages to people: Slack's shape, JSON, a mail. One message may
 * hold several. Pure.
 */
#include "operate/alarms_send.h"

#include "base/clock.h"
#include "operate/alarms_judge.h"

enum { LINES_MAX = 64 * 1024 };

static const char *event_name(enum alarm_event e)
{
	static const char *const names[] = {"raised", "still raised",
					    "cleared"};
	return names[e];
}

static void add_line(struct buf *b, const struct notice *n)
{
	char span[SPAN_TEXT];
	buf_addf(b, "%s: %s", event_name(n->event), ALARM_RULES[n->kind].name);
	if (n->subject[0] != '\0')
		buf_addf(b, " %s", n->subject);
	buf_addf(b, " (%s)", severity_name(n->severity));
	if (n->event != ALARM_RAISED && n->at_ms > n->since_ms)
		buf_addf(b, " after %s",
			 span_text(n->at_ms - n->since_ms, span));
	/* What was is no news. */
	if (n->event != ALARM_CLEARED)
		buf_addf(b, "\n    %s", n->text);
	buf_add_char(b, '\n');
}

static void add_lines(struct buf *b, const struct notice *chain, size_t n)
{
	size_t shown = 0;
	for (; chain != NULL && shown < n && shown < NOTICES_SHOWN;
	     chain = chain->next, shown++)
		add_line(b, chain);
	if (n > shown)
		buf_addf(b, "and %zu more: leadbridgectl alarms\n", n - shown);
}

void notice_slack(const struct notice *chain, size_t n, const char *host,
		  struct buf *out)
{
	struct buf text;
	buf_init(&text, LINES_MAX);
	buf_addf(&text, "leadbridge on %s\n", host);
	add_lines(&text, chain, n);
	buf_addf(out, "{\"text\":");
	buf_add_json(out, str_trim(buf_str(&text)));
	buf_add_char(out, '}');
	buf_release(&text);
}

static void add_object(struct buf *b, const struct notice *n)
{
	char at[CLOCK_TEXT], since[CLOCK_TEXT];
	static const char *const words[] = {"raised", "repeated", "cleared"};
	clock_format(n->at_ms, at);
	clock_format(n->since_ms, since);
	buf_addf(b,
		 "{\"event\":\"%s\",\"name\":\"%s\",\"severity\":\"%s\","
		 "\"at\":\"%s\",\"since\":\"%s\",\"subject\":",
		 words[n->event], ALARM_RULES[n->kind].name,
		 severity_name(n->severity), at, since);
	buf_add_json(b, str_from(n->subject));
	buf_addf(b, ",\"text\":");
	buf_add_json(b, str_from(n->text));
	buf_add_char(b, '}');
}

void notice_json(const struct notice *chain, size_t n, const char *host,
		 struct buf *out)
{
	buf_addf(out, "{\"v\":1,\"from\":\"leadbridge\",\"host\":");
	buf_add_json(out, str_from(host));
	buf_addf(out, ",\"alarms\":[");
	for (size_t i = 0; chain != NULL && i < n; chain = chain->next, i++) {
		if (i > 0)
			buf_add_char(out, ',');
		add_object(out, chain);
	}
	buf_addf(out, "]}");
}

void notice_mail(const struct notice *chain, size_t n, const char *host,
		 struct buf *out)
{
	buf_addf(out, "Subject: leadbridge on %s: ", host);
	if (n == 1)
		buf_addf(out, "%s %s%s%s", event_name(chain->event),
			 ALARM_RULES[chain->kind].name,
			 chain->subject[0] != '\0' ? " " : "", chain->subject);
	else
		buf_addf(out, "%zu alarms changed", n);
	buf_addf(out, "\n\n");
	add_lines(out, chain, n);
}
