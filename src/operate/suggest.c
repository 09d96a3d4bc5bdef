/* SPDX-License-Identifier: MIT */
/*
 * Edit distance in which swapping two neighbours counts as one mistake
 * (optimal string alignment). Words longer than WORD_MAX are never suggested
 * for: nobody misspells that much by one key. Pure.
 */
#include "operate/suggest.h"

#include <stdint.h>

enum { WORD_MAX = 64 };

/* Mistakes that still count as a slip: one in three characters. */
static size_t limit_of(struct str word)
{
	return word.n < 3 ? 1 : (word.n + 2) / 3;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t distance_between(struct str a, struct str b)
{
	size_t rows[3][WORD_MAX + 1]; /* two before, before, this */
	size_t *before2 = rows[0], *before = rows[1], *now = rows[2];
	for (size_t j = 0; j <= b.n; j++)
		before[j] = before2[j] = j;
	for (size_t i = 1; i <= a.n; i++) {
		now[0] = i;
		for (size_t j = 1; j <= b.n; j++) {
			bool same = a.p[i - 1] == b.p[j - 1];
			now[j] = before[j - 1] + (same ? 0 : 1);
			now[j] = least(now[j], before[j] + 1);
			now[j] = least(now[j], now[j - 1] + 1);
			if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] &&
			    a.p[i - 2] == b.p[j - 1])
				now[j] = least(now[j], before2[j - 2] + 1);
		}
		size_t *spare = before2;
		before2 = before;
		before = now;
		now = spare;
	}
	return before[b.n];
}

void suggestion_init(struct suggestion *s, struct str word)
{
	*s = (struct suggestion){.word = word, .distance = SIZE_MAX};
}

void suggestion_offer(struct suggestion *s, struct str candidate)
{
	if (s->word.n == 0 || s->word.n > WORD_MAX || candidate.n > WORD_MAX)
		return;
	size_t d = distance_between(s->word, candidate);
	if (d >= s->distance)
		return;
	s->distance = d;
	s->best = candidate;
}

struct str suggestion_best(const struct suggestion *s)
{
	return s->distance <= limit_of(s->word) ? s->best : STR_NONE;
}
