/* SPDX-License-Identifier: MIT */
/* A saved file of any bytes is a request or an error; spans stay inside it. */
#include <stdlib.h>

#include "operate/explain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct str part, const uint8_t *data, size_t size)
{
	const char *from = (const char *)data;
	if (part.n > 0 && (part.p < from || part.p + part.n > from + size))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char name[] = "shop";
	static const struct source source = {.name = name};
	struct explain e = {0};
	struct err err = {0};
	struct str text = {(const char *)data, size};
	if (explain_read(&e, &source, text, NULL, 0, &err) == 0) {
		inside(e.request.body, data, size);
		for (size_t i = 0; i < e.request.n_headers; i++) {
			inside(e.headers[i].name, data, size);
			inside(e.headers[i].value, data, size);
		}
		if (e.raw)
			inside(e.request.target, data, size);
	} else if (err.text[0] == '\0') {
		abort();
	}
	explain_release(&e);
	return 0;
}
