/* SPDX-License-Identifier: MIT */
/* leadbridgectl: the command line, and the table of commands. */
#include <string.h>

#include "ctl/ctl.h"

static const struct ctl_command *const COMMANDS[] = {
    &CTL_STATUS, &CTL_LEDGER, &CTL_LEADS, &CTL_QUARANTINE, &CTL_DESTINATION,
    &CTL_SOURCE, &CTL_RELOAD, &CTL_CHECK, &CTL_EXPLAIN,
};
enum { N_COMMANDS = sizeof(COMMANDS) / sizeof(COMMANDS[0]), ARGS_MAX = 16 };

static void print_help(FILE *to)
{
	(void)fprintf(to,
		      "usage: leadbridgectl [options] command [arguments]\n\n"
		      "commands:\n");
	for (size_t i = 0; i < N_COMMANDS; i++)
		(void)fprintf(to, "  %-12s %-37s %s\n", COMMANDS[i]->name,
			      COMMANDS[i]->usage, COMMANDS[i]->help);
	(void)fprintf(
	    to,
	    "\noptions:\n"
	    "  --socket PATH      admin socket of the daemon\n"
	    "  --config FILE      find the socket in this configuration\n"
	    "  --url URL          admin listener over TCP\n"
	    "  --token-file FILE  bearer token for --url\n"
	    "  --json             print the daemon's answer as it is\n"
	    "  --help, --version\n"
	    "Without these: $LEADBRIDGE_SOCKET, else the installed "
	    "configuration.\n\n"
	    "exit: 0 done; 1 the answer is no (does not balance, not found,\n"
	    "refused); 2 wrong usage; 3 daemon not reachable\n");
}

static const struct option_row {
	const char *name;
	size_t offset; /* of a const char * in struct ctl */
} OPTIONS[] = {
    {"--socket", offsetof(struct ctl, socket)},
    {"--config", offsetof(struct ctl, config)},
    {"--url", offsetof(struct ctl, url)},
    {"--token-file", offsetof(struct ctl, token_file)},
    {"--state", offsetof(struct ctl, state)},
    {"--source", offsetof(struct ctl, source)},
    {"--destination", offsetof(struct ctl, destination)},
    {"--limit", offsetof(struct ctl, limit)},
    {"--cursor", offsetof(struct ctl, cursor)},
    {"--at", offsetof(struct ctl, at)},
    {"--name", offsetof(struct ctl, name)},
    {"--phone", offsetof(struct ctl, phone)},
    {"--email", offsetof(struct ctl, email)},
    {"--country", offsetof(struct ctl, country)},
    {"--platform", offsetof(struct ctl, platform)},
    {"--stage", offsetof(struct ctl, stage)},
    {"--id", offsetof(struct ctl, id)},
};

static const struct option_row *find_option(const char *text)
{
	for (size_t i = 0; i < sizeof(OPTIONS) / sizeof(OPTIONS[0]); i++)
		if (strcmp(text, OPTIONS[i].name) == 0)
			return &OPTIONS[i];
	return NULL;
}

static int wrong(const char *problem, const char *subject)
{
	(void)fprintf(stderr, "leadbridgectl: %s '%s' (see --help)\n", problem,
		      subject);
	return CTL_USAGE;
}

/* "--header" and "--field" may be given often. */
static int take_often(const char **list, size_t *n, const char *option,
		      const char *text)
{
	if (text == NULL)
		return wrong("no value given after", option);
	if (*n == CTL_HEADERS_MAX)
		return wrong("too many values at", text);
	list[(*n)++] = text;
	return -1;
}

static int take_list(struct ctl *c, const char *option, const char *text)
{
	if (strcmp(option, "--header") == 0)
		return take_often(c->headers, &c->n_headers, option, text);
	return take_often(c->fields, &c->n_fields, option, text);
}

/* Sorts argv into options and arguments; -1: go on. */
static int take_options(struct ctl *c, int argc, char **argv, bool *help)
{
	for (int i = 1; i < argc; i++) {
		const struct option_row *row = find_option(argv[i]);
		if (row != NULL) {
			if (++i == argc)
				return wrong("no value given after",
					     argv[i - 1]);
			memcpy((char *)c + row->offset, &argv[i],
			       sizeof(argv[i]));
		} else if (strcmp(argv[i], "--header") == 0 ||
			   strcmp(argv[i], "--field") == 0) {
			const char *option = argv[i++];
			int rc = take_list(c, option, argv[i]);
			if (rc >= 0)
				return rc;
		} else if (strcmp(argv[i], "--json") == 0) {
			c->json = true;
		} else if (strcmp(argv[i], "--deliver") == 0) {
			c->deliver = true;
		} else if (strcmp(argv[i], "--help") == 0) {
			*help = true;
		} else if (strcmp(argv[i], "--version") == 0) {
			(void)printf("leadbridgectl %s\n", LB_VERSION);
			return CTL_DONE;
		} else if (argv[i][0] == '-' && argv[i][1] == '-') {
			return wrong("unknown option", argv[i]);
		} else if (c->n_args == ARGS_MAX) {
			return wrong("too many arguments at", argv[i]);
		} else {
			c->args[c->n_args++] = argv[i];
		}
	}
	return -1;
}

static const struct ctl_command *find_command(const char *name)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (strcmp(name, COMMANDS[i]->name) == 0)
			return COMMANDS[i];
	return NULL;
}

int main(int argc, char **argv)
{
	char *args[ARGS_MAX];
	struct ctl c = {.args = args};
	bool help = false;
	int rc = take_options(&c, argc, argv, &help);
	if (rc >= 0)
		return rc;
	if (c.n_args == 0) {
		print_help(help ? stdout : stderr);
		return help ? CTL_DONE : CTL_USAGE;
	}
	const struct ctl_command *command = find_command(args[0]);
	if (command == NULL)
		return wrong("unknown command", args[0]);
	if (help) {
		(void)printf("usage: leadbridgectl %s %s\n\n%s\n%s",
			     command->name, command->usage, command->help,
			     command->more);
		return CTL_DONE;
	}
	c.args++;
	c.n_args--;
	return command->run(&c);
}
