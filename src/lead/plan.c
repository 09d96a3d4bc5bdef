/* SPDX-License-Identifier: MIT */
/*
 * From digits to E.164: foreign prefix, trunk prefix, calling code, length.
 * Tries the readings in the order a person of the default region would mean
 * them and takes the first that fits a numbering plan. Pure.
 */
#include "lead/phone.h"

#include <string.h>

enum {
	BARE_LEAST = 11,    /* digits of a foreign number without any prefix */
	GENERIC_LEAST = 10, /* after a foreign prefix of an unknown country */
	CODE_LEAST = 6, /* after a calling code that was not marked as one */
	RUN_LEAST = 10, /* 1234567890; shorter runs are real numbers */
};

static bool starts(const char *d, size_t n, const char *prefix)
{
	size_t length = strlen(prefix);
	return n >= length && memcmp(d, prefix, length) == 0;
}

/* Area code and exchange [2-9]XX; area codes N11 are services. */
static bool nanp_ok(const char *d)
{
	return d[0] >= '2' && d[3] >= '2' && !(d[1] == '1' && d[2] == '1');
}

static bool length_ok(const struct region *r, const char *d, size_t n)
{
	/* Business numbers of Australia: 1300 and 1800 and six more. */
	if (r->calling == 61 && n == 10)
		return starts(d, n, "13") || starts(d, n, "18");
	return n >= r->min && n <= r->max;
}

static bool fits(const struct region *r, const char *d, size_t n)
{
	if (!length_ok(r, d, n))
		return false;
	if (r->calling == 1)
		return nanp_ok(d);
	return d[0] != '0' || (r->flag & REGION_ZERO) != 0;
}

/* Argentina's mobiles: inside, 15 stands between area code and number; from
 * abroad, 9 stands before the area code and the 15 is left out. */
static size_t argentina(char *d, size_t n)
{
	size_t at = d[0] == '9' && n == 13 ? 1 : 0;
	if (n - at != 12)
		return n;
	size_t area = starts(d + at, n - at, "11") ? 2 : 3;
	if (!starts(d + at + area, n - at - area, "15"))
		area = 4;
	if (!starts(d + at + area, n - at - area, "15"))
		return n;
	char fixed[PHONE_DIGITS_MAX];
	size_t tail = n - at - area - 2;
	fixed[0] = '9';
	memcpy(fixed + 1, d + at, area);
	memcpy(fixed + 1 + area, d + at + area + 2, tail);
	memcpy(d, fixed, 1 + area + tail);
	return 1 + area + tail;
}

static size_t drop(char *d, size_t n, size_t count)
{
	memmove(d, d + count, n - count);
	return n - count;
}

/* What people still write in front, from plans that were changed. */
static size_t national_habits(const struct region *r, char *d, size_t n)
{
	if (r->calling == 52) { /* Mexico: 1 for mobiles, 01, 044, 045 */
		if (n == 11 && d[0] == '1')
			return drop(d, n, 1);
		if (n == 12 && starts(d, n, "01"))
			return drop(d, n, 2);
		if (n == 13 && (starts(d, n, "044") || starts(d, n, "045")))
			return drop(d, n, 3);
	}
	if (r->calling == 54)
		return argentina(d, n);
	/* Brazil: the carrier's two digits after the trunk 0. */
	if (r->calling == 55 && (n == 13 || n == 14) && d[0] == '0')
		return drop(d, n, 3);
	/* Lithuania: the trunk prefix was 8 until 2024. */
	if (r->calling == 370 && n == 9 && d[0] == '8')
		return drop(d, n, 1);
	return n;
}

static void write_number(const struct region *r, const char *d, size_t n,
			 struct phone_number *out)
{
	char digits[3];
	size_t length = 0;
	for (unsigned c = r->calling; c > 0; c /= 10)
		digits[length++] = (char)('0' + c % 10);
	out->calling = length;
	char *p = out->e164;
	*p++ = '+';
	while (length > 0)
		*p++ = digits[--length];
	memcpy(p, d, n);
	p[n] = '\0';
	out->n = (size_t)(p - out->e164) + n;
	region_of_number(r->calling, d, n, out->country);
}

static size_t calling_length(const struct region *r)
{
	return r->calling < 10 ? 1 : r->calling < 100 ? 2 : 3;
}

static bool accept(const struct region *r, const char *digits, size_t n,
		   struct phone_number *out)
{
	char d[PHONE_DIGITS_MAX + 1];
	memcpy(d, digits, n);
	n = national_habits(r, d, n);
	size_t total = n + calling_length(r);
	if (!fits(r, d, n) || total > PHONE_E164_DIGITS ||
	    total < PHONE_LEAST_DIGITS)
		return false;
	write_number(r, d, n, out);
	return true;
}

/* The number after the calling code, or as dialled inside the country. */
static bool number_of(const struct region *r, const char *d, size_t n,
		      struct phone_number *out)
{
	size_t trunk = strlen(r->trunk);
	if (n == 0 || n > PHONE_DIGITS_MAX)
		return false;
	if (trunk > 0 && n > trunk && starts(d, n, r->trunk) &&
	    accept(r, d + trunk, n - trunk, out))
		return true;
	return accept(r, d, n, out);
}

/* Calling code and number; zero is 1 + the index of a "(0)", or 0. */
static bool international(const char *d, size_t n, size_t zero,
			  struct phone_number *out)
{
	size_t length;
	const struct region *r = region_calling(d, n, &length);
	if (r == NULL)
		return false;
	if (zero == length + 1 && (r->flag & REGION_ZERO) == 0)
		length++;
	return number_of(r, d + length, n - length, out);
}

static bool after_prefix(const struct phone_digits *in, size_t prefix,
			 size_t least, struct phone_number *out)
{
	if (in->n < prefix + least)
		return false;
	size_t zero = in->zeros > prefix ? in->zeros - prefix : 0;
	return international(in->d + prefix, in->n - prefix, zero, out);
}

static bool foreign(const struct phone_digits *in, const struct region *home,
		    struct phone_number *out)
{
	const char *idd = home != NULL ? home->idd : "";
	while (*idd != '\0') {
		size_t length = strcspn(idd, "/");
		if (in->n > length && memcmp(in->d, idd, length) == 0 &&
		    after_prefix(in, length, 0, out))
			return true;
		idd += length + (idd[length] == '/' ? 1 : 0);
	}
	/* People write 00 whatever their own country dials. */
	if (starts(in->d, in->n, "00") &&
	    after_prefix(in, 2, PHONE_LEAST_DIGITS, out))
		return true;
	return home == NULL && starts(in->d, in->n, "011") &&
	       after_prefix(in, 3, GENERIC_LEAST, out);
}

static bool bare(const struct phone_digits *in, const struct region *home,
		 struct phone_number *out)
{
	size_t length;
	const struct region *r = region_calling(in->d, in->n, &length);
	if (r == NULL)
		return false;
	if (home != NULL && home->calling == r->calling)
		return international(in->d, in->n, in->zeros, out);
	/* A guess: no trunk prefix is forgiven here. */
	bool zero = in->d[length] == '0' && (r->flag & REGION_ZERO) == 0;
	return in->n >= BARE_LEAST && !zero &&
	       international(in->d, in->n, in->zeros, out);
}

/* Digits that begin with the home's own calling code and are long enough to be
 * a number of it with and without that code. Who leaves a trunk prefix away has
 * taken the number from a program, and programs write the code. Not so where
 * there is none to leave away: Italian mobiles begin with 39. */
static bool code_is_meant(const struct phone_digits *in,
			  const struct region *home)
{
	size_t length = calling_length(home), own;
	if (in->n < length + CODE_LEAST + (length < 3) ||
	    (home->trunk[0] == '\0' && length < 3))
		return false;
	const struct region *r = region_calling(in->d, in->n, &own);
	return r != NULL && r->calling == home->calling &&
	       fits(home, in->d + length, in->n - length);
}

bool plan_resolve(const struct phone_digits *in, const struct region *home,
		  struct phone_number *out)
{
	if (in->n == 0 || in->over)
		return false;
	/* No calling code begins with 0: a plus before one means nothing. */
	if (in->plus && in->d[0] != '0')
		return international(in->d, in->n, in->zeros, out);
	if (foreign(in, home, out))
		return true;
	if (home != NULL && code_is_meant(in, home))
		return international(in->d, in->n, in->zeros, out);
	if (home != NULL && number_of(home, in->d, in->n, out))
		return true;
	return bare(in, home, out);
}

bool plan_fake(const char *d, size_t n)
{
	if (n < PHONE_LEAST_DIGITS)
		return false;
	size_t same = 1;
	while (same < n && d[n - 1 - same] == d[n - 1])
		same++;
	if (same >= PHONE_LEAST_DIGITS)
		return true;
	if (n < RUN_LEAST)
		return false;
	bool up = d[0] == '0' || d[0] == '1', down = d[0] == '9';
	for (size_t i = 1; i < n && (up || down); i++) {
		int step = (d[i] - d[i - 1] + 10) % 10;
		up = up && step == 1;
		down = down && step == 9;
	}
	return up || down;
}
