/* SPDX-License-Identifier: MIT */
/* leadbridgectl alarms: what is raised, what was; the status is for cron and
 * monitoring. */
#include <string.h>

#include "ctl/ctl.h"

static void print_one(struct json_object *a)
{
	const char *cleared = ctl_text(a, "cleared");
	(void)printf("%-8s %s%s%s\n         since %s%s%s\n         %s\n",
		     ctl_text(a, "severity"), ctl_text(a, "name"),
		     ctl_text(a, "subject")[0] != '\0' ? " " : "",
		     ctl_text(a, "subject"), ctl_text(a, "since"),
		     cleared[0] != '\0' ? " until " : "", cleared,
		     ctl_text(a, "text"));
}

static size_t print_list(struct json_object *answer, const char *name)
{
	struct json_object *list = NULL;
	json_object_object_get_ex(answer, name, &list);
	size_t n = list != NULL ? json_object_array_length(list) : 0;
	for (size_t i = 0; i < n; i++)
		print_one(json_object_array_get_idx(list, i));
	return n;
}

static size_t count(struct json_object *answer, const char *severity)
{
	struct json_object *list = NULL;
	size_t n = 0;
	json_object_object_get_ex(answer, "alarms", &list);
	size_t all = list != NULL ? json_object_array_length(list) : 0;
	for (size_t i = 0; i < all; i++)
		n += strcmp(ctl_text(json_object_array_get_idx(list, i),
				     "severity"),
			    severity) == 0;
	return n;
}

static void print_all(const struct ctl *c, struct json_object *answer)
{
	if (print_list(answer, "alarms") == 0)
		(void)printf("no alarms\n");
	if (ctl_option(c, "--recent") == NULL)
		return;
	(void)printf("\ncleared:\n");
	if (print_list(answer, "recent") == 0)
		(void)printf("none\n");
}

static int run(struct ctl *c)
{
	struct json_object *answer = NULL;
	if (c->n_args != 0)
		return ctl_usage(&CTL_ALARMS);
	int rc = ctl_call(c, "GET", "/api/v1/alarms", &answer);
	if (rc != CTL_DONE)
		return rc;
	if (!c->json)
		print_all(c, answer);
	/* That a secret may be removed wakes nobody. */
	if (count(answer, "warning") + count(answer, "critical") > 0)
		rc = CTL_NO;
	json_object_put(answer);
	return rc;
}

static const struct ctl_option OPTIONS[] = {
    {"--recent", NULL, "also those that were cleared lately", false},
    {NULL, NULL, NULL, false},
};

const struct ctl_command CTL_ALARMS = {
    .name = "alarms",
    .usage = "",
    .help = "what a person should look at; 1 when there is something",
    .more = "For cron: leadbridgectl alarms || mail ...\n"
	    "An alarm of severity info alone leaves the status 0.\n",
    .options = OPTIONS,
    .run = run,
};
