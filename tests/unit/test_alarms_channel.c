/* SPDX-License-Identifier: MIT */
/* A channel sends one message at a time and loses only what is too much; a
 * command gets its text, and no more time than it is given. */
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "operate/alarms_channel.h"
#include "rows.h"

/* ---- channel ---------------------------------------------------------------
 */

static int sends;
static size_t sending;

static void on_send(void *ctx, struct channel *c)
{
	(void)ctx;
	sends++;
	sending = c->under_way;
}

static struct loop *new_loop(void)
{
	struct loop *l = NULL;
	struct err err;
	assert_int_equal(loop_new(&l, &err), 0);
	return l;
}

static void push(struct channel *c, int n)
{
	struct notice one = {.kind = ALARM_DISK_LOW, .text = "text"};
	for (int i = 0; i < n; i++) {
		one.at_ms = i;
		channel_push(c, &one);
	}
}

static void test_one_message_at_a_time(void **state)
{
	(void)state;
	struct loop *l = new_loop();
	struct channel c = {0};
	sends = 0;
	channel_init(&c, l, "test", on_send, NULL);
	push(&c, 1); /* nobody wants it */
	assert_int_equal(c.n, 0);
	channel_want(&c, true);
	push(&c, 2);
	channel_pump(&c);
	push(&c, 3);
	channel_pump(&c);
	assert_int_equal(sends, 1);
	assert_int_equal(sending, 2);
	channel_sent(&c); /* and the three others follow */
	assert_int_equal(sends, 2);
	assert_int_equal(sending, 3);
	channel_sent(&c);
	assert_int_equal(c.n, 0);
	assert_true(channel_is_done(&c));
	channel_release(&c);
	loop_free(l);
}

static void test_what_failed_is_tried_again_later_and_later(void **state)
{
	(void)state;
	struct loop *l = new_loop();
	struct channel c = {0};
	int64_t pauses[] = {2000,  4000,   8000,   16000,  32000,
			    64000, 128000, 256000, 300000, 300000};
	sends = 0;
	clock_set_for_test(0, 1000);
	channel_init(&c, l, "test", on_send, NULL);
	channel_want(&c, true);
	push(&c, 1);
	channel_pump(&c);
	for (size_t i = 0; i < ROWS(pauses); i++) {
		int64_t now = clock_mono_ms();
		channel_failed(&c, "http_500", -1);
		assert_int_equal(sends, i + 1);
		assert_true(channel_is_done(&c)); /* nobody waits for it */
		int64_t pause = c.not_before - now;
		assert_true(pause >= pauses[i] && pause <= pauses[i] * 5 / 4);
		clock_set_for_test(0, c.not_before);
		channel_pump(&c);
		assert_int_equal(sends, i + 2);
	}
	channel_failed(&c, "http_429", 3600000); /* it asked for an hour */
	assert_int_equal(c.not_before - clock_mono_ms(), 3600000);
	channel_want(&c, true); /* a reload: it may be right now */
	channel_pump(&c);
	channel_sent(&c);
	assert_int_equal(c.pause_ms, 0);
	channel_release(&c);
	clock_set_for_test(-1, -1);
	loop_free(l);
}

static void test_the_queue_is_bounded(void **state)
{
	(void)state;
	struct loop *l = new_loop();
	struct channel c = {0};
	channel_init(&c, l, "test", on_send, NULL);
	channel_want(&c, true);
	push(&c, CHANNEL_WAITING_MAX + 50);
	assert_int_equal(c.n, CHANNEL_WAITING_MAX);
	assert_int_equal(c.lost, 50);
	assert_int_equal(c.first->at_ms, 50); /* the oldest went */
	channel_pump(&c);
	push(&c, 10); /* now the new ones: the others are being sent */
	assert_int_equal(c.lost, 60);
	channel_want(&c, false);
	assert_int_equal(c.n, CHANNEL_WAITING_MAX);
	channel_sent(&c);
	assert_int_equal(c.n, 0);
	channel_release(&c);
	loop_free(l);
}

static void test_what_waits_is_forgotten_with_the_channel(void **state)
{
	(void)state;
	struct loop *l = new_loop();
	struct channel c = {0};
	channel_init(&c, l, "test", on_send, NULL);
	channel_want(&c, true);
	push(&c, 2);
	channel_pump(&c);
	push(&c, 5);
	channel_want(&c, false);
	assert_int_equal(c.n, 2);
	channel_want(&c, true);
	push(&c, 1);
	assert_int_equal(c.n, 3);
	channel_sent(&c);
	assert_int_equal(sending, 1);
	channel_release(&c);
	loop_free(l);
}

/* ---- command ----------------------------------------------------------------
 */

struct ending {
	struct loop *loop;
	bool ok;
	char why[64];
};

static void on_ended(void *ctx, bool ok, const char *why)
{
	struct ending *e = ctx;
	e->ok = ok;
	(void)!snprintf(e->why, sizeof(e->why), "%s", why);
	loop_stop(e->loop);
}

static const struct {
	const char *name, *script;
	bool ok;
	const char *why;
} runs[] = {
    {"reads all of it", "test \"$(wc -c)\" -eq 60000", true, ""},
    {"reads nothing", "exit 0", true, ""},
    {"refuses", "exit 7", false, "status 7"},
    {"dies", "kill -TERM $$", false, "signal 15"},
    {"is not of our signals", "kill -PIPE $$; exit 0", false, "signal 13"},
    {"has a clean environment",
     "test -z \"$HOME$A_SECRET\" && test -n \"$PATH\"", true, ""},
    {"inherits no descriptor", "test ! -e /proc/self/fd/9", true, ""},
    {"hangs, and its child", "sleep 1000 & sleep 1000", false, "took too long"},
};

static void test_commands(void **state)
{
	(void)state;
	struct ending e = {.loop = new_loop()};
	struct command *c = command_new(e.loop, on_ended, &e);
	char *text = xmalloc(60000);
	memset(text, 'x', 60000);
	setenv("A_SECRET", "hush", 1);
	assert_int_equal(dup2(2, 9), 9);
	for (size_t i = 0; i < ROWS(runs); i++) {
		char *argv[] = {(char *)(uintptr_t) "/bin/sh",
				(char *)(uintptr_t) "-c",
				(char *)(uintptr_t)runs[i].script, NULL};
		struct err err = {0};
		struct str all = {text, 60000};
		int64_t begun = clock_mono_ms();
		assert_int_equal(command_run(c, argv, all, 1500, &err), 0);
		assert_int_equal(command_run(c, argv, all, 1500, &err),
				 LB_EBUSY);
		loop_run(e.loop);
		check_row(runs[i].name, e.ok == runs[i].ok, e.why);
		check_text(runs[i].name, str_from(e.why), runs[i].why);
		check_row(runs[i].name, clock_mono_ms() - begun < 20000,
			  "it took too long");
	}
	(void)close(9);
	free(text);
	command_free(c);
	loop_free(e.loop);
}

static void test_a_program_that_is_not_there(void **state)
{
	(void)state;
	struct ending e = {.loop = new_loop()};
	struct command *c = command_new(e.loop, on_ended, &e);
	char *argv[] = {(char *)(uintptr_t) "/nowhere/program", NULL};
	struct err err = {0};
	assert_int_equal(command_run(c, argv, STR("text"), 1000, &err),
			 LB_ESYSTEM);
	assert_non_null(strstr(err.text, "/nowhere/program"));
	command_free(c);
	loop_free(e.loop);
}

static void test_what_runs_at_the_end_is_ended(void **state)
{
	(void)state;
	struct ending e = {.loop = new_loop()};
	struct command *c = command_new(e.loop, on_ended, &e);
	char *argv[] = {(char *)(uintptr_t) "/bin/sleep",
			(char *)(uintptr_t) "1000", NULL};
	struct err err = {0};
	int64_t begun = clock_mono_ms();
	assert_int_equal(command_run(c, argv, STR("text"), 900000, &err), 0);
	command_free(c);
	assert_true(clock_mono_ms() - begun < 20000);
	loop_free(e.loop);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_one_message_at_a_time),
	    cmocka_unit_test(test_what_failed_is_tried_again_later_and_later),
	    cmocka_unit_test(test_the_queue_is_bounded),
	    cmocka_unit_test(test_what_waits_is_forgotten_with_the_channel),
	    cmocka_unit_test(test_commands),
	    cmocka_unit_test(test_a_program_that_is_not_there),
	    cmocka_unit_test(test_what_runs_at_the_end_is_ended),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
