/* SPDX-License-Identifier: MIT */
/*
 * The idempotency key of a lead: a UUID (version 8) that follows from where it
 * came from and where it goes, so that a restart, a second worker or a restored
 * backup send the same one. Pure, any thread.
 */
#include <string.h>

#include "base/crypto.h"
#include "leadbridge/lead.h"

enum { FIELDS = 6, KEY_SIZE = 16 };

static struct str decimal(uint32_t v, char *end)
{
	char *p = end;
	do {
		*--p = (char)('0' + v % 10);
		v /= 10;
	} while (v > 0);
	return (struct str){p, (size_t)(end - p)};
}

static void big_endian(uint32_t v, char out[4])
{
	for (int i = 3; i >= 0; i--) {
		out[i] = (char)(v & 0xFF);
		v >>= 8;
	}
}

void lead_key(unsigned char key[16], struct str source, struct str event_id,
	      uint32_t index, struct str destination, uint32_t generation)
{
	char index_text[10], generation_text[10], lengths[FIELDS][4];
	struct str fields[FIELDS] = {
	    STR("leadbridge/1"),
	    source,
	    event_id,
	    decimal(index, index_text + sizeof(index_text)),
	    destination,
	    decimal(generation, generation_text + sizeof(generation_text)),
	};
	struct str parts[2 * FIELDS];
	for (size_t i = 0; i < FIELDS; i++) {
		big_endian((uint32_t)fields[i].n, lengths[i]);
		parts[2 * i] = (struct str){lengths[i], 4};
		parts[2 * i + 1] = fields[i];
	}
	unsigned char digest[DIGEST_MAX];
	crypto_digest(DIGEST_SHA256, parts, sizeof(parts) / sizeof(parts[0]),
		      digest);
	memcpy(key, digest, KEY_SIZE);
	key[6] = (unsigned char)((key[6] & 0x0F) | 0x80);
	key[8] = (unsigned char)((key[8] & 0x3F) | 0x80);
}

void lead_key_text(const unsigned char key[16], char text[LEAD_KEY_TEXT])
{
	static const char hex[] = "0123456789abcdef";
	char *p = text;
	for (int i = 0; i < KEY_SIZE; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		*p++ = hex[key[i] >> 4];
		*p++ = hex[key[i] & 15];
	}
	*p = '\0';
}
