/* SPDX-License-Identifier: MIT */
/* Whatever a file holds, its rows are JSON the daemon can read. */
#include "operate/import_file.h"

#include "base/mem.h"
#include "payload/payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct payload_limits LIMITS = {.depth = 4, .values = 500000};

static void on_wrong(void *ctx, int64_t line, const char *why)
{
	(void)ctx;
	lb_assert(line > 0 && why[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct import_file f = {0};
	struct err err;
	struct buf rows;
	size_t n = 0;
	buf_init(&rows, 64 * size + 4096);
	int rc = import_file_open(&f, (struct str){(const char *)data, size}, 0,
				  &err);
	while (rc == 0 &&
	       import_file_next(&f, &rows, &n, on_wrong, NULL, &err) == 1) {
		struct arena a = {0};
		struct value *tree = NULL;
		buf_addf(&rows, "]}");
		struct str json = arena_printf(&a, "{\"rows\":[%.*s",
					       STR_FMT(buf_str(&rows)));
		lb_assert(payload_json(&a, json, &LIMITS, false, &tree, &err) ==
			  0);
		lb_assert(value_get(tree, "rows")->count == n);
		arena_release(&a);
		buf_reset(&rows);
	}
	import_file_close(&f);
	buf_release(&rows);
	return 0;
}
