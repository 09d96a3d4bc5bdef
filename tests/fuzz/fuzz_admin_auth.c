/* SPDX-License-Identifier: MIT */
/* What a browser says about itself: "Host\nOrigin\nCookie". */
#include "base/mem.h"
#include "operate/admin_auth.h"
#include "operate/admin_session.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static unsigned char token[] = "token";
	static char own[] = "leads.example.com";
	static char *names[] = {own};
	static const struct text_list hosts = {names, 1};
	static struct secret secret = {token, sizeof(token) - 1, NULL};
	static const struct secrets tokens = {&secret, 1};
	static struct sessions sessions;
	const struct session_keys keys = {STR("store"), &tokens, 'f'};
	struct str rest, cookie;
	struct str host =
	    str_cut((struct str){(const char *)data, size}, '\n', &rest);
	struct str origin = str_cut(rest, '\n', &cookie);
	struct header v[] = {{STR("Host"), host},
			     {STR("Origin"), origin},
			     {STR("Cookie"), cookie}};
	struct request r = {.headers = v, .n_headers = 3};
	bool over_tcp = admin_host_known(host, false, &hosts);
	/* A socket only knows more. */
	lb_assert(!over_tcp || admin_host_known(host, true, &hosts));
	(void)admin_origin_own(&r);
	struct str text = session_cookie(&r, "leadbridge-01234567");
	lb_assert(!session_good(&sessions, &keys, text, 1795400000000));
	session_end(&sessions, text);
	return 0;
}
