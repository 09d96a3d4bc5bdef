/* SPDX-License-Identifier: MIT */
/* leadbridgectl source add NAME: a new sender, and the URL to paste there. */
#include <string.h>

#include "ctl/add.h"
#include "leadbridge/config.h"

static const struct {
	const char *option, *key;
} PLAIN[] = {
    {"--platform", "platform"},
    {"--destination", "destination"},
    {"--account", "account"},
    {"--country", "country"},
};

/* Where nothing else proves the sender, the URL does. */
static int set_proof(struct addition *a)
{
	const char *secret = ctl_option(a->ctl, "--secret");
	if (secret != NULL && addition_secret(a, "secret", secret) != CTL_DONE)
		return CTL_NO;
	if (secret == NULL || ctl_option(a->ctl, "--url-token") != NULL)
		return addition_new_token(a);
	return CTL_DONE;
}

static void print_url(const struct ctl *c, const struct config *config,
		      const struct source *s)
{
	struct str base = str_from(config->public_url);
	struct str token =
	    s->token.n > 0 ? secret_str(&s->token.v[0]) : STR_NONE;
	while (str_ends(base, STR("/")))
		base.n--;
	if (base.n == 0)
		base = STR("http://HOST");
	(void)printf("%s%.*s/in/%s%s%.*s%s\n",
		     c->json ? "{\"url\":\""
			     : "paste this URL at the sender:\n  ",
		     STR_FMT(base), s->name, token.n > 0 ? "/" : "",
		     STR_FMT(token), c->json ? "\"}" : "");
	if (config->public_url == NULL)
		(void)fprintf(stderr, "set public_url to see all of it\n");
}

int ctl_source_add(struct ctl *c, const char *name)
{
	struct addition a;
	struct config *config = NULL;
	if (ctl_option(c, "--platform") == NULL) {
		(void)fprintf(stderr, "leadbridgectl: --platform says what it "
				      "is (leadbridged --list-platforms)\n");
		return CTL_USAGE;
	}
	addition_begin(&a, c, "source", name);
	for (size_t i = 0; i < sizeof(PLAIN) / sizeof(PLAIN[0]); i++)
		if (ctl_option(c, PLAIN[i].option) != NULL)
			addition_set(&a, PLAIN[i].key,
				     ctl_option(c, PLAIN[i].option));
	int rc = set_proof(&a);
	if (rc == CTL_DONE)
		rc = addition_set_others(&a);
	if (rc == CTL_DONE)
		rc = addition_finish(&a, &config);
	const struct source *s =
	    config != NULL ? config_source(config, str_from(name)) : NULL;
	if (rc == CTL_DONE && s != NULL)
		print_url(c, config, s);
	addition_end(&a, rc == CTL_DONE);
	config_unref(config);
	return rc;
}
