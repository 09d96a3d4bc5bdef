// SPDX-License-Identifier: MIT
/*
 * What it costs to turn a request into leads: verify, parse, map, render, for
 * every golden request that becomes a lead. Prints one line per request,
 *   KIND PLATFORM FOLDER/CASE BYTES LEADS MICROSECONDS
 * where KIND is C (an adapter) or P (a profile), and the time is the least of
 * several rounds, of processor time. tests/bench/run makes ratios of it.
 *   bench_mapping [ROUND_MS]
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <dirent.h>

#include "../sources/golden_sources.h"
#include "leadbridge/store.h"

enum { ROUNDS = 5, FILE_MAX = 1 << 20 };

static double cpu_us(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Leads of one pass, or 0. */
static unsigned once(const struct source *s, const struct golden_request *g)
{
	struct submission *sub = NULL;
	struct reply reply = {0};
	const char *why = NULL;
	unsigned leads = 0;
	if (source_process(s, &g->request, golden_secret(), &sub, &reply,
			   &why) != 0 ||
	    sub == NULL)
		return 0;
	for (uint32_t i = 0; i < sub->n_units; i++)
		leads += sub->units[i].state == UNIT_WAITING;
	submission_free(sub);
	return leads;
}

static double round_us(const struct source *s, const struct golden_request *g,
		       double round_ms)
{
	double began = cpu_us(), now = began;
	long n = 0;
	while (now - began < round_ms * 1e3) {
		for (int i = 0; i < 20; i++, n++)
			(void)once(s, g);
		now = cpu_us();
	}
	return (now - began) / (double)n;
}

static void measure(const struct golden_source *source, const char *name,
		    struct str text, double round_ms)
{
	struct golden_request g;
	golden_request_parse(text, &g);
	unsigned leads = once(source->source, &g);
	double best = 0;
	if (leads == 0)
		return;
	for (int i = 0; i < ROUNDS; i++) {
		double us = round_us(source->source, &g, round_ms);
		if (i == 0 || us < best)
			best = us;
	}
	(void)printf("%c %s %s/%s %zu %u %.2f\n",
		     source->source->ops->profile != NULL ? 'P' : 'C',
		     source->platform, source->folder, name, g.request.body.n,
		     leads, best);
}

static void measure_file(const struct golden_source *source, const char *name,
			 double round_ms)
{
	static char text[FILE_MAX];
	char path[1024];
	(void)snprintf(path, sizeof(path), "%s/tests/sources/golden/%s/%s",
		       LB_TREE, source->folder, name);
	FILE *f = fopen(path, "rb");
	if (f == NULL)
		return;
	size_t n = fread(text, 1, sizeof(text), f);
	(void)fclose(f);
	measure(source, name, (struct str){text, n}, round_ms);
}

int main(int argc, char **argv)
{
	double round_ms = argc > 1 ? strtod(argv[1], NULL) : 20;
	golden_setup();
	for (size_t i = 0; i < GOLDEN_SOURCES; i++) {
		char path[1024];
		(void)snprintf(path, sizeof(path), "%s/tests/sources/golden/%s",
			       LB_TREE, golden_sources[i].folder);
		struct dirent **list = NULL;
		int n = scandir(path, &list, NULL, alphasort);
		for (int k = 0; k < n; k++) {
			if (strstr(list[k]->d_name, ".request") != NULL)
				measure_file(&golden_sources[i],
					     list[k]->d_name, round_ms);
			free(list[k]);
		}
		free(list);
	}
	golden_teardown();
	return 0;
}
