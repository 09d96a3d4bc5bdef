/* SPDX-License-Identifier: MIT */
/* The command line of leadbridged: one table, and what needs no daemon. */
#include "operate/options.h"

#include <stdio.h>
#include <string.h>

#include "leadbridge/config.h"
#include "operate/profiles.h"

static const struct option_row {
	const char *name;
	enum action action;
	const char *help;
} OPTIONS[] = {
    {"--check", ACTION_CHECK,
     "check the configuration, list every problem, exit 0 or 1"},
    {"--print-config", ACTION_PRINT_CONFIG,
     "print every key with its value in force, secrets as ***"},
    {"--print-sample", ACTION_PRINT_SAMPLE,
     "print a sample configuration with every key explained"},
    {"--print-manual", ACTION_PRINT_MANUAL,
     "print the key section of leadbridge.yaml(5), in scdoc"},
    {"--list-platforms", ACTION_LIST_PLATFORMS,
     "print the platforms a source can have"},
    {"--version", ACTION_VERSION, "print the version"},
    {"--help", ACTION_HELP, "print this"},
};
enum { N_OPTIONS = sizeof(OPTIONS) / sizeof(OPTIONS[0]) };

#define DEFAULT_CONFIG "/etc/leadbridge/leadbridge.yaml"

static void print_help(FILE *to)
{
	(void)fprintf(to,
		      "usage: leadbridged [--config FILE] [--check | ...]\n\n"
		      "Takes webhooks, puts them on disk, delivers them as "
		      "leads to a CRM.\n"
		      "Without another option it runs until SIGTERM; SIGHUP "
		      "reloads,\nSIGUSR1 reopens log files.\n\n"
		      "  %-18s %s\n",
		      "--config FILE", "default " DEFAULT_CONFIG);
	for (size_t i = 0; i < N_OPTIONS; i++)
		(void)fprintf(to, "  %-18s %s\n", OPTIONS[i].name,
			      OPTIONS[i].help);
	(void)fprintf(to, "\nExit: 0 done, 1 configuration or start failed, "
			  "2 wrong usage, 3 storage failed.\n");
}

static int bad_usage(const char *problem, const char *subject)
{
	(void)fprintf(stderr, "leadbridged: %s '%s' (see --help)\n", problem,
		      subject);
	return LB_EINVAL;
}

int options_parse(int argc, char **argv, struct options *out)
{
	*out = (struct options){ACTION_RUN, DEFAULT_CONFIG};
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--config") == 0) {
			if (++i == argc)
				return bad_usage("no file given after",
						 "--config");
			out->config = argv[i];
			continue;
		}
		if (strncmp(argv[i], "--config=", 9) == 0) {
			out->config = argv[i] + 9;
			continue;
		}
		size_t k = 0;
		while (k < N_OPTIONS && strcmp(argv[i], OPTIONS[k].name) != 0)
			k++;
		if (k == N_OPTIONS)
			return bad_usage("unknown option", argv[i]);
		out->action = OPTIONS[k].action;
	}
	return 0;
}

void options_print_problems(const struct config_problems *problems)
{
	struct buf line;
	buf_init(&line, 8192);
	for (size_t i = 0; i < problems->n; i++) {
		buf_reset(&line);
		config_problem_print(&problems->v[i], &line);
		(void)fprintf(stderr, "%s\n", line.p);
	}
	buf_release(&line);
}

static int check(const struct options *o, bool print)
{
	struct config *config = NULL;
	struct config_problems problems = {0};
	int rc = config_load(o->config, &config, &problems);
	options_print_problems(&problems);
	if (rc == 0 && print) {
		struct buf text;
		buf_init(&text, (size_t)16 << 20);
		config_print(config, &text);
		(void)fwrite(text.p, 1, text.n, stdout);
		buf_release(&text);
	} else if (rc == 0) {
		(void)printf("%s: ok, %zu source%s, %zu destination%s\n",
			     o->config, config->n_sources,
			     config->n_sources == 1 ? "" : "s",
			     config->n_destinations,
			     config->n_destinations == 1 ? "" : "s");
	} else {
		(void)fprintf(stderr, "%s: %zu error%s\n", o->config,
			      problems.errors, problems.errors == 1 ? "" : "s");
	}
	config_problems_release(&problems);
	config_unref(config);
	return rc == 0 ? 0 : 1;
}

static int print_buf(void (*make)(struct buf *))
{
	struct buf text;
	buf_init(&text, (size_t)1 << 20);
	make(&text);
	size_t wrote = fwrite(text.p, 1, text.n, stdout);
	int rc = wrote == text.n && !text.over ? 0 : 1;
	buf_release(&text);
	return rc;
}

static void list_platform(const struct source_ops *ops)
{
	if (ops->flags & SOURCE_NO_LEADS)
		(void)printf("%-22s no leads\n", ops->platform);
	else
		(void)printf("%-22s %s/%s\n", ops->platform,
			     ops->source_platform != NULL ? ops->source_platform
							  : "as configured",
			     ops->source_type != NULL ? ops->source_type
						      : "as configured");
}

/* Those in C, then those of the profiles that are installed. */
static int list_platforms(void)
{
	const struct source_ops *ops;
	for (size_t i = 0; (ops = source_ops_at(i)) != NULL; i++)
		list_platform(ops);
	struct config_problems problems = {0};
	struct profile_list profiles = {0};
	profiles_installed(&profiles, &problems);
	for (size_t i = 0; i < profiles.n; i++)
		list_platform(&profiles.v[i]->ops);
	options_print_problems(&problems);
	int rc = problems.errors == 0 ? 0 : 1;
	profiles_release(&profiles);
	config_problems_release(&problems);
	return rc;
}

int options_act(const struct options *o)
{
	switch (o->action) {
	case ACTION_RUN:
		break;
	case ACTION_CHECK:
		return check(o, false);
	case ACTION_PRINT_CONFIG:
		return check(o, true);
	case ACTION_PRINT_SAMPLE:
		return print_buf(config_print_sample);
	case ACTION_PRINT_MANUAL:
		return print_buf(config_print_manual);
	case ACTION_LIST_PLATFORMS:
		return list_platforms();
	case ACTION_VERSION:
		(void)printf("leadbridged %s\n", LB_VERSION);
		break;
	case ACTION_HELP:
		print_help(stdout);
		break;
	}
	return 0;
}
