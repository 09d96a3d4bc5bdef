/* SPDX-License-Identifier: MIT */
/*
 * What curl says of a finished call, in the words of the outcome table: how far
 * it came, and the headers that matter. Part of the HTTP client. Delivery
 * thread only.
 */
#include "delivery/http_client_result.h"

#include <errno.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "delivery/answer.h"

static struct str header(CURL *easy, const char *name)
{
	struct curl_header *h;
	if (curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &h) != CURLHE_OK)
		return STR_NONE;
	return str_from(h->value);
}

static bool reached(CURL *easy, CURLINFO info)
{
	curl_off_t us = 0;
	return curl_easy_getinfo(easy, info, &us) == CURLE_OK && us > 0;
}

static enum transport timeout_of(CURL *easy)
{
	if (!reached(easy, CURLINFO_NAMELOOKUP_TIME_T))
		return TRANSPORT_DNS_FAILED;
	if (!reached(easy, CURLINFO_PRETRANSFER_TIME_T))
		return TRANSPORT_TIMEOUT_CONNECT;
	return TRANSPORT_TIMEOUT;
}

static enum transport connect_failure(const struct http_finished *call)
{
	long os = 0;
	curl_easy_getinfo(call->easy, CURLINFO_OS_ERRNO, &os);
	return os == ETIMEDOUT ? TRANSPORT_TIMEOUT_CONNECT : TRANSPORT_REFUSED;
}

static const struct {
	CURLcode code;
	enum transport transport;
} CODES[] = {
    {CURLE_UNSUPPORTED_PROTOCOL, TRANSPORT_FORBIDDEN},
    {CURLE_URL_MALFORMAT, TRANSPORT_FORBIDDEN},
    {CURLE_ABORTED_BY_CALLBACK, TRANSPORT_RESET}, /* not sent once more */
    {CURLE_COULDNT_RESOLVE_HOST, TRANSPORT_DNS_FAILED},
    {CURLE_COULDNT_RESOLVE_PROXY, TRANSPORT_DNS_FAILED},
    {CURLE_SSL_CONNECT_ERROR, TRANSPORT_TLS_FAILED},
    {CURLE_PEER_FAILED_VERIFICATION, TRANSPORT_TLS_UNTRUSTED},
    {CURLE_SSL_ISSUER_ERROR, TRANSPORT_TLS_UNTRUSTED},
    {CURLE_SSL_CACERT_BADFILE, TRANSPORT_TLS_UNTRUSTED},
    {CURLE_SSL_CERTPROBLEM, TRANSPORT_TLS_UNTRUSTED},
    {CURLE_SEND_ERROR, TRANSPORT_RESET},
    {CURLE_RECV_ERROR, TRANSPORT_RESET},
    {CURLE_GOT_NOTHING, TRANSPORT_RESET},
    {CURLE_PARTIAL_FILE, TRANSPORT_RESET},
};

static enum transport transport_of(const struct http_finished *call)
{
	CURLcode code = call->code;
	long status = 0;
	curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	/* What counts is the status line and the headers: a body that was cut
	 * off or too large cannot undo them. */
	if (call->headers_done && status >= 200)
		return TRANSPORT_ANSWERED;
	if (call->forbidden)
		return TRANSPORT_FORBIDDEN;
	if (code == CURLE_OPERATION_TIMEDOUT)
		return timeout_of(call->easy);
	if (code == CURLE_COULDNT_CONNECT)
		return connect_failure(call);
	/* Said something, but not all of its headers. */
	if (code == CURLE_OK)
		return TRANSPORT_RESET;
	/* Of an answer that is not HTTP curl says the same as of a URL it must
	 * not call. */
	if (code == CURLE_UNSUPPORTED_PROTOCOL &&
	    reached(call->easy, CURLINFO_PRETRANSFER_TIME_T))
		return TRANSPORT_OTHER;
	for (size_t i = 0; i < sizeof(CODES) / sizeof(CODES[0]); i++)
		if (CODES[i].code == code)
			return CODES[i].transport;
	return TRANSPORT_OTHER;
}

void http_finished_read(const struct http_finished *call,
			struct attempt_result *r)
{
	CURL *easy = call->easy;
	*r = (struct attempt_result){
	    .transport = transport_of(call),
	    .received_at_ms = clock_wall_ms(),
	};
	if (r->transport != TRANSPORT_ANSWERED)
		return;
	long status = 0;
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	r->status = (int)status;
	r->body_complete = call->code == CURLE_OK;
	r->body = call->body;
	for (const struct answer_header *h = answer_headers; h->name != NULL;
	     h++) {
		struct str *to = (void *)((char *)r + h->offset);
		if (to->p == NULL)
			*to = header(easy, h->name);
	}
}

int64_t http_certificate_ends_ms(CURL *easy)
{
	struct curl_tlssessioninfo *tls = NULL;
	if (curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &tls) != CURLE_OK ||
	    tls == NULL || tls->backend != CURLSSLBACKEND_OPENSSL ||
	    tls->internals == NULL)
		return 0;
	return crypto_peer_ends_ms(tls->internals);
}
