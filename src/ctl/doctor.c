/* SPDX-License-Identifier: MIT */
/*
 * leadbridgectl doctor: looks at everything leadbridge stands on and says what
 * is wrong before a lead has to find out. Sends no lead and no credential:
 * destinations are connected to, nothing is asked of them.
 */
#include "ctl/doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ctl/probe.h"
#include "leadbridge/buf.h"

enum { REPORT_MAX = 1 << 20, WARN_DAYS = 14, DAY_MS = 24 * 60 * 60 * 1000 };

static const char *const level_names[] = {
    [DOCTOR_OK] = "ok",
    [DOCTOR_SKIPPED] = "skipped",
    [DOCTOR_WARN] = "WARN",
    [DOCTOR_BAD] = "BAD",
};

void doctor_say(struct doctor *d, enum doctor_level level, const char *what,
		const char *format, ...)
{
	char text[512];
	va_list args;
	va_start(args, format);
	(void)!vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	d->count[level]++;
	if (!d->ctl->json) {
		(void)printf("%-8s %-26s %s\n", level_names[level], what, text);
		(void)fflush(stdout);
		return;
	}
	buf_addf(&d->json,
		 "%s{\"level\":\"%s\",\"what\":", d->json.n > 0 ? "," : "",
		 level_names[level]);
	buf_add_json(&d->json, str_from(what));
	buf_addf(&d->json, ",\"text\":");
	buf_add_json(&d->json, str_from(text));
	buf_add_char(&d->json, '}');
}

/* ---- the daemon --------------------------------------------------------- */

static void look_at_daemon(struct doctor *d)
{
	bool json = d->ctl->json;
	d->ctl->json = false;
	d->ctl->quiet = true;
	int rc = ctl_call(d->ctl, "GET", "/api/v1/status", &d->status);
	d->ctl->json = json;
	if (rc != CTL_DONE) {
		doctor_say(d, DOCTOR_BAD, "daemon",
			   "not reachable at its admin socket: is it running, "
			   "and may you use it?");
		return;
	}
	const char *version = ctl_text(d->status, "version");
	if (strcmp(ctl_text(d->status, "ready"), "true") != 0)
		doctor_say(d, DOCTOR_BAD, "daemon",
			   "cannot store anything now");
	else if (strcmp(version, LB_VERSION) != 0)
		doctor_say(d, DOCTOR_WARN, "daemon",
			   "%s runs, %s is installed: restart it", version,
			   LB_VERSION);
	else
		doctor_say(d, DOCTOR_OK, "daemon", "%s, ready", version);
}

/* ---- addresses ---------------------------------------------------------- */

static void say_certificate(struct doctor *d, const char *what,
			    const struct probe *p)
{
	int64_t days = (p->expires_ms - clock_wall_ms()) / DAY_MS;
	if (p->expires_ms == 0)
		doctor_say(d, DOCTOR_OK, what, "%s, %.0f ms", p->address,
			   p->ms);
	else
		doctor_say(d, days < WARN_DAYS ? DOCTOR_WARN : DOCTOR_OK, what,
			   "%s, %.0f ms with TLS, certificate ends in %lld "
			   "days",
			   p->address, p->ms, (long long)days);
}

static void look_at_listener(struct doctor *d, const char *address, bool tls)
{
	bool local = strncmp(address, "unix:", 5) == 0;
	char *what = xasprintf("listener %s", address);
	char *url = xasprintf("http%s://%s/healthz", tls ? "s" : "",
			      local ? "localhost" : address);
	struct probe p = {.url = url,
			  .socket = local ? address + 5 : NULL,
			  .any_certificate = true};
	probe(&p);
	if (p.error[0] != '\0')
		doctor_say(d, DOCTOR_BAD, what, "%s", p.error);
	else if (p.status != 200)
		doctor_say(d, DOCTOR_BAD, what, "answers %ld to /healthz",
			   p.status);
	else
		say_certificate(d, what, &p);
	buf_release(&p.answer);
	free(url);
	free(what);
}

static void look_at_listeners(struct doctor *d)
{
	struct json_object *list = NULL;
	json_object_object_get_ex(d->status, "listening", &list);
	size_t n = list != NULL ? json_object_array_length(list) : 0;
	for (size_t i = 0; i < n && i < d->config->n_listen; i++)
		look_at_listener(
		    d,
		    json_object_get_string(json_object_array_get_idx(list, i)),
		    d->config->listen[i].certificate != NULL);
}

static void look_at_public_url(struct doctor *d)
{
	struct str base = str_from(d->config->public_url);
	if (base.n == 0) {
		doctor_say(d, DOCTOR_WARN, "public_url",
			   "not set: URLs to paste cannot be shown, and "
			   "schemes that sign the URL cannot work");
		return;
	}
	while (str_ends(base, STR("/")))
		base.n--;
	char *url = xasprintf("%.*s/healthz", STR_FMT(base));
	struct probe p = {.url = url};
	probe(&p);
	if (p.error[0] != '\0')
		doctor_say(d, DOCTOR_WARN, "public_url",
			   "not reachable from here: %s", p.error);
	else if (p.status != 200)
		doctor_say(d, DOCTOR_WARN, "public_url",
			   "answers %ld to /healthz: does the proxy pass it "
			   "on?",
			   p.status);
	else
		say_certificate(d, "public_url", &p);
	buf_release(&p.answer);
	free(url);
}

static void look_at_destination(struct doctor *d,
				const struct destination_config *to)
{
	char *what = xasprintf("destination %s", to->name);
	struct probe p = {.url = to->url,
			  .ca = to->ca,
			  .proxy = to->proxy,
			  .connect_only = true};
	probe(&p);
	if (p.error[0] != '\0')
		doctor_say(d, DOCTOR_BAD, what, "%s", p.error);
	else
		say_certificate(d, what, &p);
	buf_release(&p.answer);
	free(what);
}

/* ---- Meta's handshake --------------------------------------------------- */

static bool answers_challenge(const struct probe *p)
{
	return p->error[0] == '\0' && p->status == 200 &&
	       str_eq(buf_str(&p->answer), STR("doctor-4711"));
}

static void look_at_challenge(struct doctor *d, const struct source *s,
			      const char *address)
{
	char *what = xasprintf("source %s", s->name);
	char *word = ctl_url_escape(secret_str(&s->verify_token.v[0]));
	struct str token =
	    s->token.n > 0 ? secret_str(&s->token.v[0]) : STR_NONE;
	char *url = xasprintf("http://%s/in/%s%s%.*s?hub.mode=subscribe"
			      "&hub.challenge=doctor-4711&hub.verify_token=%s",
			      address, s->name, token.n > 0 ? "/" : "",
			      STR_FMT(token), word);
	struct probe p = {.url = url};
	probe(&p);
	if (answers_challenge(&p))
		doctor_say(d, DOCTOR_OK, what, "Meta's challenge is answered");
	else
		doctor_say(d, DOCTOR_BAD, what,
			   "Meta's challenge is not answered (%ld %s)",
			   p.status, p.error);
	buf_release(&p.answer);
	mem_wipe(url, strlen(url));
	mem_wipe(word, strlen(word));
	free(url);
	free(word);
	free(what);
}

/* A listener that speaks plain HTTP over TCP, or NULL. */
static const char *plain_address(const struct doctor *d)
{
	struct json_object *list = NULL;
	json_object_object_get_ex(d->status, "listening", &list);
	size_t n = list != NULL ? json_object_array_length(list) : 0;
	for (size_t i = 0; i < n && i < d->config->n_listen; i++) {
		const char *at =
		    json_object_get_string(json_object_array_get_idx(list, i));
		if (d->config->listen[i].certificate == NULL &&
		    strncmp(at, "unix:", 5) != 0)
			return at;
	}
	return NULL;
}

static void look_at_sources(struct doctor *d)
{
	const char *address = plain_address(d);
	for (size_t i = 0; i < d->config->n_sources; i++) {
		const struct source *s = d->config->sources[i];
		if (s->verify_token.n > 0 && address != NULL)
			look_at_challenge(d, s, address);
	}
}

/* ---- all of it ---------------------------------------------------------- */

static void look_at_all(struct doctor *d)
{
	doctor_machine(d);
	look_at_daemon(d);
	if (d->config == NULL)
		return;
	doctor_store(d);
	if (d->status != NULL) {
		look_at_listeners(d);
		look_at_sources(d);
	}
	look_at_public_url(d);
	for (size_t i = 0; i < d->config->n_destinations; i++)
		look_at_destination(d, d->config->destinations[i]);
}

static void look_at_config(struct doctor *d)
{
	struct config_problems problems = {0};
	const char *path = ctl_config_path(d->ctl);
	int rc = config_load(path, &d->config, &problems);
	if (rc != 0)
		doctor_say(d, DOCTOR_BAD, "configuration",
			   "%s: %zu errors, the first: %s", path,
			   problems.errors,
			   problems.n > 0 ? problems.v[0].text : "unreadable");
	else if (problems.n > 0)
		doctor_say(d, DOCTOR_WARN, "configuration",
			   "%s: %zu warnings, the first: %s", path, problems.n,
			   problems.v[0].text);
	else
		doctor_say(d, DOCTOR_OK, "configuration",
			   "%s: %zu sources, %zu destinations", path,
			   d->config->n_sources, d->config->n_destinations);
	config_problems_release(&problems);
}

static int run(struct ctl *c)
{
	struct doctor d = {.ctl = c};
	if (c->n_args != 0)
		return ctl_usage(&CTL_DOCTOR);
	buf_init(&d.json, REPORT_MAX);
	look_at_config(&d);
	look_at_all(&d);
	if (c->json)
		(void)printf("{\"ok\":%s,\"findings\":[%.*s]}\n",
			     d.count[DOCTOR_BAD] == 0 ? "true" : "false",
			     STR_FMT(buf_str(&d.json)));
	else
		(void)printf("%d bad, %d to look at\n", d.count[DOCTOR_BAD],
			     d.count[DOCTOR_WARN]);
	config_unref(d.config);
	json_object_put(d.status);
	buf_release(&d.json);
	return d.count[DOCTOR_BAD] == 0 ? CTL_DONE : CTL_NO;
}

const struct ctl_command CTL_DOCTOR = {
    .name = "doctor",
    .usage = "",
    .help = "looks for what will go wrong: clock, disk, TLS, addresses",
    .more = "Reads the configuration with its secrets, so run it as somebody "
	    "who may.\nConnects to every destination and sends it nothing. "
	    "Exit 1: something is bad.\n",
    .run = run,
};
