/* SPDX-License-Identifier: MIT */
/* TLS of the listener; see the header. */
#include "ingress/tls.h"

#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "base/crypto.h"
#include "base/mem.h"

struct tls {
	SSL_CTX *ctx;
};

/* HTTP/1.1 when it is offered; somebody who insists on something else is told
 * so in the handshake (RFC 7301 3.2). */
static int choose_protocol(SSL *ssl, const unsigned char **out,
			   unsigned char *out_n, const unsigned char *in,
			   unsigned in_n, void *arg)
{
	(void)ssl, (void)arg;
	static const char want[] = "http/1.1";
	enum { WANT = sizeof(want) - 1 };
	for (unsigned i = 0; i < in_n; i += 1u + in[i]) {
		if (in[i] == WANT && i + WANT < in_n &&
		    memcmp(in + i + 1, want, WANT) == 0) {
			*out = in + i + 1;
			*out_n = WANT;
			return SSL_TLSEXT_ERR_OK;
		}
	}
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static const char *why(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_last_error());
	return text != NULL ? text : "unknown reason";
}

static int load_key(SSL_CTX *ctx, const struct listen_config *listen,
		    struct err *err)
{
	if (listen->key.n == 0) /* the certificate file holds both */
		return SSL_CTX_use_PrivateKey_file(ctx, listen->certificate,
						   SSL_FILETYPE_PEM) == 1
			   ? 0
			   : err_set(err, LB_EINVAL,
				     "cannot read a key from '%s': %s",
				     listen->certificate, why());
	BIO *bio = BIO_new_mem_buf(listen->key.bytes, (int)listen->key.n);
	EVP_PKEY *key =
	    bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
	int rc = 0;
	if (key == NULL || SSL_CTX_use_PrivateKey(ctx, key) != 1)
		rc = err_set(err, LB_EINVAL,
			     "cannot use the TLS key of '%s': %s",
			     listen->address, why());
	EVP_PKEY_free(key);
	BIO_free(bio);
	return rc;
}

static void set_rules(SSL_CTX *ctx)
{
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	/* A missing close_notify is no error: framing is by length. */
	SSL_CTX_set_options(
	    ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF |
		     SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
}

int tls_new(struct tls **out, const struct listen_config *listen,
	    struct err *err)
{
	*out = NULL;
	if (listen->certificate == NULL)
		return 0;
	int rc = 0;
	ERR_clear_error();
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	if (ctx == NULL)
		return err_set(err, LB_ESYSTEM, "cannot start TLS: %s", why());
	set_rules(ctx);
	if (SSL_CTX_use_certificate_chain_file(ctx, listen->certificate) != 1)
		rc = err_set(err, LB_EINVAL,
			     "cannot read the certificate '%s': %s",
			     listen->certificate, why());
	else
		rc = load_key(ctx, listen, err);
	if (rc == 0 && SSL_CTX_check_private_key(ctx) != 1)
		rc = err_set(err, LB_EINVAL,
			     "the key does not belong to the certificate '%s'",
			     listen->certificate);
	ERR_clear_error();
	if (rc != 0) {
		SSL_CTX_free(ctx);
		return rc;
	}
	*out = xcalloc(1, sizeof(**out));
	(*out)->ctx = ctx;
	return 0;
}

void tls_free(struct tls *t)
{
	if (t == NULL)
		return;
	SSL_CTX_free(t->ctx);
	free(t);
}

int64_t tls_ends_ms(const struct tls *t)
{
	STACK_OF(X509) *chain = NULL;
	if (t == NULL)
		return 0;
	int64_t first =
	    crypto_certificate_ends_ms(SSL_CTX_get0_certificate(t->ctx));
	if (SSL_CTX_get0_chain_certs(t->ctx, &chain) != 1)
		chain = NULL;
	for (int i = 0; chain != NULL && i < sk_X509_num(chain); i++) {
		int64_t ends =
		    crypto_certificate_ends_ms(sk_X509_value(chain, i));
		if (ends > 0 && ends < first)
			first = ends;
	}
	return first;
}

struct bufferevent *tls_accept(struct tls *t, struct event_base *base, int fd)
{
	SSL *ssl = SSL_new(t->ctx);
	if (ssl == NULL)
		return NULL;
	struct bufferevent *bev = bufferevent_openssl_socket_new(
	    base, fd, ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	if (bev == NULL) /* libevent has freed ssl */
		return NULL;
	bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	return bev;
}

void tls_say_goodbye(struct bufferevent *bev)
{
	SSL *ssl = bufferevent_openssl_get_ssl(bev);
	if (ssl != NULL && SSL_is_init_finished(ssl) &&
	    (SSL_get_shutdown(ssl) & SSL_SENT_SHUTDOWN) == 0)
		(void)SSL_shutdown(ssl);
	ERR_clear_error();
}

void tls_forget_errors(void)
{
	ERR_clear_error();
}
