/* SPDX-License-Identifier: MIT */
/* TLS of the listener, with certificates made here: versions, protocol choice,
 * exchanged certificates, the handshake's deadline, the good-bye. */
#include "edge_fixture.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/stat.h>

static char folder[] = "/tmp/leadbridge-tls-XXXXXX";
static char path[64];

static int make_folder(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	(void)!snprintf(path, sizeof(path), "%s/both.pem", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	return unlink(path) == 0 ? rmdir(folder) : -1;
}

/* A self-signed certificate with that serial number, and its key, in one file;
 * the key's text also goes to key_text when that is given. */
static void make_certificate(long serial, struct buf *key_text)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	assert_non_null(key);
	assert_non_null(cert);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), serial);
	X509_gmtime_adj(X509_getm_notBefore(cert), -60);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, key);
	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	assert_int_equal(PEM_write_X509(f, cert), 1);
	if (key_text == NULL) {
		assert_int_equal(
		    PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL), 1);
	} else {
		BIO *bio = BIO_new(BIO_s_mem());
		char *text;
		assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL, NULL,
							  0, NULL, NULL),
				 1);
		long n = BIO_get_mem_data(bio, &text);
		buf_add(key_text, text, (size_t)n);
		BIO_free(bio);
	}
	assert_int_equal(fclose(f), 0);
	X509_free(cert);
	EVP_PKEY_free(key);
}

struct tls_client {
	struct client c;
	SSL_CTX *ctx;
	SSL *ssl;
	int error; /* SSL_get_error of the last call */
	bool goodbye;
};

static void tls_begin(struct edge *e, struct tls_client *t)
{
	*t = (struct tls_client){0};
	client_connect(e, &t->c);
	assert_int_equal(fcntl(t->c.fd, F_SETFL, O_NONBLOCK), 0);
	t->ctx = SSL_CTX_new(TLS_client_method());
	t->ssl = SSL_new(t->ctx);
	assert_non_null(t->ssl);
	SSL_set_fd(t->ssl, t->c.fd);
}

static void tls_end(struct tls_client *t)
{
	SSL_free(t->ssl);
	SSL_CTX_free(t->ctx);
	client_close(&t->c);
	ERR_clear_error();
}

static bool shaken(void *ctx)
{
	struct tls_client *t = ctx;
	ERR_clear_error();
	int rc = SSL_connect(t->ssl);
	t->error = SSL_get_error(t->ssl, rc);
	return t->error != SSL_ERROR_WANT_READ &&
	       t->error != SSL_ERROR_WANT_WRITE;
}

static bool tls_handshake(struct edge *e, struct tls_client *t)
{
	assert_true(edge_wait(e, shaken, t));
	return t->error == SSL_ERROR_NONE;
}

static bool tls_got(void *ctx)
{
	struct wanted *w = ctx;
	struct tls_client *t = (struct tls_client *)(void *)w->c;
	int n;
	do {
		char *room = buf_room(&t->c.in, 16384);
		assert_non_null(room);
		ERR_clear_error();
		n = SSL_read(t->ssl, room, 16384);
		if (n > 0)
			t->c.in.n += (size_t)n;
	} while (n > 0);
	t->error = SSL_get_error(t->ssl, n);
	t->goodbye = t->error == SSL_ERROR_ZERO_RETURN;
	if (w->text == NULL)
		return t->error != SSL_ERROR_WANT_READ;
	return str_find_str(buf_str(&t->c.in), str_from(w->text)) >= 0;
}

static void tls_expect(struct edge *e, struct tls_client *t, const char *text)
{
	struct wanted w = {&t->c, text};
	if (!edge_wait(e, tls_got, &w))
		fail_msg("no '%s' in '%.*s'", text != NULL ? text : "end",
			 STR_FMT(buf_str(&t->c.in)));
	buf_reset(&t->c.in);
}

static void tls_send(struct tls_client *t, struct str text)
{
	assert_int_equal(SSL_write(t->ssl, text.p, (int)text.n), text.n);
}

static struct edge *tls_edge(long serial)
{
	make_certificate(serial, NULL);
	struct edge *e = edge_new();
	e->listen.certificate = path;
	edge_start(e);
	return e;
}

static long serial_seen(const struct tls_client *t)
{
	X509 *cert = SSL_get1_peer_certificate(t->ssl);
	assert_non_null(cert);
	long serial = ASN1_INTEGER_get(X509_get0_serialNumber(cert));
	X509_free(cert);
	return serial;
}

static void test_requests_over_tls(void **state)
{
	(void)state;
	struct edge *e = tls_edge(1);
	struct tls_client t;
	tls_begin(e, &t);
	assert_true(tls_handshake(e, &t));
	for (int i = 0; i < 3; i++) {
		tls_send(&t, STR(POST3));
		tls_expect(e, &t, "\r\n\r\nabc");
	}
	tls_send(&t, STR(POST3 POST3));
	tls_expect(e, &t, "\r\n\r\nabcHTTP/1.1 200");
	tls_send(&t,
		 STR("GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"));
	tls_expect(e, &t, NULL);
	assert_true(t.goodbye); /* close_notify came */
	tls_end(&t);
	edge_free(e);
}

static void test_big_answer_over_tls(void **state)
{
	(void)state;
	struct edge *e = tls_edge(1);
	struct tls_client t;
	e->conduct = BIG_ANSWER;
	tls_begin(e, &t);
	assert_true(tls_handshake(e, &t));
	tls_send(&t,
		 STR("GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"));
	struct wanted w = {&t.c, NULL};
	assert_true(edge_wait(e, tls_got, &w));
	assert_true(t.goodbye);
	assert_true(t.c.in.n > (8 << 20));
	tls_end(&t);
	edge_free(e);
}

static void test_late_answer_over_tls(void **state)
{
	(void)state;
	struct edge *e = tls_edge(1);
	struct tls_client t;
	e->conduct = DEFER_ANSWER;
	tls_begin(e, &t);
	assert_true(tls_handshake(e, &t));
	tls_send(&t, STR(POST3));
	assert_true(edge_wait(e, is_one, &e->n_requests));
	struct reply reply = {.status = 200, .body = STR("late")};
	exchange_reply(listener_find(e->listener, e->ticket), &reply);
	tls_expect(e, &t, "late");
	e->n_requests = 0;
	tls_send(&t, STR(POST3));
	assert_true(edge_wait(e, is_one, &e->n_requests));
	tls_end(&t); /* gone */
	edge_settle(e);
	struct exchange *x = listener_find(e->listener, e->ticket);
	if (x != NULL)
		exchange_reply(x, &reply);
	edge_settle(e);
	assert_int_equal(listener_connections(e->listener), 0);
	edge_free(e);
}

static bool two_requests(void *ctx)
{
	return ((struct edge *)ctx)->n_requests >= 2;
}

/* Reading stops and goes on in the middle of records. */
static void test_paused_bodies_go_on_over_tls(void **state)
{
	(void)state;
	enum { BODY = 60000, FIRST = 40000 };
	static char body[BODY];
	struct edge *e = tls_edge(1);
	struct tls_client t[2];
	struct err err = {0};
	e->limits.receiving_bytes = 50000;
	assert_int_equal(listener_reload(e->listener, &e->config, &err), 0);
	for (int i = 0; i < 2; i++) {
		tls_begin(e, &t[i]);
		assert_true(tls_handshake(e, &t[i]));
		tls_send(&t[i], STR("POST / HTTP/1.1\r\n" HOST
				    "Content-Length: 60000\r\n\r\n"));
		edge_settle(e);
		tls_send(&t[i], (struct str){body, FIRST});
		edge_settle(e);
	}
	tls_send(&t[1], (struct str){body, BODY - FIRST});
	edge_settle(e);
	assert_int_equal(e->n_requests, 0); /* the youngest is paused */
	tls_send(&t[0], (struct str){body, BODY - FIRST});
	assert_true(edge_wait(e, two_requests, e));
	for (int i = 0; i < 2; i++) {
		tls_expect(e, &t[i], "200 OK");
		tls_end(&t[i]);
	}
	edge_free(e);
}

static void test_only_tls_12_and_13(void **state)
{
	(void)state;
	static const struct {
		int version;
		bool works;
	} rows[] = {{TLS1_1_VERSION, false},
		    {TLS1_2_VERSION, true},
		    {TLS1_3_VERSION, true}};
	struct edge *e = tls_edge(1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tls_client t;
		tls_begin(e, &t);
		SSL_set_security_level(t.ssl, 0);
		SSL_set_min_proto_version(t.ssl, rows[i].version);
		SSL_set_max_proto_version(t.ssl, rows[i].version);
		assert_int_equal(tls_handshake(e, &t), rows[i].works);
		tls_end(&t);
	}
	edge_free(e);
}

static void test_protocol_is_http11_or_nothing(void **state)
{
	(void)state;
	static const struct {
		const char *offer;
		unsigned n;
		bool works;
	} rows[] = {{"\x02h2\x08http/1.1", 12, true}, {"\x02h2", 3, false}};
	struct edge *e = tls_edge(1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tls_client t;
		tls_begin(e, &t);
		assert_int_equal(
		    SSL_set_alpn_protos(
			t.ssl, (const unsigned char *)rows[i].offer, rows[i].n),
		    0);
		assert_int_equal(tls_handshake(e, &t), rows[i].works);
		const unsigned char *chosen = NULL;
		unsigned n = 0;
		SSL_get0_alpn_selected(t.ssl, &chosen, &n);
		if (rows[i].works)
			assert_memory_equal(chosen, "http/1.1", n);
		tls_end(&t);
	}
	edge_free(e);
}

static void test_handshake_has_a_deadline(void **state)
{
	(void)state;
	struct edge *e = tls_edge(1);
	struct client c;
	client_connect(e, &c);
	client_send(&c, STR("\x16\x03\x01"));
	edge_settle(e);
	assert_int_equal(listener_connections(e->listener), 1);
	edge_advance(e, 5200);
	client_expect_end(e, &c);
	client_close(&c);
	edge_free(e);
}

static void test_plain_text_on_a_tls_port_is_dropped(void **state)
{
	(void)state;
	struct edge *e = tls_edge(1);
	struct client c;
	client_connect(e, &c);
	client_send(&c, STR(GET));
	client_expect_end(e, &c);
	edge_settle(e);
	assert_int_equal(listener_connections(e->listener), 0);
	assert_int_equal(e->n_headers, 0);
	client_close(&c);
	edge_free(e);
}

static void test_reload_swaps_the_certificate(void **state)
{
	(void)state;
	struct edge *e = tls_edge(1);
	struct tls_client old, young;
	struct err err = {0};
	tls_begin(e, &old);
	assert_true(tls_handshake(e, &old));
	make_certificate(2, NULL);
	assert_int_equal(listener_reload(e->listener, &e->config, &err), 0);
	tls_begin(e, &young);
	assert_true(tls_handshake(e, &young));
	assert_int_equal(serial_seen(&old), 1);
	assert_int_equal(serial_seen(&young), 2);
	tls_send(&old, STR(POST3));
	tls_expect(e, &old, "\r\n\r\nabc");
	/* A broken file: the reload fails, the old one stays in use. */
	assert_int_equal(truncate(path, 100), 0);
	assert_int_equal(listener_reload(e->listener, &e->config, &err),
			 LB_EINVAL);
	tls_end(&young);
	tls_begin(e, &young);
	assert_true(tls_handshake(e, &young));
	assert_int_equal(serial_seen(&young), 2);
	tls_end(&young);
	tls_end(&old);
	edge_free(e);
}

static void test_key_may_come_as_a_secret_and_must_match(void **state)
{
	(void)state;
	struct buf first, second;
	buf_init(&first, 4096);
	buf_init(&second, 4096);
	make_certificate(1, &first);
	make_certificate(2, &second);
	struct edge *e = edge_new();
	e->listen.certificate = path;
	e->listen.key =
	    (struct secret){.bytes = (unsigned char *)second.p, .n = second.n};
	edge_start(e);
	struct tls_client t;
	tls_begin(e, &t);
	assert_true(tls_handshake(e, &t));
	tls_end(&t);
	struct err err = {0};
	e->listen.key =
	    (struct secret){.bytes = (unsigned char *)first.p, .n = first.n};
	assert_int_equal(listener_reload(e->listener, &e->config, &err),
			 LB_EINVAL);
	edge_free(e);
	buf_release(&first);
	buf_release(&second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_requests_over_tls),
	    cmocka_unit_test(test_big_answer_over_tls),
	    cmocka_unit_test(test_late_answer_over_tls),
	    cmocka_unit_test(test_paused_bodies_go_on_over_tls),
	    cmocka_unit_test(test_only_tls_12_and_13),
	    cmocka_unit_test(test_protocol_is_http11_or_nothing),
	    cmocka_unit_test(test_handshake_has_a_deadline),
	    cmocka_unit_test(test_plain_text_on_a_tls_port_is_dropped),
	    cmocka_unit_test(test_reload_swaps_the_certificate),
	    cmocka_unit_test(test_key_may_come_as_a_secret_and_must_match),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
