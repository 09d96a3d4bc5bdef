/* SPDX-License-Identifier: MIT */
/*
 * One connection, and a request if asked for, as any client would make them:
 * what failed, how long it took, until when the certificate holds. Blocking;
 * command line only.
 */
#include "ctl/probe.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { PROBE_TIMEOUT_S = 10, PROBE_ANSWER_MAX = 64 << 10 };

static size_t on_data(char *p, size_t size, size_t n, void *ctx)
{
	struct buf *b = ctx;
	buf_add(b, p, size * n);
	return size * n; /* what is too long is cut off */
}

/* "Expire date:Feb  1 12:00:00 2027 GMT", of the first, which is the
 * server's. */
static int64_t expiry(CURL *curl)
{
	struct curl_certinfo *chain = NULL;
	static const char word[] = "Expire date:";
	if (curl_easy_getinfo(curl, CURLINFO_CERTINFO, &chain) != CURLE_OK ||
	    chain == NULL || chain->num_of_certs < 1)
		return 0;
	for (struct curl_slist *l = chain->certinfo[0]; l != NULL; l = l->next)
		if (strncmp(l->data, word, sizeof(word) - 1) == 0) {
			time_t at =
			    curl_getdate(l->data + sizeof(word) - 1, NULL);
			return at > 0 ? (int64_t)at * 1000 : 0;
		}
	return 0;
}

static void set(CURL *curl, struct probe *p, char *text)
{
	curl_easy_setopt(curl, CURLOPT_URL, p->url);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, text);
	curl_easy_setopt(curl, CURLOPT_PROXY, p->proxy ? p->proxy : "");
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)PROBE_TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CERTINFO, 1L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &p->answer);
	if (p->socket != NULL)
		curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, p->socket);
	if (p->ca != NULL)
		curl_easy_setopt(curl, CURLOPT_CAINFO, p->ca);
	if (p->connect_only)
		curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L);
	if (p->any_certificate) {
		curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
	}
}

static void take(CURL *curl, struct probe *p)
{
	const char *address = NULL;
	double connected = 0, encrypted = 0;
	(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &p->status);
	(void)curl_easy_getinfo(curl, CURLINFO_CONNECT_TIME, &connected);
	(void)curl_easy_getinfo(curl, CURLINFO_APPCONNECT_TIME, &encrypted);
	(void)curl_easy_getinfo(curl, CURLINFO_PRIMARY_IP, &address);
	p->ms = (encrypted > connected ? encrypted : connected) * 1e3;
	p->expires_ms = expiry(curl);
	(void)!snprintf(p->address, sizeof(p->address), "%s",
			address != NULL ? address : "");
}

void probe(struct probe *p)
{
	char text[CURL_ERROR_SIZE] = "";
	CURL *curl = curl_easy_init();
	buf_init(&p->answer, PROBE_ANSWER_MAX);
	if (curl == NULL) {
		(void)!snprintf(p->error, sizeof(p->error), "out of memory");
		return;
	}
	set(curl, p, text);
	CURLcode code = curl_easy_perform(curl);
	take(curl, p);
	if (code != CURLE_OK)
		(void)!snprintf(p->error, sizeof(p->error), "%s",
				text[0] != '\0' ? text
						: curl_easy_strerror(code));
	curl_easy_cleanup(curl);
}
