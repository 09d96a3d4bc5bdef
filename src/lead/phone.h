/* SPDX-License-Identifier: MIT */
/*
 * Inside lead/: the numbering plans. phone.c takes text apart into digits,
 * plan.c finds the country those digits belong to, phone_table.c is the table.
 */
#ifndef LB_LEAD_PHONE_H
#define LB_LEAD_PHONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "leadbridge/str.h"

enum {
	PHONE_DIGITS_MAX = 24,   /* digits kept; more is no phone number */
	PHONE_TEXT_MAX = 256,    /* bytes of text that are looked at */
	PHONE_TYPED_MAX = 40,    /* bytes of a number sent as typed */
	PHONE_E164_DIGITS = 15,  /* E.164: calling code and number together */
	PHONE_LEAST_DIGITS = 7,  /* of a number that can be called */
	PHONE_EXTENSION_MAX = 7, /* digits */
};

/* A number may begin with 0 after the calling code (Italy). */
enum region_flag { REGION_ZERO = 1 };

struct region {
	char code[4];     /* ISO 3166, "" for a calling code without one */
	uint16_t calling; /* the first row of a calling code is the main one */
	char trunk[4];    /* dialled before a number inside the country */
	char idd[16];     /* dialled before a foreign number; '/' between */
	uint8_t min, max; /* digits after the calling code */
	uint16_t flag;    /* enum region_flag */
};

extern const struct region region_table[];
extern const size_t region_count;

const struct region *region_find(const char *code); /* NULL: unknown */
/* Main region of the calling code that begins digits; *length is the code's. */
const struct region *region_calling(const char *digits, size_t n,
				    size_t *length);
/* Region of a number of a calling code: shared calling codes are told apart by
 * the first digits. "" where they do not tell. */
void region_of_number(unsigned calling, const char *number, size_t n,
		      char code[3]);

struct phone_digits {
	char d[PHONE_DIGITS_MAX + 1];
	size_t n;
	bool plus;    /* began with '+' */
	bool over;    /* more digits than are kept */
	size_t zeros; /* 1 + index of a 0 that stood in parentheses, or 0 */
};

struct phone_number {
	char e164[PHONE_E164_DIGITS + 2]; /* "+…" and NUL */
	size_t n;
	size_t calling; /* digits of the calling code */
	char country[3];
};

/* Whether the digits are a number of a country; home is the default region or
 * NULL. */
bool plan_resolve(const struct phone_digits *digits, const struct region *home,
		  struct phone_number *out);
/* 1234567890, 0000000, 5555555555: typed to get past a form. */
bool plan_fake(const char *digits, size_t n);
/* Digits in the text, in any script. */
size_t phone_count_digits(struct str text);

#endif
