/* SPDX-License-Identifier: MIT */
/* See the header. RFC 5322 for mailboxes and folding, RFC 3834 for what an
 * answering machine says of itself. */
#include "sources/mail.h"

#include "payload/payload.h"

enum { HEADERS_MAX = 200, LINES_MAX = 2000, PHONES_MAX = 10 };

struct mail {
	const struct source_call *call;
	const struct mail_rule *rule;
	const struct evaluation *v;
	struct value *out;
	struct {
		struct str name, value;
	} headers[HEADERS_MAX];
	size_t n_headers;
};

static void add_text(struct mail *m, struct value *to, const char *key,
		     struct str text)
{
	if (text.n == 0)
		return;
	struct value *v = value_new(m->call->arena, VALUE_STRING);
	v->key = str_from(key);
	v->text = text;
	value_append(to, v);
}

/* ---- headers ------------------------------------------------------------ */

static void note_header(struct mail *m, struct str name, struct str value)
{
	if (m->n_headers == HEADERS_MAX || name.n == 0)
		return;
	m->headers[m->n_headers].name = str_trim(name);
	m->headers[m->n_headers++].value = str_trim(value);
}

/* A line that begins with a blank goes on the one before. */
static void read_lines(struct mail *m, struct str text)
{
	while (text.n > 0) {
		const char *end = text.p;
		const char *stop = text.p + text.n;
		do {
			end = memchr(end, '\n', (size_t)(stop - end));
			end = end != NULL ? end + 1 : stop;
		} while (end < stop && (*end == ' ' || *end == '\t'));
		struct str value;
		struct str line = str_sub(text, 0, (size_t)(end - text.p));
		struct str name = str_cut(line, ':', &value);
		if (value.p != NULL)
			note_header(m, name, value);
		text = str_sub(text, (size_t)(end - text.p), text.n);
	}
}

/* [{"Name": ..., "Value": ...}] or [["Name", "value"]] */
static void read_list(struct mail *m, const struct value *list)
{
	VALUE_EACH (one, list) {
		if (one->type == VALUE_ARRAY)
			note_header(m, value_text(value_at(one, 0)),
				    value_text(value_at(one, 1)));
		else
			note_header(m, value_member(one, "Name"),
				    value_member(one, "Value"));
	}
}

static struct value *parse(struct mail *m, struct str text)
{
	static const struct payload_limits limits = {.depth = 8,
						     .values = 2000};
	struct value *out = NULL;
	if (payload_json(m->call->arena, text, &limits, true, &out, NULL) != 0)
		return NULL;
	return out;
}

static void read_headers(struct mail *m)
{
	const struct value *v = expression_value(&m->rule->headers, m->v);
	if (v == NULL)
		return;
	struct str text = value_text(v);
	if (text.n > 0 && text.p[0] == '[')
		v = parse(m, text);
	else if (text.n > 0)
		read_lines(m, text);
	if (v != NULL && v->type == VALUE_ARRAY)
		read_list(m, v);
}

static struct str header(const struct mail *m, const char *name)
{
	for (size_t i = 0; i < m->n_headers; i++)
		if (str_ieq(m->headers[i].name, str_from(name)))
			return m->headers[i].value;
	return STR_NONE;
}

/* ---- who wrote it ------------------------------------------------------- */

struct mailbox {
	struct str whole, name, address;
};

static struct mailbox mailbox_of(struct str text)
{
	struct mailbox b = {.whole = str_trim(text)};
	struct str rest;
	struct str front = str_cut(b.whole, '<', &rest);
	if (rest.p == NULL) {
		b.address = str_trim(str_cut(front, ',', &rest));
		return b;
	}
	b.name = str_trim(front);
	while (b.name.n > 0 && strchr("\" ", b.name.p[0]) != NULL)
		b.name = str_sub(b.name, 1, b.name.n);
	while (b.name.n > 0 && strchr("\" ", b.name.p[b.name.n - 1]) != NULL)
		b.name.n--;
	b.address = str_trim(str_cut(rest, '>', &rest));
	return b;
}

/* Nobody reads what is sent there. */
static bool answers_nobody(struct str address)
{
	static const char *const words[] = {"noreply", "no-reply", "donotreply",
					    "do-not-reply"};
	struct str rest, who = str_cut(address, '@', &rest);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_ieq(who, str_from(words[i])))
			return true;
	return false;
}

static bool is_robot(struct str address)
{
	struct str rest, who = str_cut(address, '@', &rest);
	return answers_nobody(address) || str_ieq(who, STR("mailer-daemon")) ||
	       str_ieq(who, STR("postmaster"));
}

/* Of a list, which says so. */
static bool is_listed(const struct mail *m)
{
	static const char *const names[] = {"List-Id", "List-Post",
					    "List-Unsubscribe"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (header(m, names[i]).n > 0)
			return true;
	return false;
}

/* A portal writes on behalf of a person, who is in Reply-To; many mark all they
 * send as bulk. */
static bool is_machine(const struct mail *m, const struct mailbox *from,
		       const struct mailbox *reply)
{
	static const char *const bulk[] = {"bulk", "list", "junk"};
	bool portal = reply->address.n > 0 &&
		      !str_ieq(reply->address, from->address) &&
		      !is_robot(reply->address);
	for (size_t i = 0; i < m->n_headers; i++) {
		struct str value = m->headers[i].value;
		if (str_ieq(m->headers[i].name, STR("Auto-Submitted")) &&
		    (str_istarts(value, STR("auto-replied")) ||
		     (!portal && str_istarts(value, STR("auto-")))))
			return true;
		for (size_t k = 0; k < 3; k++)
			if (str_ieq(m->headers[i].name, STR("Precedence")) &&
			    str_ieq(value, str_from(bulk[k])) &&
			    (k > 0 || !portal || is_listed(m)))
				return true;
	}
	return !portal && is_robot(from->address);
}

/* "Doe, Jane" is written by directories. */
static void add_name(struct mail *m, struct str name)
{
	long at = str_find_str(name, STR(", "));
	if (at < 0) {
		add_text(m, m->out, "name", name);
		return;
	}
	struct value *both = value_new(m->call->arena, VALUE_OBJECT);
	both->key = STR("name");
	add_text(m, both, "first", str_sub(name, (size_t)at + 2, name.n));
	add_text(m, both, "last", str_sub(name, 0, (size_t)at));
	value_append(m->out, both);
}

static void add_person(struct mail *m)
{
	struct str given = expression_text(&m->rule->reply_to, m->v);
	struct mailbox reply =
	    mailbox_of(given.n > 0 ? given : header(m, "Reply-To"));
	struct mailbox from = mailbox_of(expression_text(&m->rule->from, m->v));
	struct str name = expression_text(&m->rule->name, m->v);
	bool own = reply.address.n == 0 || str_ieq(reply.address, from.address);
	if (!is_machine(m, &from, &reply)) {
		struct value *yes = value_new(m->call->arena, VALUE_BOOL);
		yes->key = STR("person");
		yes->truth = true;
		yes->text = STR("true");
		value_append(m->out, yes);
	}
	bool to_reply = reply.address.n > 0 && !answers_nobody(reply.address);
	add_text(m, m->out, "email", to_reply ? reply.whole : from.whole);
	if (reply.name.n > 0)
		add_name(m, reply.name);
	else if (own)
		add_name(m, name.n > 0 ? name : from.name);
}

/* ---- what it says ------------------------------------------------------- */

static void add_phones(struct mail *m, struct value *list, struct str text)
{
	static const char *const labels[] = {
	    "phone", "phone number", "telephone", "tel", "mobile", "cell"};
	for (int n = 0; text.n > 0 && n < LINES_MAX; n++) {
		struct str rest, value, more;
		struct str line = str_cut(text, '\n', &rest);
		text = rest;
		struct str label = str_trim(str_cut(line, ':', &value));
		(void)str_cut(value, ':', &more);
		if (value.n == 0 || more.p != NULL || label.p[0] == '>')
			continue;
		for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
			if (str_ieq(label, str_from(labels[i])) &&
			    list->count < PHONES_MAX)
				add_text(m, list, "", str_trim(value));
	}
}

/* What stands between the tags. */
static struct str without_markup(struct arena *arena, struct str html)
{
	char *text = arena_alloc(arena, html.n + 1), *to = text;
	bool inside = false;
	for (size_t i = 0; i < html.n; i++) {
		char c = html.p[i];
		if (c == '<')
			inside = true;
		else if (c == '>' && inside)
			*to++ = ' ';
		else if (!inside)
			*to++ = c;
		inside = inside && c != '>';
	}
	return (struct str){text, (size_t)(to - text)};
}

static void add_message(struct mail *m)
{
	struct str text = expression_text(&m->rule->text, m->v);
	struct value *phones = value_new(m->call->arena, VALUE_ARRAY);
	phones->key = STR("phones");
	add_phones(m, phones, text);
	add_phones(m, phones, expression_text(&m->rule->signature, m->v));
	value_append(m->out, phones);
	if (text.n == 0)
		text = without_markup(m->call->arena,
				      expression_text(&m->rule->html, m->v));
	add_text(m, m->out, "message", str_trim(text));
}

/* Text of JSON: {"from": ..., "to": [...]} */
static void add_envelope(struct mail *m)
{
	struct str text = expression_text(&m->rule->envelope, m->v);
	const struct value *e = text.n > 0 ? parse(m, text) : NULL;
	const struct value *to = value_get(e, "to");
	add_text(m, m->out, "sender", value_member(e, "from"));
	add_text(m, m->out, "recipient",
		 value_text(to != NULL && to->type == VALUE_ARRAY
				? value_at(to, 0)
				: to));
}

bool mail_is_programmed(const struct mail_rule *rule)
{
	return expression_is_jq(&rule->from) || expression_is_jq(&rule->name) ||
	       expression_is_jq(&rule->reply_to) ||
	       expression_is_jq(&rule->headers) ||
	       expression_is_jq(&rule->text) ||
	       expression_is_jq(&rule->signature) ||
	       expression_is_jq(&rule->html) ||
	       expression_is_jq(&rule->envelope);
}

struct value *mail_read(const struct source_call *call,
			const struct mail_rule *rule,
			const struct evaluation *v)
{
	struct mail m = {.call = call,
			 .rule = rule,
			 .v = v,
			 .out = value_new(call->arena, VALUE_OBJECT)};
	m.out->key = STR("mail");
	read_headers(&m);
	add_text(&m, m.out, "message_id", header(&m, "Message-ID"));
	add_person(&m);
	add_message(&m);
	add_envelope(&m);
	return m.out;
}
