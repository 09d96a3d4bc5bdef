/* SPDX-License-Identifier: MIT */
/*
 * The files of the dashboard, byte for byte, put into the program by the
 * assembler: no step before the build, and nothing to be found at run time.
 * CMake says where they are and that this object depends on them.
 */
#include "operate/dashboard_files.h"

#define HTML   "text/html; charset=utf-8"
#define SCRIPT "text/javascript; charset=utf-8"
#define STYLE  "text/css; charset=utf-8"

/* label, name, type */
#define FILES(ROW)                                                             \
	ROW(index, "index.html", HTML)                                         \
	ROW(login, "login.html", HTML)                                         \
	ROW(style, "style.css", STYLE)                                         \
	ROW(app, "app.js", SCRIPT)                                             \
	ROW(api, "api.js", SCRIPT)                                             \
	ROW(dom, "dom.js", SCRIPT)                                             \
	ROW(leads, "leads.js", SCRIPT)                                         \
	ROW(detail, "detail.js", SCRIPT)                                       \
	ROW(overview, "overview.js", SCRIPT)                                   \
	ROW(plots, "plots.js", SCRIPT)

/* clang-format off */
#define INCLUDE(label, name, type)                                             \
	__asm__(".section .rodata\n"                                           \
		"lb_page_" #label ":\n"                                        \
		".incbin \"" LB_DASHBOARD_DIR "/" name "\"\n"                  \
		"lb_page_" #label "_end:\n"                                    \
		".byte 0\n"                                                    \
		".previous\n");                                                \
	extern const char lb_page_##label[], lb_page_##label##_end[];
/* clang-format on */
FILES(INCLUDE)

static const struct dashboard_file files[] = {
#define ROW(label, name, type)                                                 \
	{name, type, lb_page_##label, lb_page_##label##_end},
    FILES(ROW)
#undef ROW
};

const struct dashboard_file *dashboard_file(struct str name, struct str *bytes)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (!str_eq(name, str_from(files[i].name)))
			continue;
		*bytes = (struct str){files[i].start,
				      (size_t)(files[i].end - files[i].start)};
		return &files[i];
	}
	return NULL;
}
