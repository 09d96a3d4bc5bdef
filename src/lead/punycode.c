/* SPDX-License-Identifier: MIT */
/*
 * Host names with letters outside ASCII, as the network knows them (RFC 3492).
 * Letters are lower-cased where Latin, Greek and Cyrillic need it; a label
 * whose letters come apart into base and accent is refused rather than guessed.
 */
#include "lead/fields.h"
#include "lead/text.h"

enum {
	BASE = 36,
	T_MIN = 1,
	T_MAX = 26,
	SKEW = 38,
	DAMP = 700,
	FIRST_BIAS = 72,
	FIRST_CODE = 128,
	LABEL_MAX = 63,
	HOST_MAX = 253,
};

static uint32_t lower(uint32_t c)
{
	if ((c >= 'A' && c <= 'Z') || (c >= 0xC0 && c <= 0xDE && c != 0xD7) ||
	    (c >= 0x391 && c <= 0x3A9) || (c >= 0x410 && c <= 0x42F))
		return c + 32;
	if (c >= 0x400 && c <= 0x40F)
		return c + 80;
	bool even = (c >= 0x100 && c <= 0x137) || (c >= 0x14A && c <= 0x177) ||
		    (c >= 0x460 && c <= 0x481) || (c >= 0x48A && c <= 0x4BF);
	bool odd = (c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E);
	if ((even && c % 2 == 0) || (odd && c % 2 == 1))
		return c + 1;
	return c;
}

static uint32_t adapt(uint32_t delta, uint32_t points, bool first)
{
	uint32_t k = 0;
	delta = first ? delta / DAMP : delta / 2;
	delta += delta / points;
	while (delta > (BASE - T_MIN) * T_MAX / 2) {
		delta /= BASE - T_MIN;
		k += BASE;
	}
	return k + (BASE - T_MIN + 1) * delta / (delta + SKEW);
}

static void add_delta(uint32_t delta, uint32_t bias, struct buf *out)
{
	static const char digit[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	for (uint32_t k = BASE;; k += BASE) {
		uint32_t t = k <= bias           ? T_MIN
			     : k >= bias + T_MAX ? T_MAX
						 : k - bias;
		if (delta < t)
			break;
		buf_add_char(out, digit[t + (delta - t) % (BASE - t)]);
		delta = (delta - t) / (BASE - t);
	}
	buf_add_char(out, digit[delta]);
}

/* The smallest code point that is not below `least`. */
static uint32_t next_code(const uint32_t *c, size_t n, uint32_t least)
{
	uint32_t best = UINT32_MAX;
	for (size_t i = 0; i < n; i++)
		if (c[i] >= least && c[i] < best)
			best = c[i];
	return best;
}

static void encode(const uint32_t *c, size_t n, struct buf *out)
{
	uint32_t basic = 0;
	buf_add(out, "xn--", 4);
	for (size_t i = 0; i < n; i++) {
		if (c[i] >= FIRST_CODE)
			continue;
		buf_add_char(out, (char)c[i]);
		basic++;
	}
	if (basic > 0)
		buf_add_char(out, '-');
	uint32_t code = FIRST_CODE, delta = 0, bias = FIRST_BIAS;
	/* At most 63 code points below 2^21: delta cannot wrap. */
	for (uint32_t done = basic; done < n;) {
		uint32_t next = next_code(c, n, code);
		delta += (next - code) * (done + 1);
		code = next;
		for (size_t i = 0; i < n; i++) {
			if (c[i] < code)
				delta++;
			if (c[i] != code)
				continue;
			add_delta(delta, bias, out);
			bias = adapt(delta, done + 1, done == basic);
			delta = 0;
			done++;
		}
		delta++;
		code++;
	}
}

static bool add_label(const uint32_t *c, size_t n, bool ascii, struct buf *out)
{
	size_t before = out->n;
	if (!ascii)
		encode(c, n, out);
	for (size_t i = 0; ascii && i < n; i++)
		buf_add_char(out, (char)c[i]);
	return !out->over && out->n - before <= LABEL_MAX;
}

static bool is_dot(uint32_t c)
{
	return c == '.' || c == 0x3002 || c == 0xFF0E || c == 0xFF61;
}

static bool usable(uint32_t c)
{
	return c != 0xFFFD && !text_blank(c) && !text_invisible(c) &&
	       !(c >= 0x300 && c <= 0x36F) && !(c >= 0x80 && c < 0xC0);
}

struct str punycode_host(struct arena *a, struct str host)
{
	struct buf out;
	buf_init(&out, HOST_MAX);
	uint32_t label[LABEL_MAX];
	size_t n = 0;
	bool ascii = true, good = true;
	for (size_t at = 0; good && at < host.n;) {
		uint32_t c = text_next(host, &at);
		if (is_dot(c)) {
			good = add_label(label, n, ascii, &out);
			buf_add_char(&out, '.');
			n = 0;
			ascii = true;
			continue;
		}
		c = lower(text_narrow(c));
		good = usable(c) && n < LABEL_MAX;
		if (good)
			label[n++] = c;
		ascii = ascii && c < 0x80;
	}
	good = good && add_label(label, n, ascii, &out);
	struct str name = good ? arena_copy_buf(a, &out) : STR_NONE;
	buf_release(&out);
	return name;
}
