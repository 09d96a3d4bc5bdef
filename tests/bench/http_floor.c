/* SPDX-License-Identifier: MIT */
/*
 * bench_http_floor PORT [PEM]: the HTTP edge alone. Answers 200 to every
 * request and stores nothing; what the daemon reaches is measured against this.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "ingress/listener.h"

enum { BODY_MAX = 1 << 20 };

static void on_headers(void *ctx, struct exchange *x)
{
	(void)ctx;
	exchange_accept(x, BODY_MAX);
}

static void on_request(void *ctx, struct exchange *x)
{
	(void)ctx;
	struct reply reply = {.status = 200,
			      .body = STR("{\"status\":\"accepted\"}")};
	exchange_reply(x, &reply);
}

static void on_signal(void *ctx)
{
	loop_stop(ctx);
}

static const struct limits_config LIMITS = {
    .connections = 8192,
    .connections_per_address = 8192,
    .handshake_ms = 5000,
    .first_byte_ms = 10000,
    .header_ms = 10000,
    .body_ms = 30000,
    .idle_ms = 60000,
    .answer_ms = 4000,
    .min_body_rate = 1024,
    .drain_bytes = 65536,
    .drain_ms = 1000,
    .header_bytes = 16384,
    .header_count = 100,
    .target_bytes = 8192,
    .receiving_bytes = 32 << 20,
};

int main(int argc, char **argv)
{
	if (argc != 2 && argc != 3) {
		(void)!fprintf(stderr, "usage: %s PORT [PEM]\n", argv[0]);
		return 2;
	}
	char address[64];
	(void)!snprintf(address, sizeof(address), "127.0.0.1:%s", argv[1]);
	struct listen_config listen = {.address = address};
	struct listener_config config = {
	    .listen = &listen, .n_listen = 1, .limits = &LIMITS};
	struct http_handler handler = {.on_headers = on_headers,
				       .on_request = on_request};
	struct loop *loop = NULL;
	struct listener *listener = NULL;
	struct loop_watch *watch = NULL;
	struct err err = {0};
	if (argc == 3) /* certificate and key in one file */
		listen.certificate = argv[2];
	if (loop_new(&loop, &err) != 0 ||
	    listener_new(&listener, loop, &config, &handler, &err) != 0 ||
	    loop_watch_signal(loop, SIGTERM, on_signal, loop, &watch) != 0) {
		(void)!fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	(void)!printf("%s\n", listener_address(listener, 0));
	(void)!fflush(stdout);
	loop_run(loop);
	listener_free(listener);
	loop_watch_free(watch);
	loop_free(loop);
	return 0;
}
