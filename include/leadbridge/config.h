/* SPDX-License-Identifier: MIT */
/*
 * The configuration, parsed, checked and immutable. Reference counted: whoever
 * still works with the old one after a reload keeps it until it is done. Every
 * key with its type, range, default and help is a row of
 * operate/config_keys.c.
 */
#ifndef LB_CONFIG_H
#define LB_CONFIG_H

#include "leadbridge/outcome.h"
#include "leadbridge/secret.h"
#include "leadbridge/source.h"

struct listen_config {
	char *address;     /* host:port, [::]:port, unix:PATH, systemd:NAME */
	char *certificate; /* PATH, or NULL */
	struct secret key; /* TLS key, PEM */
	char *key_path;    /* where key came from, when it is a file */
	int line;
};

struct limits_config {
	int64_t connections, connections_per_address;
	int64_t handshake_ms, first_byte_ms, header_ms, body_ms, idle_ms;
	int64_t answer_ms;
	int64_t min_body_rate; /* bytes per second */
	int64_t drain_bytes, drain_ms;
	int64_t header_bytes, header_count, target_bytes, body;
	int64_t json_depth, values;
	int64_t receiving_bytes, pending, pending_bytes;
};

struct admin_config {
	struct text_list listen;
	struct secrets token, read_token;
	struct text_list hosts; /* names a browser may know it by */
	bool allow_remote;
};

struct retain_config {
	int64_t payloads_ms, leads_ms, attempts_ms, keys_ms;
};

struct store_config {
	char *backend, *path, *url;
	int64_t reserve, low_water;
	struct retain_config retain;
};

enum alarm_format { ALARM_SLACK, ALARM_JSON };

struct alarms_config {
	int64_t oldest_waiting_ms, breaker_ms, certificate_ms, token_ms;
	int64_t old_secret_ms;
	int64_t bad_signatures; /* percent */
	int64_t disk;           /* bytes */
	int64_t repeat_ms;
	struct secret webhook; /* URL; n == 0: none */
	enum alarm_format format;
	bool allow_http, allow_private;
	struct text_list command;
	struct text_list mute;
};

struct duration_list {
	int64_t *v; /* ms */
	size_t n;
};

struct destination_config {
	char *name;
	char *url, *bulk_url, *list_url;
	char *customer_id;
	struct secret token;
	struct rate_list rate, bulk_rate;
	int64_t concurrency;
	int64_t connect_timeout_ms, timeout_ms, max_age_ms;
	struct duration_list retry;
	int64_t retry_every_ms, probe_ms, nxdomain_grace_ms;
	int64_t breaker_failures, breaker_open_ms, breaker_max_open_ms;
	struct outcome_override *overrides;
	size_t n_overrides;
	struct header_rule *headers; /* extra request headers */
	size_t n_headers;
	bool allow_http, allow_private;
	char *ca, *proxy;
	int64_t slo_ms;
	unsigned position; /* index in config.destinations */
	char *file;        /* where it is written, for messages */
	int line;
};

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

struct config {
	int references; /* atomic; config_ref, config_unref */
	char *path;
	struct listen_config *listen;
	size_t n_listen;
	char *public_url;
	struct network_list trusted_proxies;
	struct limits_config limits;
	struct admin_config admin;
	struct store_config store;
	char *metrics_log; /* "stdout" or a path */
	int64_t metrics_interval_ms;
	enum log_level log_level;
	bool log_json;
	struct alarms_config alarms;
	struct destination_config **destinations;
	size_t n_destinations;
	struct source **sources;
	size_t n_sources;
	struct text_list profile_folders;
	struct profile **profiles; /* platforms described in YAML */
	size_t n_profiles;
};

/* One thing wrong (or worth a warning) with the configuration. */
struct config_problem {
	char *file;
	int line, column; /* 1-based; 0: the file as a whole */
	bool warning;
	char *text;
	char *destination; /* from config_compare: an error only as long as
			    * this destination has leads; else NULL */
};

struct config_problems {
	struct config_problem *v;
	size_t n, errors;
};

/* Reads path and conf.d/ *.yaml beside it. Always reports every problem; *out
 * is set only when there was no error (then the caller holds one reference). */
LB_MUST_CHECK int config_load(const char *path, struct config **out,
			      struct config_problems *problems);
/* Path of the first admin socket file that path and conf.d name, for the caller
 * to free. Nothing else is judged and no secret is read: whoever asks for the
 * state of a running daemon may not be allowed to, and the file may hold a
 * mistake by now. */
LB_MUST_CHECK int config_admin_socket(const char *path, char **out,
				      struct err *err);
struct config *config_ref(struct config *c);
void config_unref(struct config *c);
void config_problems_release(struct config_problems *p);
/* "file:12:3: error: text", without a line end. */
void config_problem_print(const struct config_problem *p, struct buf *out);
/* This destination has no leads: its errors of config_compare are warnings. */
void config_problems_excuse(struct config_problems *p, struct str destination);

/* What a running daemon cannot take over from `next`; each is a problem (an
 * error where leads would be orphaned, a warning where a restart is needed). */
void config_compare(const struct config *running, const struct config *next,
		    struct config_problems *problems);

const struct source *config_source(const struct config *c, struct str name);
const struct destination_config *config_destination(const struct config *c,
						    struct str name);

/* --print-config: every key with its value in force, secrets as "***". */
void config_print(const struct config *c, struct buf *out);
/* Sample file and the key section of leadbridge.yaml(5), from the table. */
void config_print_sample(struct buf *out);
void config_print_manual(struct buf *out);

#endif
