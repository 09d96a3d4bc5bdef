/* SPDX-License-Identifier: MIT */
/*
 * The configuration reader on any bytes: tree, keys, checks, and printing what
 * was taken. The bytes go through a file, as they do in the daemon.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "leadbridge/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct config *c = NULL;
	struct config_problems problems = {0};
	int fd = memfd_create("fuzz_config", MFD_CLOEXEC);
	lb_assert(fd >= 0 && write(fd, data, n) == (ssize_t)n);
	char *path = xasprintf("/proc/self/fd/%d", fd);
	if (config_load(path, &c, &problems) == 0) {
		struct buf out;
		buf_init(&out, 1 << 20);
		config_print(c, &out);
		buf_release(&out);
		config_compare(c, c, &problems);
		lb_assert(problems.errors == 0);
		config_unref(c);
	}
	config_problems_release(&problems);
	free(path);
	(void)close(fd);
	return 0;
}
