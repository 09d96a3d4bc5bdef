/* SPDX-License-Identifier: MIT */
/* Addresses: TCP, Unix socket files, sockets handed over by systemd, and what
 * a reload does with them. */
#include "edge_fixture.h"

#include <fcntl.h>
#include <sys/stat.h>

static char folder[] = "/tmp/leadbridge-sockets-XXXXXX";

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

static void set_address(struct edge *e, char *address)
{
	free(e->listen.address);
	e->listen.address = address;
}

static void check_serves(struct edge *e)
{
	struct client c;
	client_connect(e, &c);
	client_send(&c, STR(POST3));
	client_expect(e, &c, "\r\n\r\nabc");
	client_close(&c);
}

/* cmocka runs this one first, while descriptor 3 is free. */
static void test_activated_sockets_are_taken_by_name(void **state)
{
	(void)state;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in any = {.sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof(any)), 0);
	assert_int_equal(listen(fd, 8), 0);
	if (fd != 3) {
		if (fcntl(3, F_GETFD) >= 0)
			skip(); /* inherited: somebody else's */
		assert_int_equal(dup2(fd, 3), 3);
		close(fd);
	}
	char pid[24];
	(void)!snprintf(pid, sizeof(pid), "%d", (int)getpid());
	assert_int_equal(setenv("LISTEN_PID", pid, 1), 0);
	assert_int_equal(setenv("LISTEN_FDS", "1", 1), 0);
	assert_int_equal(setenv("LISTEN_FDNAMES", "web", 1), 0);
	struct edge *e = edge_new();
	set_address(e, xstrdup("systemd:web"));
	edge_start(e);
	check_serves(e);
	edge_free(e);
	assert_true(fcntl(3, F_GETFD) >= 0); /* still systemd's */
	e = edge_new();
	set_address(e, xstrdup("systemd:other"));
	struct err err = {0};
	assert_int_equal(loop_new(&e->loop, &err), 0);
	assert_int_equal(
	    listener_new(&e->listener, e->loop, &e->config, &e->handler, &err),
	    LB_ENOTFOUND);
	edge_free(e);
	close(3);
	unsetenv("LISTEN_FDS");
}

static void test_bad_addresses_are_explained(void **state)
{
	(void)state;
	static const char *const rows[] = {
	    "",
	    "8080",
	    "127.0.0.1",
	    "127.0.0.1:",
	    "127.0.0.1:x",
	    "127.0.0.1:65536",
	    "::1:80",
	    "unix:",
	    "systemd:web",
	    "192.0.2.1:0",
	    "unix:/no/such/folder/s",
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct edge *e = edge_new();
		set_address(e, xstrdup(rows[i]));
		struct err err = {0};
		assert_int_equal(loop_new(&e->loop, &err), 0);
		int rc = listener_new(&e->listener, e->loop, &e->config,
				      &e->handler, &err);
		if (rc == 0 || err.text[0] == '\0')
			fail_msg("'%s': %d '%s'", rows[i], rc, err.text);
		edge_free(e);
	}
}

static void test_dual_stack_serves_ipv4(void **state)
{
	(void)state;
	struct edge *e = edge_new();
	set_address(e, xstrdup("[::]:0"));
	edge_start(e);
	check_serves(e);
	assert_string_equal(e->client, "127.0.0.1");
	edge_free(e);
}

static void test_unix_socket_file(void **state)
{
	(void)state;
	struct edge *e = edge_new();
	set_address(e, xasprintf("unix:%s/s", folder));
	const char *path = e->listen.address + 5;
	mode_t before = umask(0177);
	edge_start(e);
	umask(before);
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	check_serves(e);
	assert_string_equal(e->client, "unix");

	/* Somebody listens: the second one is refused, the file stays. */
	struct listener *second = NULL;
	struct err err = {0};
	assert_int_equal(
	    listener_new(&second, e->loop, &e->config, &e->handler, &err),
	    LB_EBUSY);
	check_serves(e);

	/* Left by a dead process: replaced. */
	char *copy = xstrdup(e->listen.address);
	edge_free(e);
	assert_int_equal(access(copy + 5, F_OK), -1);
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	(void)!snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", copy + 5);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	close(fd);
	e = edge_new();
	set_address(e, copy);
	edge_start(e);
	check_serves(e);
	edge_free(e);
}

static void test_unix_path_that_is_no_socket_is_left_alone(void **state)
{
	(void)state;
	struct edge *e = edge_new();
	set_address(e, xasprintf("unix:%s/file", folder));
	char *path = xstrdup(e->listen.address + 5);
	close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	struct err err = {0};
	assert_int_equal(loop_new(&e->loop, &err), 0);
	assert_int_equal(
	    listener_new(&e->listener, e->loop, &e->config, &e->handler, &err),
	    LB_EINVAL);
	edge_free(e);
	assert_int_equal(unlink(path), 0);
	free(path);
}

static void test_reload_opens_new_and_closes_gone_addresses(void **state)
{
	(void)state;
	struct edge *e = edge_new();
	struct client old;
	edge_start(e);
	client_connect(e, &old);
	client_send(&old, STR(GET));
	client_expect(e, &old, "200 OK");
	char *tcp = xstrdup(listener_address(e->listener, 0));
	struct listen_config both[2] = {
	    {.address = xasprintf("unix:%s/s", folder)},
	    {.address = xstrdup("127.0.0.1:0")}};
	e->config.listen = both;
	e->config.n_listen = 2;
	struct err err = {0};
	assert_int_equal(listener_reload(e->listener, &e->config, &err), 0);
	assert_string_equal(listener_address(e->listener, 0), both[0].address);
	assert_string_equal(listener_address(e->listener, 1), tcp);
	check_serves(e);

	e->config.n_listen = 1;
	assert_int_equal(listener_reload(e->listener, &e->config, &err), 0);
	assert_null(listener_address(e->listener, 1));
	client_send(&old, STR(GET)); /* its connection lives on */
	client_expect(e, &old, "200 OK");

	/* A failing reload changes nothing. */
	struct listen_config bad[2] = {{.address = tcp},
				       {.address = xstrdup("nonsense")}};
	e->config.listen = bad;
	e->config.n_listen = 2;
	assert_int_equal(listener_reload(e->listener, &e->config, &err),
			 LB_EINVAL);
	assert_string_equal(listener_address(e->listener, 0), both[0].address);
	check_serves(e);
	free(bad[1].address);
	bad[1] = bad[0]; /* the same address twice */
	assert_int_equal(listener_reload(e->listener, &e->config, &err),
			 LB_EINVAL);
	client_close(&old);
	edge_free(e);
	free(tcp);
	free(both[0].address);
	free(both[1].address);
}

static void test_reload_takes_over_limits(void **state)
{
	(void)state;
	struct edge *e = edge_new();
	struct client c;
	edge_start(e);
	e->limits.idle_ms = 1500;
	struct err err = {0};
	assert_int_equal(listener_reload(e->listener, &e->config, &err), 0);
	client_connect(e, &c);
	client_send(&c, STR(GET));
	client_expect(e, &c, "200 OK");
	edge_advance(e, 1700);
	client_expect_end(e, &c);
	client_close(&c);
	edge_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_activated_sockets_are_taken_by_name),
	    cmocka_unit_test(test_bad_addresses_are_explained),
	    cmocka_unit_test(test_dual_stack_serves_ipv4),
	    cmocka_unit_test(test_unix_socket_file),
	    cmocka_unit_test(test_unix_path_that_is_no_socket_is_left_alone),
	    cmocka_unit_test(test_reload_opens_new_and_closes_gone_addresses),
	    cmocka_unit_test(test_reload_takes_over_limits),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
