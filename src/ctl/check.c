/* SPDX-License-Identifier: MIT */
/* leadbridgectl check: the configuration, without a daemon. */
#include "ctl/ctl.h"
#include "leadbridge/buf.h"
#include "leadbridge/config.h"
#include "operate/options.h"

static void print_json(const struct config_problems *problems)
{
	struct buf b;
	buf_init(&b, (size_t)4 << 20);
	buf_addf(&b, "{\"ok\":%s,\"problems\":[",
		 problems->errors == 0 ? "true" : "false");
	for (size_t i = 0; i < problems->n; i++) {
		const struct config_problem *p = &problems->v[i];
		buf_addf(&b, "%s{\"file\":", i > 0 ? "," : "");
		buf_add_json(&b, str_from(p->file != NULL ? p->file : ""));
		buf_addf(&b,
			 ",\"line\":%d,\"column\":%d,\"warning\":%s,"
			 "\"text\":",
			 p->line, p->column, p->warning ? "true" : "false");
		buf_add_json(&b, str_from(p->text));
		buf_add_char(&b, '}');
	}
	buf_addf(&b, "]}\n");
	(void)fwrite(b.p, 1, b.n, stdout);
	buf_release(&b);
}

static int run(struct ctl *c)
{
	const char *path = ctl_option(c, "--config");
	if (c->n_args > 1 || (c->n_args == 1 && path != NULL))
		return ctl_usage(&CTL_CHECK);
	if (c->n_args == 1)
		path = c->args[0];
	if (path == NULL)
		path = ctl_config_path(c);
	if (!c->json)
		return options_act(&(struct options){ACTION_CHECK, path}) == 0
			   ? CTL_DONE
			   : CTL_NO;
	struct config *config = NULL;
	struct config_problems problems = {0};
	int rc = config_load(path, &config, &problems);
	print_json(&problems);
	config_problems_release(&problems);
	config_unref(config);
	return rc == 0 ? CTL_DONE : CTL_NO;
}

const struct ctl_command CTL_CHECK = {
    .name = "check",
    .usage = "[FILE]",
    .help = "check a configuration; lists every problem",
    .more = "Works without a daemon; the same as leadbridged --check.\n",
    .run = run,
};
