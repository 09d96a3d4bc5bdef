/* SPDX-License-Identifier: MIT */
/*
 * From what people, forms and switches write to digits: folds scripts and
 * blanks, knows withheld callers, takes extensions and second numbers off,
 * spells vanity letters. The country is plan.c's matter. Pure; never fails,
 * the result says what it was.
 */
#include "lead/phone.h"

#include "lead/text.h"
#include "leadbridge/lead.h"

/* The text, folded: ASCII in lower case, other letters as they are. */
struct line {
	char s[PHONE_TEXT_MAX];
	size_t n;
};

/* What a line was taken apart into. */
struct reading {
	struct phone_digits digits;
	struct str tail;  /* what follows the number */
	struct str slash; /* tail began with '/': may be part of the number */
};

static const char *const withheld_words[] = {
    "anonymous",
    "anonym",
    "anonyme",
    "anonimo",
    "restricted",
    "private",
    "private number",
    "private caller",
    "unavailable",
    "unknown",
    "unknown caller",
    "unknown number",
    "blocked",
    "withheld",
    "number withheld",
    "no caller id",
    "no number",
    "not available",
    "none",
    "asserted-identity",
    "+",
    NULL,
};

/* The same words on a keypad: switches that can only send digits. */
static const char *const withheld_digits[] = {
    "266696687", "7378742833", "86282452253", "2562533",
    "8656696",   "7748283",    NULL,
};

static char lower(uint32_t c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (unsigned char)c >= 0x80;
}

static void fold(struct str text, struct line *out)
{
	out->n = 0;
	for (size_t at = 0; at < text.n;) {
		uint32_t c = text_narrow(text_next(text, &at));
		int digit = text_digit(c);
		if (out->n + 4 > sizeof(out->s))
			return;
		if (digit >= 0)
			out->s[out->n++] = (char)('0' + digit);
		else if (c == '\n' || c == 0x2028)
			out->s[out->n++] = '\n';
		else if (text_blank(c))
			out->s[out->n++] = ' ';
		else if (c < 0x80 && c >= 0x20)
			out->s[out->n++] = lower(c);
		else if (!text_invisible(c))
			out->n += text_put(out->s + out->n, c);
	}
}

size_t phone_count_digits(struct str text)
{
	size_t n = 0;
	for (size_t at = 0; at < text.n;)
		if (text_digit(text_next(text, &at)) >= 0)
			n++;
	return n;
}

/* Quotes, angle and other brackets around the whole. */
static struct str unwrap(struct str s)
{
	s = str_trim(s);
	while (s.n >= 2 && strchr("\"'<[(", s.p[0]) != NULL &&
	       strchr("\"'>])", s.p[s.n - 1]) != NULL)
		s = str_trim(str_sub(s, 1, s.n - 1));
	return s;
}

/* Takes "tel:", "sip:" … off, also behind a display name. False: what is
 * left is no telephone number. */
static bool strip_scheme(struct str *s)
{
	static const char *const schemes[] = {
	    "tel:",  "callto:", "whatsapp:", "sms:", "smsto:",
	    "sips:", "sip:",    "phone:",    "p:",   "wa.me/"};
	bool scheme = str_find(*s, ':') >= 0 || str_find(*s, '/') >= 0;
	for (size_t i = 0; scheme && i < sizeof(schemes) / sizeof(schemes[0]);
	     i++) {
		long at = str_find_str(*s, str_from(schemes[i]));
		if (at < 0 || (at > 0 && is_letter(s->p[at - 1])))
			continue;
		*s = str_sub(*s, (size_t)at + strlen(schemes[i]), s->n);
		long host = str_find(*s, '@');
		if (host >= 0)
			*s = str_sub(*s, 0, (size_t)host);
		break;
	}
	*s = unwrap(*s);
	return !str_starts(*s, STR("client:")) && str_find(*s, '@') < 0;
}

/* A JSON or spreadsheet number: "5205550123.0", "5.205550123e9". */
static bool exact_number(struct str s, struct phone_digits *out)
{
	size_t i = 0, point = 0;
	*out = (struct phone_digits){0};
	while (i < s.n && (is_digit(s.p[i]) || (s.p[i] == '.' && point == 0))) {
		if (s.p[i] == '.')
			point = out->n + 1;
		else if (out->n < PHONE_DIGITS_MAX)
			out->d[out->n++] = s.p[i];
		i++;
	}
	if (point < 2)
		return false;
	size_t whole = point - 1, fraction = out->n - whole;
	if (i == s.n) {
		out->n = whole;
		return fraction == 1 && out->d[whole] == '0' &&
		       whole >= PHONE_LEAST_DIGITS;
	}
	struct str exponent = str_sub(s, i + 1, s.n);
	if (str_starts(exponent, STR("+")))
		exponent = str_sub(exponent, 1, exponent.n);
	int64_t e;
	if (s.p[i] != 'e' || str_to_int(exponent, 6, 14, &e) != 0 ||
	    whole != 1 || fraction > (size_t)e)
		return false;
	while (out->n < (size_t)e + 1)
		out->d[out->n++] = '0';
	return true;
}

/* First digit of the number, or the '+' before it; labels are passed over,
 * and so are codes that hide the caller ("*67", "#31#"). */
static size_t find_start(struct str s)
{
	size_t i = 0;
	while (i < s.n && !is_digit(s.p[i]) && s.p[i] != '+') {
		bool code = s.p[i] == '*' || s.p[i] == '#';
		i++;
		size_t end = i;
		while (code && end < s.n && end < i + 2 && is_digit(s.p[end]))
			end++;
		if (code && end == i + 2 && end < s.n && !is_digit(s.p[end]))
			i = end;
	}
	return i;
}

static void push(struct phone_digits *d, char c)
{
	if (d->n < PHONE_DIGITS_MAX)
		d->d[d->n++] = c;
	else
		d->over = true;
}

/* "(0)" at i: the trunk prefix, shown to those who do not need it. */
static bool zero_in_parentheses(struct str s, size_t i)
{
	return s.p[i] == '0' && i > 0 && s.p[i - 1] == '(' && i + 1 < s.n &&
	       s.p[i + 1] == ')';
}

/* Whether the number ends before c: n digits were read. */
static bool ends_number(char c, size_t n)
{
	if (is_letter(c) || c == '#')
		return true;
	return n >= PHONE_LEAST_DIGITS && strchr(",;|&\n+/", c) != NULL;
}

static void read_number(struct str s, struct reading *out)
{
	struct phone_digits *d = &out->digits;
	size_t i = 0;
	for (; i < s.n && !ends_number(s.p[i], d->n); i++) {
		if (s.p[i] == '+' && d->n == 0)
			d->plus = true;
		if (!is_digit(s.p[i]))
			continue;
		if (d->zeros == 0 && zero_in_parentheses(s, i))
			d->zeros = d->n + 1;
		push(d, s.p[i]);
	}
	out->tail = str_sub(s, i, s.n);
	out->slash = i < s.n && s.p[i] == '/' ? out->tail : STR_NONE;
}

/* Words that announce an extension. Longer ones first. */
static const char *const extension_words[] = {
    "extension", "durchwahl", "toestel", "interno", "extn",   "anexo",
    "ramal",     "poste",     "klappe",  "wewn",    "linka",  "доб",
    "вн",        "内線",      "內線",    "分机",    "內分機", "내선",
    "ext",       "int",       "xtn",     "dw",      "x",
};

static size_t extension_word(struct str s)
{
	for (size_t i = 0;
	     i < sizeof(extension_words) / sizeof(extension_words[0]); i++) {
		struct str word = str_from(extension_words[i]);
		if (str_starts(s, word))
			return word.n;
	}
	return 0;
}

static size_t skip(struct str s, size_t i, const char *set)
{
	while (i < s.n && strchr(set, s.p[i]) != NULL)
		i++;
	return i;
}

/* The extension at the start of tail; what follows it stays in tail. */
static struct str take_extension(struct str *tail)
{
	struct str s = *tail;
	size_t i = skip(s, 0, " ([-");
	size_t mark = i;
	i = skip(s, i, ",;#");
	bool pause = i > mark;
	i = skip(s, i, " ");
	size_t word = extension_word(str_sub(s, i, s.n));
	if (word == 0 && !pause)
		return STR_NONE;
	i = skip(s, i + word, " .:=#-");
	size_t end = i;
	while (end < s.n && is_digit(s.p[end]))
		end++;
	size_t most = word > 0 ? PHONE_EXTENSION_MAX : PHONE_LEAST_DIGITS - 1;
	if (end == i || end - i > most)
		return STR_NONE;
	/* After a mere comma a longer run of digits is a second number. */
	if (word == 0 &&
	    phone_count_digits(str_sub(s, i, s.n)) >= PHONE_LEAST_DIGITS)
		return STR_NONE;
	*tail = str_sub(s, end, s.n);
	return str_sub(s, i, end);
}

/* A second number in what is left, without the word between. */
static struct str take_rest(struct str tail)
{
	size_t at = find_start(tail);
	struct str rest = str_trim(str_sub(tail, at, tail.n));
	if (phone_count_digits(rest) < PHONE_LEAST_DIGITS)
		return STR_NONE;
	if (at > 0 && tail.p[at - 1] == '(')
		rest = (struct str){rest.p - 1, rest.n + 1};
	return text_cut(rest, PHONE_TYPED_MAX);
}

static bool toll_free(const struct phone_digits *d)
{
	const char *area = d->n > 0 && d->d[0] == '1' ? d->d + 1 : d->d;
	return d->d + d->n >= area + 3 && area[0] == '8' && area[1] == area[2];
}

/* "1-800-flowers": digits first, then letters. Letters past the end of a
 * toll-free number are for show. */
static bool spell(struct reading *r, const struct region *home,
		  struct phone_number *out)
{
	static const char keypad[] = "22233344455566677778889999";
	struct phone_digits d = r->digits;
	bool free_call = toll_free(&d);
	if (d.n < 3 || r->tail.n == 0)
		return false;
	for (size_t i = 0; i < r->tail.n; i++) {
		char c = r->tail.p[i];
		if (c >= 'a' && c <= 'z')
			push(&d, keypad[c - 'a']);
		else if (is_digit(c))
			push(&d, c);
		else if (c != '-' && c != '.' && !(c == ' ' && free_call))
			return false;
	}
	size_t most = d.d[0] == '1' ? 11 : 10;
	if (free_call && d.n > most && !d.over)
		d.n = most;
	if (!plan_resolve(&d, home, out))
		return false;
	r->digits = d;
	r->tail = STR_NONE;
	return true;
}

static bool withheld_number(const struct phone_digits *d)
{
	struct str s = {d->d, d->n};
	struct str local = s.n > 0 && s.p[0] == '1' ? str_sub(s, 1, s.n) : s;
	return text_in_exactly(s, withheld_digits) ||
	       text_in_exactly(local, withheld_digits);
}

/* Reads the number; true when it fits a plan. */
static bool read_line(struct str s, const struct region *home,
		      struct reading *r, struct phone_number *number)
{
	struct phone_digits exact;
	if (exact_number(s, &exact)) {
		r->digits = exact;
		return plan_resolve(&r->digits, home, number);
	}
	read_number(str_sub(s, find_start(s), s.n), r);
	if (r->digits.n < PHONE_LEAST_DIGITS && r->tail.n > 0 &&
	    is_letter(r->tail.p[0]) && spell(r, home, number))
		return true;
	if (plan_resolve(&r->digits, home, number))
		return true;
	if (r->slash.p == NULL)
		return false;
	/* "+49 (0)6131/123456": the stroke was inside the number. */
	struct reading whole = {.digits = r->digits};
	struct reading more = {0};
	read_number(str_sub(r->slash, 1, r->slash.n), &more);
	for (size_t i = 0; i < more.digits.n; i++)
		push(&whole.digits, more.digits.d[i]);
	if (more.digits.over || more.digits.plus ||
	    !plan_resolve(&whole.digits, home, number))
		return false;
	whole.tail = more.tail;
	*r = whole;
	return true;
}

/* Six digits and less are for services, but where there are no area codes
 * they may be somebody's number. */
static bool short_code(const struct phone_digits *d, const struct region *home)
{
	if (d->plus || d->n >= PHONE_LEAST_DIGITS)
		return false;
	return home == NULL || d->n < home->min || home->trunk[0] != '\0' ||
	       (home->flag & REGION_ZERO) != 0;
}

static void settle(struct arena *a, const struct reading *r,
		   const struct phone_number *number, struct phone *out)
{
	struct str tail = r->tail;
	if (tail.n > 0) {
		out->extension = arena_copy(a, take_extension(&tail));
		out->rest = arena_copy(a, take_rest(tail));
	}
	struct str e164 = {number->e164, number->n};
	size_t calling = number->calling + 1;
	if (plan_fake(e164.p + calling, e164.n - calling))
		return;
	out->result = PHONE_OK;
	out->e164 = arena_copy(a, e164);
	memcpy(out->country, number->country, sizeof(out->country));
}

void phone_parse(struct arena *a, struct str text, const char *country,
		 struct phone *out)
{
	*out = (struct phone){.result = PHONE_NONE};
	text = str_trim(text);
	if (text.n == 0)
		return;
	out->raw = text_cut(text, PHONE_TEXT_MAX);
	struct line line;
	fold(out->raw, &line);
	struct str s = unwrap((struct str){line.s, line.n});
	bool number_like = strip_scheme(&s);
	if (text_in(s, withheld_words)) {
		out->result = PHONE_WITHHELD;
		return;
	}
	if (!number_like)
		return;
	const struct region *home = region_find(country);
	struct reading r = {0};
	struct phone_number number;
	bool fits = read_line(s, home, &r, &number);
	if (withheld_number(&r.digits))
		out->result = PHONE_WITHHELD;
	else if (plan_fake(r.digits.d, r.digits.n) ||
		 short_code(&r.digits, home))
		out->result = PHONE_NONE;
	else if (fits)
		settle(a, &r, &number, out);
	else if (r.digits.n >= PHONE_LEAST_DIGITS)
		out->result = PHONE_ODD;
}

bool phone_country_ok(const char *country)
{
	return region_find(country) != NULL;
}
