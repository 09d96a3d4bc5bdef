/* SPDX-License-Identifier: MIT */
/* leadbridgectl destination add NAME: a CRM that leads can go to. */
#include <string.h>

#include "ctl/add.h"
#include "leadbridge/config.h"

static const struct {
	const char *option, *key;
} PLAIN[] = {
    {"--crm-url", "url"},
    {"--customer-id", "customer_id"},
};

static void set_rates(struct addition *a)
{
	const char *rate;
	buf_addf(&a->text, "    rate: [");
	for (int i = 0; (rate = ctl_option_nth(a->ctl, "--rate", i)) != NULL;
	     i++) {
		buf_addf(&a->text, "%s", i > 0 ? ", " : "");
		buf_add_json(&a->text, str_from(rate));
	}
	buf_addf(&a->text, "]\n");
}

int ctl_destination_add(struct ctl *c, const char *name)
{
	struct addition a;
	struct config *config = NULL;
	const char *token = ctl_option(c, "--token");
	if (token == NULL || ctl_option(c, "--crm-url") == NULL ||
	    ctl_option(c, "--customer-id") == NULL) {
		(void)fprintf(stderr, "leadbridgectl: a destination needs "
				      "--crm-url, --customer-id and --token\n");
		return CTL_USAGE;
	}
	addition_begin(&a, c, "destination", name);
	for (size_t i = 0; i < sizeof(PLAIN) / sizeof(PLAIN[0]); i++)
		addition_set(&a, PLAIN[i].key, ctl_option(c, PLAIN[i].option));
	int rc = addition_secret(&a, "token", token);
	if (ctl_option(c, "--rate") != NULL)
		set_rates(&a);
	if (rc == CTL_DONE)
		rc = addition_set_others(&a);
	if (rc == CTL_DONE)
		rc = addition_finish(&a, &config);
	if (rc == CTL_DONE && !c->json)
		(void)printf(
		    "destination %s is there; source add --destination "
		    "%s sends leads to it\n",
		    name, name);
	addition_end(&a, rc == CTL_DONE);
	config_unref(config);
	return rc;
}
