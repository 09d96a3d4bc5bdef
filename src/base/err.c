/* SPDX-License-Identifier: MIT */
/* The sentence for the operator. Any thread. */
#include "leadbridge/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *err, int code, const char *format, ...)
{
	if (err == NULL)
		return code;
	va_list ap;
	va_start(ap, format);
	if (vsnprintf(err->text, sizeof(err->text), format, ap) < 0)
		err->text[0] = '\0';
	va_end(ap);
	err->code = code;
	return code;
}

int err_prefix(struct err *err, const char *format, ...)
{
	if (err == NULL)
		return LB_ESYSTEM;
	char old[sizeof(err->text)];
	memcpy(old, err->text, sizeof(old));
	va_list ap;
	va_start(ap, format);
	int n = vsnprintf(err->text, sizeof(err->text), format, ap);
	va_end(ap);
	if (n < 0)
		n = 0;
	if ((size_t)n < sizeof(err->text))
		(void)!snprintf(err->text + n, sizeof(err->text) - (size_t)n,
				": %s", old);
	return err->code;
}
