/* SPDX-License-Identifier: MIT */
/*
 * leadbridgectl explain: what would become of a saved request, and why. Needs
 * the configuration and its secrets, no daemon; stores and sends nothing. What
 * it prints is personal data; secrets are never printed.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "ctl/ctl.h"
#include "leadbridge/buf.h"
#include "operate/explain_show.h"

enum { FILE_MAX = 64 << 20, SHOWN_MAX = 64 << 20 };

static int read_all(int fd, struct buf *out)
{
	for (;;) {
		char *p = buf_room(out, 65536);
		ssize_t n = p != NULL ? read(fd, p, 65536) : -1;
		if (n <= 0)
			return (int)n;
		out->n += (size_t)n;
	}
}

int ctl_read_file(const char *path, struct buf *out)
{
	bool stdin_asked = strcmp(path, "-") == 0;
	int fd = stdin_asked ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	int rc = fd >= 0 ? read_all(fd, out) : -1;
	if (fd >= 0 && !stdin_asked)
		(void)close(fd);
	if (rc != 0)
		(void)fprintf(stderr, "leadbridgectl: cannot read '%s'\n",
			      path);
	return rc == 0 ? CTL_DONE : CTL_USAGE;
}

static int show(const struct ctl *c, const struct explain *e,
		const struct config *config)
{
	struct buf out;
	buf_init(&out, SHOWN_MAX);
	if (c->json)
		explain_json(e, config, &out);
	else
		explain_text(e, config, &out);
	int rc = e->why == NULL ? CTL_DONE : CTL_NO;
	if (out.over) {
		(void)fprintf(stderr, "leadbridgectl: too much to show\n");
		rc = CTL_NO;
	} else {
		(void)fwrite(out.p, 1, out.n, stdout);
	}
	buf_release(&out);
	return rc;
}

static int explain(const struct ctl *c, const struct config *config,
		   struct str text, int64_t at_ms)
{
	struct explain e = {.request.received_at_ms = at_ms};
	struct err err = {0};
	const char *headers[CTL_GIVEN_MAX];
	size_t n_headers = 0;
	const char *name = ctl_option(c, "--source");
	const char *header;
	while ((header = ctl_option_nth(c, "--header", (int)n_headers)) != NULL)
		headers[n_headers++] = header;
	const struct source *source = config_source(config, str_from(name));
	if (source == NULL) {
		(void)fprintf(stderr, "leadbridgectl: no source '%s'\n", name);
		return CTL_NO;
	}
	int rc = explain_read(&e, source, text, headers, n_headers, &err);
	if (rc != 0) {
		(void)fprintf(stderr, "leadbridgectl: %s\n", err.text);
		rc = CTL_USAGE;
	} else {
		explain_judge(&e, source, config);
		rc = show(c, &e, config);
	}
	explain_release(&e);
	return rc;
}

static int run(struct ctl *c)
{
	int64_t at_ms = clock_wall_ms();
	struct config *config = NULL;
	struct buf text;
	if (c->n_args != 1 || ctl_option(c, "--source") == NULL)
		return ctl_usage(&CTL_EXPLAIN);
	const char *at = ctl_option(c, "--at");
	if (at != NULL && clock_parse(str_from(at), &at_ms) != 0) {
		(void)fprintf(stderr, "leadbridgectl: --at takes a time like "
				      "2026-09-14T14:02:08Z\n");
		return CTL_USAGE;
	}
	buf_init(&text, FILE_MAX);
	int rc = ctl_read_file(c->args[0], &text);
	if (rc == CTL_DONE)
		rc = ctl_load_config(c, &config);
	if (rc == CTL_DONE)
		rc = explain(c, config, buf_str(&text), at_ms);
	config_unref(config);
	buf_release(&text);
	return rc;
}

static const struct ctl_option OPTIONS[] = {
    {"--source", "NAME", "as which source it is judged", false},
    {"--header", "'N: v'", "a header of the request", true},
    {"--at", "TIME", "judge timestamps as of then, 2026-09-14T14:02:08Z",
     false},
    {NULL, NULL, NULL, false},
};

const struct ctl_command CTL_EXPLAIN = {
    .name = "explain",
    .usage = "--source NAME FILE",
    .help = "what would become of a saved request, and why",
    .more =
	"FILE holds a whole request (POST /in/NAME HTTP/1.1, headers, blank\n"
	"line, body) or the body alone; - is standard input.\n"
	"Works without a daemon, with the configuration and its secrets (of\n"
	"--config, else the installed one). Says whether the proof holds and\n"
	"what is wrong with it, and shows the request that would go to the "
	"CRM:\n"
	"that is personal data. Exit 1: it would be refused.\n",
    .options = OPTIONS,
    .run = run,
};
