/* SPDX-License-Identifier: MIT */
/*
 * The table of key types: how each is read, released and written back. The
 * functions that release are here; the others are named in config_values.h.
 */
#include "operate/config_values.h"

#include <stdlib.h>

#include "base/mem.h"

static size_t *count_of(const struct key *k, void *base)
{
	return (size_t *)(void *)((char *)base + k->offset2);
}

static void release_text(const struct key *k, void *base)
{
	char **field = key_field(k, base);
	if (*field != NULL) /* some hold a password */
		mem_wipe(*field, strlen(*field));
	free(*field);
	*field = NULL;
}

static void release_secret(const struct key *k, void *base)
{
	secret_release(key_field(k, base));
}

static void release_secrets(const struct key *k, void *base)
{
	secrets_release(key_field(k, base));
}

static void release_named_secret(const struct key *k, void *base)
{
	release_text(k, base);
	secrets_release((struct secrets *)(void *)((char *)base + k->offset2));
}

static void release_tokens(const struct key *k, void *base)
{
	struct named_secret **tokens = key_field(k, base);
	for (size_t i = 0; i < *count_of(k, base); i++) {
		free((*tokens)[i].name);
		secret_release(&(*tokens)[i].secret);
	}
	free(*tokens);
	*tokens = NULL;
	*count_of(k, base) = 0;
}

static void release_headers(const struct key *k, void *base)
{
	struct header_rule **rules = key_field(k, base);
	for (size_t i = 0; i < *count_of(k, base); i++) {
		free((*rules)[i].name);
		secrets_release(&(*rules)[i].value);
	}
	free(*rules);
	*rules = NULL;
	*count_of(k, base) = 0;
}

static void release_texts(const struct key *k, void *base)
{
	struct text_list *field = key_field(k, base);
	for (size_t i = 0; i < field->n; i++)
		free(field->v[i]);
	free(field->v);
	*field = (struct text_list){0};
}

static void release_rates(const struct key *k, void *base)
{
	struct rate_list *field = key_field(k, base);
	free(field->v);
	*field = (struct rate_list){0};
}

static void release_durations(const struct key *k, void *base)
{
	struct duration_list *field = key_field(k, base);
	free(field->v);
	*field = (struct duration_list){0};
}

static void release_networks(const struct key *k, void *base)
{
	struct network_list *field = key_field(k, base);
	free(field->v);
	*field = (struct network_list){0};
}

static void release_map(const struct key *k, void *base)
{
	struct text_map *field = key_field(k, base);
	for (size_t i = 0; i < field->n; i++) {
		free(field->v[i].from);
		free(field->v[i].to);
	}
	free(field->v);
	*field = (struct text_map){0};
}

static void release_outcomes(const struct key *k, void *base)
{
	struct outcome_override **field = key_field(k, base);
	free(*field);
	*field = NULL;
	*count_of(k, base) = 0;
}

/* clang-format off */
static const struct key_kind kinds[KEY_TYPES] = {
[KEY_BOOL]	= {"true or false", read_bool, NULL, write_bool},
[KEY_INT]	= {"number", read_int, NULL, write_int},
[KEY_DURATION]	= {"duration", read_duration, NULL, write_duration_key},
[KEY_SIZE]	= {"size", read_size, NULL, write_size_key},
[KEY_BODY_SIZE]	= {"size", read_body_size, NULL, write_body_size},
[KEY_BYTE_RATE]	= {"bytes per second", read_byte_rate, NULL, write_byte_rate},
[KEY_TEXT]	= {"text", read_text, release_text, write_text},
[KEY_WORD]	= {"word", read_word, release_text, write_text},
[KEY_CHOICE]	= {"word", read_choice, NULL, write_choice},
[KEY_EITHER]	= {"word", read_either, NULL, write_either},
[KEY_PATH]	= {"path", read_text, release_text, write_text},
[KEY_URL]	= {"URL", read_url, release_text, write_text},
[KEY_UUID]	= {"UUID", read_uuid, release_text, write_text},
[KEY_COUNTRY]	= {"country", read_country, release_text, write_text},
[KEY_PLATFORM]	= {"platform", read_platform, NULL, write_platform},
[KEY_FIELD]	= {"path in the payload", read_field, release_text, write_text},
[KEY_EVENT_ID]	= {"text", read_event_id, release_text, write_text},
[KEY_EXPECT]	= {"text", read_expect, release_text, write_text},
[KEY_SECRET]	= {"secret", read_secret, release_secret, write_secret},
[KEY_SECRETS]	= {"secret or list of secrets", read_secrets, release_secrets,
		   write_secrets},
[KEY_NAMED_SECRET] = {"name and secret", read_named_secret,
		   release_named_secret, write_named_secret},
[KEY_TOKENS]	= {"mapping of names to secrets", read_tokens, release_tokens,
		   write_tokens},
[KEY_HEADERS]	= {"header or list of headers", read_headers, release_headers,
		   write_headers},
[KEY_TEXTS]	= {"text or list of texts", read_texts, release_texts,
		   write_texts},
[KEY_RATES]	= {"rate or list of rates", read_rates, release_rates,
		   write_rates},
[KEY_DURATIONS]	= {"duration or list of durations", read_durations,
		   release_durations, write_durations},
[KEY_NETWORKS]	= {"network or list of networks", read_networks,
		   release_networks, write_networks},
[KEY_MAP]	= {"mapping", read_map, release_map, write_map},
[KEY_FIELD_MAP]	= {"mapping to expressions, or file:PATH", read_field_map,
		   release_map, write_field_map},
[KEY_EXPRESSION] = {"expression", read_expression_key, release_text, write_text},
[KEY_OUTCOMES]	= {"mapping of statuses", read_outcomes, release_outcomes,
		   write_outcomes},
[KEY_LISTEN]	= {"list", read_listen, NULL, NULL},
[KEY_DESTINATIONS] = {"mapping", read_destinations, NULL, NULL},
[KEY_SOURCES]	= {"mapping", read_sources, NULL, NULL},
};
/* clang-format on */

const struct key_kind *key_kind(enum key_type type)
{
	return &kinds[type];
}
