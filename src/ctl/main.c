/* SPDX-License-Identifier: MIT */
/* leadbridgectl: the command line, and the table of commands. */
#include <string.h>

#include "ctl/ctl.h"

/* clang-format off */
static const struct ctl_command *const COMMANDS[] = {
    &CTL_STATUS,
    &CTL_TOP,
    &CTL_TAIL,
    &CTL_LEDGER,
    &CTL_LEADS,
    &CTL_IMPORT,
    &CTL_QUARANTINE,
    &CTL_QUEUE,
    &CTL_DESTINATION,
    &CTL_SOURCE,
    &CTL_ALARMS,
    &CTL_RECONCILE,
    &CTL_RELOAD,
    &CTL_CHECK,
    &CTL_CONFIG,
    &CTL_DOCTOR,
    &CTL_EXPLAIN,
    &CTL_ERASE,
    &CTL_EXPORT,
    &CTL_PRIVACY,
    &CTL_BACKUP,
    &CTL_AUDIT,
    &CTL_COMPLETION,
};
/* clang-format on */
enum { N_COMMANDS = sizeof(COMMANDS) / sizeof(COMMANDS[0]), ARGS_MAX = 16 };

static const struct ctl_option COMMON[] = {
    {"--socket", "PATH", "admin socket of the daemon", false},
    {"--config", "FILE", "find the socket in this configuration", false},
    {"--url", "URL", "admin listener over TCP", false},
    {"--token-file", "FILE", "bearer token for --url", false},
    {"--json", NULL, "print the daemon's answer as it is", false},
    {"--help", NULL, "of a command too", false},
    {"--version", NULL, "of the program", false},
    {NULL, NULL, NULL, false},
};

const struct ctl_command *const *ctl_commands(size_t *n)
{
	*n = N_COMMANDS;
	return COMMANDS;
}

const struct ctl_option *ctl_common_options(void)
{
	return COMMON;
}

static void print_options(FILE *to, const struct ctl_option *o)
{
	for (; o != NULL && o->name != NULL; o++) {
		char text[64];
		(void)snprintf(text, sizeof(text), "%s%s%s", o->name,
			       o->value != NULL ? " " : "",
			       o->value != NULL ? o->value : "");
		(void)fprintf(to, "  %-22s %s%s\n", text, o->help,
			      o->often ? " (often)" : "");
	}
}

static void print_help(FILE *to)
{
	(void)fprintf(to,
		      "usage: leadbridgectl [options] command [arguments]\n\n"
		      "commands:\n");
	for (size_t i = 0; i < N_COMMANDS; i++)
		(void)fprintf(to, "  %-12s %s\n", COMMANDS[i]->name,
			      COMMANDS[i]->help);
	(void)fprintf(to, "\noptions:\n");
	print_options(to, COMMON);
	(void)fprintf(to,
		      "Without these: $LEADBRIDGE_SOCKET, else the installed "
		      "configuration.\n"
		      "leadbridgectl COMMAND --help tells the rest.\n\n"
		      "exit: 0 done; 1 the answer is no (does not balance, not "
		      "found,\n"
		      "refused); 2 wrong usage; 3 daemon not reachable\n");
}

static void print_command_help(const struct ctl_command *c)
{
	(void)printf("usage: leadbridgectl %s %s\n\n%s\n", c->name, c->usage,
		     c->help);
	if (c->options != NULL) {
		(void)printf("\noptions:\n");
		print_options(stdout, c->options);
	}
	if (c->more[0] != '\0')
		(void)printf("\n%s", c->more);
}

static const struct ctl_option *option_of(const struct ctl_option *o,
					  const char *name)
{
	for (; o != NULL && o->name != NULL; o++)
		if (strcmp(o->name, name) == 0)
			return o;
	return NULL;
}

/* Of any command: which one is meant may come later on the line. */
static const struct ctl_option *find_option(const char *name)
{
	const struct ctl_option *o = option_of(COMMON, name);
	for (size_t i = 0; o == NULL && i < N_COMMANDS; i++)
		o = option_of(COMMANDS[i]->options, name);
	return o;
}

const char *ctl_option_nth(const struct ctl *c, const char *name, int n)
{
	for (int i = 0; i < c->n_given; i++)
		if (strcmp(c->given[i].option->name, name) == 0 && n-- == 0)
			return c->given[i].value;
	return NULL;
}

const char *ctl_option(const struct ctl *c, const char *name)
{
	const char *value = NULL; /* the last one wins: it overrides an alias */
	for (int i = 0; i < c->n_given; i++)
		if (strcmp(c->given[i].option->name, name) == 0)
			value = c->given[i].value;
	return value;
}

static int wrong(const char *problem, const char *subject)
{
	(void)fprintf(stderr, "leadbridgectl: %s '%s' (see --help)\n", problem,
		      subject);
	return CTL_USAGE;
}

/* -1: go on. */
static int take_option(struct ctl *c, const char *name, const char *value)
{
	const struct ctl_option *o = find_option(name);
	if (o == NULL)
		return wrong("unknown option", name);
	if (o->value != NULL && value == NULL)
		return wrong("no value given after", name);
	if (c->n_given == CTL_GIVEN_MAX)
		return wrong("too many options at", name);
	c->given[c->n_given].option = o;
	c->given[c->n_given++].value = o->value != NULL ? value : "";
	return -1;
}

/* Sorts argv into options and arguments; -1: go on. */
static int take_all(struct ctl *c, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (argv[i][0] == '-' && argv[i][1] == '-') {
			const char *value = i + 1 < argc ? argv[i + 1] : NULL;
			int rc = take_option(c, argv[i], value);
			if (rc >= 0)
				return rc;
			if (c->given[c->n_given - 1].option->value != NULL)
				i++;
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

/* -1: all of them are the command's own, or everybody's. */
static int check_options(const struct ctl *c, const struct ctl_command *command)
{
	for (int i = 0; i < c->n_given; i++) {
		const char *name = c->given[i].option->name;
		if (option_of(COMMON, name) != NULL ||
		    option_of(command->options, name) != NULL)
			continue;
		(void)fprintf(stderr,
			      "leadbridgectl: '%s' takes no %s (see "
			      "leadbridgectl %s --help)\n",
			      command->name, name, command->name);
		return CTL_USAGE;
	}
	return -1;
}

int main(int argc, char **argv)
{
	char *args[ARGS_MAX];
	struct ctl c = {.args = args};
	int rc = take_all(&c, argc, argv);
	if (rc >= 0)
		return rc;
	if (ctl_option(&c, "--version") != NULL) {
		(void)printf("leadbridgectl %s\n", LB_VERSION);
		return CTL_DONE;
	}
	bool help = ctl_option(&c, "--help") != NULL;
	c.json = ctl_option(&c, "--json") != NULL;
	if (c.n_args == 0) {
		print_help(help ? stdout : stderr);
		return help ? CTL_DONE : CTL_USAGE;
	}
	const struct ctl_command *command = find_command(args[0]);
	if (command == NULL)
		return wrong("unknown command", args[0]);
	if (help) {
		print_command_help(command);
		return CTL_DONE;
	}
	rc = check_options(&c, command);
	if (rc >= 0)
		return rc;
	c.args++;
	c.n_args--;
	return command->run(&c);
}
