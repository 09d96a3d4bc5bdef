/* SPDX-License-Identifier: MIT */
/*
 * leadbridgectl completion: what a shell needs to complete a command line, made
 * from the table of commands, so that it is never behind. Names of sources and
 * destinations are asked of the daemon while somebody types.
 */
#include <string.h>

#include "ctl/ctl.h"
#include "leadbridge/buf.h"

enum { SCRIPT_MAX = 256 << 10 };

/* Calls fn for each word a command takes first: of "list | show ID" these are
 * list and show. */
static void each_verb(const struct ctl_command *command,
		      void (*fn)(struct buf *b, struct str verb), struct buf *b)
{
	struct str rest = str_from(command->usage);
	while (rest.n > 0) {
		struct str after, part = str_trim(str_cut(rest, '|', &after));
		size_t n = 0;
		while (n < part.n && ((part.p[n] >= 'a' && part.p[n] <= 'z') ||
				      part.p[n] == '-'))
			n++;
		if (n > 0 && part.p[0] != '-' &&
		    (n == part.n || part.p[n] == ' '))
			fn(b, str_sub(part, 0, n));
		rest = after;
	}
}

static void add_word(struct buf *b, struct str word)
{
	buf_addf(b, " %.*s", STR_FMT(word));
}

static void add_options(struct buf *b, const struct ctl_option *o)
{
	for (; o != NULL && o->name != NULL; o++)
		buf_addf(b, " %s", o->name);
}

static bool has(const struct ctl_option *o, const char *name)
{
	for (; o != NULL && o->name != NULL; o++)
		if (strcmp(o->name, name) == 0)
			return true;
	return false;
}

/* Whether the common options or a command before the i-th have it. */
static bool said(size_t i, const char *name)
{
	size_t n;
	const struct ctl_command *const *list = ctl_commands(&n);
	bool found = has(ctl_common_options(), name);
	while (!found && i-- > 0)
		found = has(list[i]->options, name);
	return found;
}

/* Options after which a value comes, as a pattern of `case`. */
static void add_valued(struct buf *b)
{
	size_t n;
	const struct ctl_command *const *list = ctl_commands(&n);
	const struct ctl_option *o = ctl_common_options();
	buf_addf(b, "--no-such-option");
	for (; o->name != NULL; o++)
		if (o->value != NULL)
			buf_addf(b, " | %s", o->name);
	for (size_t i = 0; i < n; i++)
		for (o = list[i]->options; o != NULL && o->name != NULL; o++)
			if (o->value != NULL && !said(i, o->name))
				buf_addf(b, " | %s", o->name);
}

static void add_cases(struct buf *b)
{
	size_t n;
	const struct ctl_command *const *list = ctl_commands(&n);
	buf_addf(b, "\tcase $command in\n\t'') verbs='");
	for (size_t i = 0; i < n; i++)
		buf_addf(b, "%s%s", i > 0 ? " " : "", list[i]->name);
	buf_addf(b, "' ;;\n");
	for (size_t i = 0; i < n; i++) {
		buf_addf(b, "\t%s)\n\t\tverbs='", list[i]->name);
		each_verb(list[i], add_word, b);
		buf_addf(b, "'\n\t\toptions+='");
		add_options(b, list[i]->options);
		buf_addf(b, "'\n\t\t;;\n");
	}
	buf_addf(b, "\tesac\n");
}

static void add_bash(struct buf *b)
{
	buf_addf(b, "# bash completion for leadbridgectl, made by: "
		    "leadbridgectl completion bash\n"
		    "_leadbridgectl_names() {\n"
		    "\tleadbridgectl \"$1\" list 2>/dev/null |\n"
		    "\t\tsed -e 1d -e 's/ .*//'\n}\n\n"
		    "_leadbridgectl() {\n"
		    "\tlocal current=${COMP_WORDS[COMP_CWORD]}\n"
		    "\tlocal previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
		    "\tlocal command='' verb='' verbs='' files='' i\n"
		    "\tlocal options='");
	add_options(b, ctl_common_options());
	buf_addf(b, "'\n\tCOMPREPLY=()\n"
		    "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
		    "\t\tcase ${COMP_WORDS[i]} in\n\t\t");
	add_valued(b);
	buf_addf(b, ") i=$((i + 1)) ;;\n"
		    "\t\t-*) ;;\n"
		    "\t\t*)\n"
		    "\t\t\tif [[ -z $command ]]; then\n"
		    "\t\t\t\tcommand=${COMP_WORDS[i]}\n"
		    "\t\t\telif [[ -z $verb ]]; then\n"
		    "\t\t\t\tverb=${COMP_WORDS[i]}\n"
		    "\t\t\tfi\n"
		    "\t\t\t;;\n"
		    "\t\tesac\n"
		    "\tdone\n");
	add_cases(b);
	buf_addf(b,
		 "\tcase $previous in\n"
		 "\t--source | --destination)\n"
		 "\t\tmapfile -t COMPREPLY < <(compgen -W "
		 "\"$(_leadbridgectl_names \"${previous#--}\")\" -- "
		 "\"$current\")\n"
		 "\t\treturn ;;\n"
		 "\t--config | --socket | --token-file | --out) files=yes ;;\n"
		 "\t");
	add_valued(b);
	buf_addf(b,
		 ") return ;;\n"
		 "\tesac\n"
		 "\tif [[ $files ]]; then\n"
		 "\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
		 "\telif [[ $current == -* ]]; then\n"
		 "\t\tmapfile -t COMPREPLY < <(compgen -W \"$options\" -- "
		 "\"$current\")\n"
		 "\telif [[ -z $command || (-z $verb && $verbs) ]]; then\n"
		 "\t\tmapfile -t COMPREPLY < <(compgen -W \"$verbs\" -- "
		 "\"$current\")\n"
		 "\telif [[ $command == source || $command == destination ]]; "
		 "then\n"
		 "\t\tmapfile -t COMPREPLY < <(compgen -W "
		 "\"$(_leadbridgectl_names \"$command\")\" -- \"$current\")\n"
		 "\telse\n"
		 "\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
		 "\tfi\n"
		 "}\n"
		 "complete -F _leadbridgectl leadbridgectl\n");
}

/* ---- zsh ---------------------------------------------------------------- */

/* In single quotes, and without what _arguments takes for its own. */
static void add_quoted(struct buf *b, const char *text)
{
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '\'')
			buf_addf(b, "'\\''");
		else if (strchr("[]:\\", *p) != NULL)
			buf_addf(b, "\\%c", *p);
		else
			buf_add_char(b, *p);
	}
}

static void add_zsh_options(struct buf *b, const struct ctl_option *o)
{
	for (; o != NULL && o->name != NULL; o++) {
		bool file = strcmp(o->name, "--config") == 0 ||
			    strcmp(o->name, "--socket") == 0 ||
			    strcmp(o->name, "--token-file") == 0 ||
			    strcmp(o->name, "--out") == 0;
		buf_addf(b, " \\\n\t\t'%s%s[", o->often ? "*" : "", o->name);
		add_quoted(b, o->help);
		buf_add_char(b, ']');
		if (o->value != NULL) {
			buf_add_char(b, ':');
			add_quoted(b, o->value);
			buf_addf(b, ":%s", file ? "_files" : "");
		}
		buf_add_char(b, '\'');
	}
}

static void add_zsh(struct buf *b)
{
	size_t n;
	const struct ctl_command *const *list = ctl_commands(&n);
	buf_addf(b, "#compdef leadbridgectl\n"
		    "# made by: leadbridgectl completion zsh\n"
		    "_leadbridgectl() {\n"
		    "\tlocal -a commands\n"
		    "\tlocal state line\n"
		    "\tcommands=(\n");
	for (size_t i = 0; i < n; i++) {
		buf_addf(b, "\t\t'%s:", list[i]->name);
		add_quoted(b, list[i]->help);
		buf_addf(b, "'\n");
	}
	buf_addf(b, "\t)\n\t_arguments -C");
	add_zsh_options(b, ctl_common_options());
	buf_addf(b, " \\\n\t\t'1:command:->command' '*::argument:->rest'\n"
		    "\tcase $state in\n"
		    "\tcommand) _describe command commands ;;\n"
		    "\trest)\n\t\tcase $line[1] in\n");
	for (size_t i = 0; i < n; i++) {
		buf_addf(b, "\t\t%s) _arguments", list[i]->name);
		add_zsh_options(b, list[i]->options);
		buf_addf(b, " \\\n\t\t\t'1:what:(");
		each_verb(list[i], add_word, b);
		buf_addf(b, ")' '*:file:_files' ;;\n");
	}
	buf_addf(b, "\t\tesac ;;\n\tesac\n}\n"
		    "if [[ $funcstack[1] == _leadbridgectl ]]; then\n"
		    "\t_leadbridgectl \"$@\"\nelse\n"
		    "\tcompdef _leadbridgectl leadbridgectl\nfi\n");
}

static int run(struct ctl *c)
{
	struct buf b;
	bool bash = c->n_args == 1 && strcmp(c->args[0], "bash") == 0;
	bool zsh = c->n_args == 1 && strcmp(c->args[0], "zsh") == 0;
	if (!bash && !zsh)
		return ctl_usage(&CTL_COMPLETION);
	buf_init(&b, SCRIPT_MAX);
	if (bash)
		add_bash(&b);
	else
		add_zsh(&b);
	(void)fwrite(b.p, 1, b.n, stdout);
	buf_release(&b);
	return CTL_DONE;
}

const struct ctl_command CTL_COMPLETION = {
    .name = "completion",
    .usage = "bash | zsh",
    .help = "what a shell needs to complete this command",
    .more = "  source <(leadbridgectl completion bash)\n"
	    "The package installs both.\n",
    .run = run,
};
