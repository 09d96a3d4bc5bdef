/* SPDX-License-Identifier: MIT */
/* The files of src/operate/dashboard/, as they were when this was built. */
#ifndef LB_DASHBOARD_FILES_H
#define LB_DASHBOARD_FILES_H

#include "leadbridge/str.h"

struct dashboard_file {
	const char *name, *type;
	const char *start, *end;
};

/* NULL: there is none of that name. */
const struct dashboard_file *dashboard_file(struct str name, struct str *bytes);

#endif
