/* SPDX-License-Identifier: MIT */
/*
 * The thread that tells people, over two channels: a webhook and a command.
 * Also looks at the disk and writes what alarms must remember. See the header.
 */
#include "operate/alarms_send.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/worker.h"
#include "delivery/headers.h"
#include "delivery/http_client.h"
#include "operate/alarms_channel.h"

enum {
	COMMAND_MS = 30 * 1000,
	DISK_EVERY_MS = 2 * 1000,
	HOST_TEXT = 65,
};

struct sender {
	struct worker *worker;
	struct loop *loop;
	struct mailbox *mailbox;
	struct loop_watch *watch;
	struct loop_timer *tick, *grace;
	struct http_client *http;
	struct http_target *target;
	struct command *command;
	char **argv; /* of the command */
	struct text_list mute;
	enum alarm_format format;
	struct channel webhook, program;
	char host[HOST_TEXT];
	char *folder; /* of the store */
	bool stopping;
	_Atomic int64_t disk_free, disk_all;
};

enum mail_kind { MAIL_NOTIFY, MAIL_CONFIGURE, MAIL_WRITE, MAIL_STOP };

struct mail {
	struct message message;
	struct notice *notices;
	struct config *config;
	char *path, *text;
	size_t n;
	int64_t grace_ms;
};

static void maybe_end(struct sender *s)
{
	if (s->stopping && channel_is_done(&s->webhook) &&
	    channel_is_done(&s->program))
		loop_stop(s->loop);
}

/* ---- webhook --------------------------------------------------------------
 */

static void on_answer(void *ctx, const struct attempt_result *r)
{
	struct sender *s = ctx;
	char why[64];
	if (r->transport == TRANSPORT_ANSWERED && r->status >= 200 &&
	    r->status < 300) {
		channel_sent(&s->webhook);
		maybe_end(s);
		return;
	}
	if (r->transport == TRANSPORT_ANSWERED)
		(void)!snprintf(why, sizeof(why), "http_%d", r->status);
	else
		(void)!snprintf(why, sizeof(why), "%s",
				transport_name(r->transport));
	channel_failed(&s->webhook, why, header_retry_after(r));
	maybe_end(s);
}

static void send_webhook(void *ctx, struct channel *c)
{
	struct sender *s = ctx;
	if (s->format == ALARM_JSON)
		notice_json(c->first, c->under_way, s->host, &c->message);
	else
		notice_slack(c->first, c->under_way, s->host, &c->message);
	http_post(s->target, "Content-Type: application/json",
		  buf_str(&c->message), on_answer, s);
}

/* ---- command --------------------------------------------------------------
 */

static void on_ended(void *ctx, bool ok, const char *why)
{
	struct sender *s = ctx;
	if (ok)
		channel_sent(&s->program);
	else
		channel_failed(&s->program, why, -1);
	maybe_end(s);
}

static void send_command(void *ctx, struct channel *c)
{
	struct sender *s = ctx;
	struct err err = {0};
	notice_mail(c->first, c->under_way, s->host, &c->message);
	if (command_run(s->command, s->argv, buf_str(&c->message), COMMAND_MS,
			&err) != 0)
		channel_failed(c, err.text, -1);
}

/* ---- configuration --------------------------------------------------------
 */

static void free_texts(char **v)
{
	for (size_t i = 0; v != NULL && v[i] != NULL; i++)
		free(v[i]);
	free(v);
}

static char **copy_texts(const struct text_list *from)
{
	char **v = xcalloc(from->n + 1, sizeof(*v));
	for (size_t i = 0; i < from->n; i++)
		v[i] = xstrdup(from->v[i]);
	return v;
}

static struct http_target *target_of(struct http_client *http,
				     const struct alarms_config *a)
{
	if (a->webhook.n == 0)
		return NULL;
	char *url = xstr_dup(secret_str(&a->webhook));
	struct http_spec spec = {
	    .url = url,
	    .connect_timeout_ms = 5000,
	    .timeout_ms = 15000,
	    .allow_http = a->allow_http,
	    .allow_private = a->allow_private,
	};
	struct http_target *target = http_target_new(http, &spec);
	mem_wipe(url, strlen(url));
	free(url);
	return target;
}

static void configure(struct sender *s, const struct config *config)
{
	const struct alarms_config *a = &config->alarms;
	http_target_free(s->target);
	s->target = target_of(s->http, a);
	s->format = a->format;
	free_texts(s->argv);
	free_texts(s->mute.v);
	s->argv = copy_texts(&a->command);
	s->mute = (struct text_list){copy_texts(&a->mute), a->mute.n};
	channel_want(&s->webhook, s->target != NULL);
	channel_want(&s->program, a->command.n > 0);
	channel_pump(&s->webhook);
	channel_pump(&s->program);
}

/* ---- mail ------------------------------------------------------------------
 */

static bool is_muted(const struct sender *s, const struct notice *n)
{
	for (size_t i = 0; i < s->mute.n; i++)
		if (strcmp(s->mute.v[i], ALARM_RULES[n->kind].name) == 0)
			return true;
	return false;
}

static void free_notices(struct notice *n)
{
	while (n != NULL) {
		struct notice *next = n->next;
		free(n);
		n = next;
	}
}

static void got_notices(struct sender *s, const struct notice *n)
{
	for (; n != NULL; n = n->next) {
		if (is_muted(s, n))
			continue;
		channel_push(&s->webhook, n);
		channel_push(&s->program, n);
	}
	channel_pump(&s->webhook);
	channel_pump(&s->program);
}

static bool write_all(int fd, const char *text, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, text, n);
		if (done <= 0)
			return false;
		text += done;
		n -= (size_t)done;
	}
	return true;
}

/* A disk that is full is an alarm of its own: nothing more is said. */
static void got_write(const struct mail *mail)
{
	char *part = xasprintf("%s.part", mail->path);
	int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool ok =
	    fd >= 0 && write_all(fd, mail->text, mail->n) && fdatasync(fd) == 0;
	if (fd >= 0)
		ok = close(fd) == 0 && ok;
	if (!ok || rename(part, mail->path) != 0) {
		log_debug("alarms_not_saved", "error=\"%s\"",
			  strerrordesc_np(errno));
		(void)unlink(part);
	}
	free(part);
}

static void mail_free(struct mail *mail)
{
	free_notices(mail->notices);
	config_unref(mail->config);
	free(mail->path);
	free(mail->text);
	free(mail);
}

static void handle(struct sender *s, struct mail *mail)
{
	switch ((enum mail_kind)mail->message.kind) {
	case MAIL_NOTIFY:
		got_notices(s, mail->notices);
		break;
	case MAIL_CONFIGURE:
		configure(s, mail->config);
		break;
	case MAIL_WRITE:
		got_write(mail);
		break;
	case MAIL_STOP:
		s->stopping = true;
		loop_timer_arm(s->grace, mail->grace_ms);
		maybe_end(s);
		break;
	}
	mail_free(mail);
}

static void on_mail(void *ctx)
{
	struct sender *s = ctx;
	struct message *next;
	for (struct message *m = mailbox_take(s->mailbox); m != NULL;
	     m = next) {
		next = m->next;
		handle(s, (struct mail *)(void *)m);
	}
}

static void on_tick(void *ctx)
{
	struct sender *s = ctx;
	struct statvfs fs;
	if (statvfs(s->folder, &fs) != 0)
		return;
	s->disk_free = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
	s->disk_all = (int64_t)fs.f_blocks * (int64_t)fs.f_frsize;
}

static void on_grace(void *ctx)
{
	struct sender *s = ctx;
	loop_stop(s->loop);
}

/* ---- life ------------------------------------------------------------------
 */

static void run(void *ctx)
{
	struct sender *s = ctx;
	on_tick(s);
	loop_run(s->loop);
}

static void name_host(struct sender *s)
{
	if (gethostname(s->host, sizeof(s->host) - 1) != 0)
		(void)!snprintf(s->host, sizeof(s->host), "this host");
}

int sender_new(struct sender **out, const struct config *config,
	       struct err *err)
{
	struct sender *s = xcalloc(1, sizeof(*s));
	char *path = xstrdup(config->store.path);
	s->folder = xstrdup(dirname(path));
	free(path);
	name_host(s);
	s->mailbox = mailbox_new();
	int rc = loop_new(&s->loop, err);
	if (rc == 0) {
		channel_init(&s->webhook, s->loop, "webhook", send_webhook, s);
		channel_init(&s->program, s->loop, "command", send_command, s);
		s->tick = loop_timer_new(s->loop, on_tick, s);
		s->grace = loop_timer_new(s->loop, on_grace, s);
		s->command = command_new(s->loop, on_ended, s);
		loop_timer_every(s->tick, DISK_EVERY_MS);
		rc = http_client_new(&s->http, s->loop, err);
	}
	if (rc == 0)
		rc = loop_watch_read(s->loop, mailbox_fd(s->mailbox), on_mail,
				     s, &s->watch);
	if (rc == 0) {
		configure(s, config);
		rc = worker_start(&s->worker, "alarms", run, s, err);
	}
	if (rc != 0) {
		sender_free(s, 0);
		return rc;
	}
	*out = s;
	return 0;
}

static struct mail *mail_new(enum mail_kind kind)
{
	struct mail *mail = xcalloc(1, sizeof(*mail));
	mail->message.kind = (int)kind;
	return mail;
}

static void end_loop(struct sender *s)
{
	struct message *next;
	for (struct message *m = mailbox_take(s->mailbox); m != NULL;
	     m = next) {
		next = m->next;
		mail_free((struct mail *)(void *)m);
	}
	http_target_free(s->target);
	http_client_free(s->http);
	command_free(s->command);
	channel_release(&s->webhook);
	channel_release(&s->program);
	loop_watch_free(s->watch);
	loop_timer_free(s->tick);
	loop_timer_free(s->grace);
	loop_free(s->loop);
}

void sender_free(struct sender *s, int64_t grace_ms)
{
	if (s == NULL)
		return;
	if (s->worker != NULL) {
		struct mail *stop = mail_new(MAIL_STOP);
		stop->grace_ms = grace_ms;
		mailbox_post(s->mailbox, &stop->message);
		worker_join(s->worker);
	}
	if (s->loop != NULL)
		end_loop(s);
	mailbox_free(s->mailbox);
	free_texts(s->argv);
	free_texts(s->mute.v);
	free(s->folder);
	free(s);
}

/* ---- any thread ------------------------------------------------------------
 */

void sender_configure(struct sender *s, const struct config *config)
{
	struct mail *mail = mail_new(MAIL_CONFIGURE);
	mail->config = config_ref((struct config *)(uintptr_t)config);
	mailbox_post(s->mailbox, &mail->message);
}

void sender_notify(struct sender *s, struct notice *chain)
{
	struct mail *mail = mail_new(MAIL_NOTIFY);
	mail->notices = chain;
	mailbox_post(s->mailbox, &mail->message);
}

void sender_write(struct sender *s, const char *path, char *text, size_t n)
{
	struct mail *mail = mail_new(MAIL_WRITE);
	mail->path = xstrdup(path);
	mail->text = text;
	mail->n = n;
	mailbox_post(s->mailbox, &mail->message);
}

void sender_disk(struct sender *s, int64_t *free_bytes, int64_t *all_bytes)
{
	*free_bytes = s->disk_free;
	*all_bytes = s->disk_all;
}
