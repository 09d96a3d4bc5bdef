/* SPDX-License-Identifier: MIT */
/*
 * The keys of the file itself and of its listen addresses. A new key is a row
 * here and nothing else.
 */
#include "operate/config_keys_internal.h"

#define TOP          .section = SECTION_TOP, .name
#define LISTEN       .section = SECTION_LISTEN, .name
#define LIMIT(field) .offset = AT(config, limits.field)
#define INTO(field)  .offset = AT(config, field)

/* clang-format off */
static const struct key keys[] = {
{TOP = "listen", .type = KEY_LISTEN, .flags = KEY_SHOWN,
 .def = "[{address: 127.0.0.1:8080}]",
 .help = "Where webhooks arrive: one entry per address."},
{TOP = "public_url", .type = KEY_URL, INTO(public_url),
 .example = "https://hooks.example.com",
 .help = "The URL under which senders reach this daemon. Compulsory where a "
	 "scheme signs the URL; never taken from the Host header."},
{TOP = "trusted_proxies", .type = KEY_NETWORKS, INTO(trusted_proxies),
 .def = "[127.0.0.0/8, \"::1/128\", unix]",
 .help = "Proxies whose X-Forwarded-For (the rightmost address that is not "
	 "trusted) names the client. Caps per address do not apply to them."},

{TOP = "limits.connections", .type = KEY_INT, LIMIT(connections),
 .min = 1, .max = 1000000, .def = "8192",
 .help = "Open connections in all. At the cap the oldest idle one is closed "
	 "first; with none idle a new one gets 503."},
{TOP = "limits.connections_per_address", .type = KEY_INT,
 LIMIT(connections_per_address), .min = 1, .max = 1000000, .def = "256",
 .help = "Open connections from one client address."},
{TOP = "limits.handshake_timeout", .type = KEY_DURATION, LIMIT(handshake_ms),
 .min = 100, .max = 10 * MINUTE, .def = "5s",
 .help = "How long a TLS handshake may take."},
{TOP = "limits.first_byte_timeout", .type = KEY_DURATION, LIMIT(first_byte_ms),
 .min = 100, .max = 10 * MINUTE, .def = "10s",
 .help = "From a new connection to the first byte of a request."},
{TOP = "limits.header_timeout", .type = KEY_DURATION, LIMIT(header_ms),
 .min = 100, .max = 10 * MINUTE, .def = "10s",
 .help = "From the first byte of a request to the end of its headers."},
{TOP = "limits.body_timeout", .type = KEY_DURATION, LIMIT(body_ms),
 .min = 100, .max = HOUR, .def = "30s",
 .help = "From the end of the headers to the end of the body."},
{TOP = "limits.min_body_rate", .type = KEY_BYTE_RATE, LIMIT(min_body_rate),
 .max = GIB, .def = "1KiB/s",
 .help = "A body that arrives slower than this is given up; 0 for no such "
	 "rule."},
{TOP = "limits.drain_bytes", .type = KEY_SIZE, LIMIT(drain_bytes),
 .max = 16 * MIB, .def = "64KiB",
 .help = "How much of a refused body is still read, so that the sender sees "
	 "the answer."},
{TOP = "limits.drain_timeout", .type = KEY_DURATION, LIMIT(drain_ms),
 .max = MINUTE, .def = "1s",
 .help = "How long a refused body is still read."},
{TOP = "limits.idle_timeout", .type = KEY_DURATION, LIMIT(idle_ms),
 .min = 100, .max = HOUR, .def = "60s",
 .help = "How long a kept-alive connection may be silent."},
{TOP = "limits.answer_timeout", .type = KEY_DURATION, LIMIT(answer_ms),
 .min = 100, .max = MINUTE, .def = "4s",
 .help = "From the end of the body to the answer. What is not on disk by then "
	 "is answered \"try later\" in the sender's own way."},
{TOP = "limits.header_bytes", .type = KEY_SIZE, LIMIT(header_bytes),
 .min = KIB, .max = MIB, .def = "16KiB",
 .help = "Greatest size of all headers of a request together."},
{TOP = "limits.header_count", .type = KEY_INT, LIMIT(header_count),
 .min = 10, .max = 10000, .def = "100",
 .help = "Greatest number of headers of a request."},
{TOP = "limits.target_bytes", .type = KEY_SIZE, LIMIT(target_bytes),
 .min = 256, .max = MIB, .def = "8KiB",
 .help = "Greatest length of path and query."},
{TOP = "limits.body", .type = KEY_SIZE, LIMIT(body),
 .min = KIB, .max = GIB, .def = "1MiB",
 .help = "Greatest body, for platforms that have no larger default of their "
	 "own. A source may set max_body."},
{TOP = "limits.json_depth", .type = KEY_INT, LIMIT(json_depth),
 .min = 2, .max = 512, .def = "32",
 .help = "Greatest nesting of a payload."},
{TOP = "limits.values", .type = KEY_INT, LIMIT(values),
 .min = 16, .max = 10000000, .def = "20000",
 .help = "Greatest number of values in one payload of any format."},
{TOP = "limits.receiving_bytes", .type = KEY_SIZE, LIMIT(receiving_bytes),
 .min = MIB, .max = 64 * GIB, .def = "32MiB",
 .help = "Bodies being received, all together. Above it reading pauses, the "
	 "youngest first."},
{TOP = "limits.pending", .type = KEY_INT, LIMIT(pending),
 .min = 1, .max = 1000000, .def = "4096",
 .help = "Requests that wait for the disk. Above it the answer is \"try "
	 "later\"."},
{TOP = "limits.pending_bytes", .type = KEY_SIZE, LIMIT(pending_bytes),
 .min = MIB, .max = 64 * GIB, .def = "16MiB",
 .help = "Bytes of the requests that wait for the disk."},

{TOP = "admin.listen", .type = KEY_TEXTS, .flags = KEY_SHOWN,
 INTO(admin.listen), .def = "[unix:/run/leadbridge/admin.sock]",
 .help = "Where leadbridgectl, the dashboard and Prometheus connect: sockets "
	 "(mode 0660) and loopback addresses."},
{TOP = "admin.token", .type = KEY_SECRETS, INTO(admin.token),
 .example = "credential:admin-token",
 .help = "Needed for every admin address that is not a socket file: as a "
	 "bearer token, or typed into the login form of the dashboard."},
{TOP = "admin.read_token", .type = KEY_SECRETS, INTO(admin.read_token),
 .example = "credential:admin-read-token",
 .help = "Lets look, not touch: GET only, and personal data stays masked. For "
	 "Prometheus and for a screen on the wall."},
{TOP = "admin.hosts", .type = KEY_TEXTS, INTO(admin.hosts),
 .example = "[leads.example.com]",
 .help = "Names under which browsers reach the dashboard through a proxy. "
	 "IP addresses and localhost need no mention; any other name is refused, "
	 "since a page of a stranger could come by it (DNS rebinding)."},
{TOP = "admin.allow_remote", .type = KEY_BOOL, INTO(admin.allow_remote),
 .def = "false",
 .help = "Allow admin addresses that are not loopback. There is no TLS on "
	 "them: put a proxy or a tunnel in front."},

{TOP = "store.backend", .type = KEY_WORD, .flags = KEY_SHOWN | KEY_RESTART,
 INTO(store.backend), .choices = "sqlite postgres", .def = "sqlite",
 .help = "What keeps requests and leads."},
{TOP = "store.path", .type = KEY_PATH, .flags = KEY_SHOWN | KEY_RESTART,
 INTO(store.path), .def = "/var/lib/leadbridge/leadbridge.db",
 .help = "The SQLite database. One daemon at a time: a second one is "
	 "refused."},
{TOP = "store.url", .type = KEY_TEXT, .flags = KEY_RESTART | KEY_HIDDEN,
 INTO(store.url), .example = "postgresql:///leadbridge",
 .help = "The PostgreSQL database, for backend postgres."},
{TOP = "store.reserve", .type = KEY_SIZE, .flags = KEY_RESTART,
 INTO(store.reserve), .max = 64 * GIB, .def = "64MiB",
 .help = "A file beside the store that is given up when the disk is full, so "
	 "that delivery can go on. Never more than an eighth of the file "
	 "system."},
{TOP = "store.low_water", .type = KEY_SIZE, INTO(store.low_water),
 .max = 64 * GIB, .def = "32MiB",
 .help = "Free space below which webhooks are answered \"try later\". Never "
	 "more than a sixteenth of the file system."},
{TOP = "store.retain.payloads", .type = KEY_DURATION,
 INTO(store.retain.payloads_ms), .min = MINUTE, .def = "30d",
 .help = "How long the raw request of a finished lead is kept. What is not "
	 "delivered is kept until a person decides."},
{TOP = "store.retain.leads", .type = KEY_DURATION,
 INTO(store.retain.leads_ms), .min = MINUTE, .def = "90d",
 .help = "How long a finished lead is kept."},
{TOP = "store.retain.attempts", .type = KEY_DURATION,
 INTO(store.retain.attempts_ms), .min = MINUTE, .def = "30d",
 .help = "How long the record of delivery attempts is kept."},
{TOP = "store.retain.keys", .type = KEY_DURATION,
 INTO(store.retain.keys_ms), .min = HOUR, .def = "400d",
 .help = "How long event ids are remembered to recognise duplicates."},

{TOP = "metrics.log", .type = KEY_PATH, .flags = KEY_SHOWN,
 INTO(metrics_log), .def = "stdout",
 .help = "Where the metrics line goes: a file (reopened on SIGUSR1) or "
	 "stdout."},
{TOP = "metrics.interval", .type = KEY_DURATION, .flags = KEY_SHOWN,
 INTO(metrics_interval_ms), .min = SECOND, .max = DAY, .def = "10s",
 .help = "How often the metrics line is written."},

{TOP = "log.level", .type = KEY_CHOICE, INTO(log_level),
 .choices = "error warn info debug", .def = "info",
 .help = "What is logged to stderr: error (a person must act), warn, info "
	 "(state of sources and destinations), debug (each lead)."},
{TOP = "log.format", .type = KEY_EITHER, INTO(log_json),
 .choices = "text json", .def = "text",
 .help = "text is key=value with the priority the journal reads."},

{TOP = "alarms.oldest_waiting", .type = KEY_DURATION,
 INTO(alarms.oldest_waiting_ms), .min = SECOND, .max = 365 * DAY, .def = "30m",
 .help = "A lead that waits longer than this for its destination is an alarm, "
	 "whatever it waits for."},
{TOP = "alarms.breaker", .type = KEY_DURATION, INTO(alarms.breaker_ms),
 .min = SECOND, .max = 30 * DAY, .def = "10m",
 .help = "How long a destination may fail before it is an alarm."},
{TOP = "alarms.bad_signatures", .type = KEY_INT, INTO(alarms.bad_signatures),
 .min = 1, .max = 100, .def = "50",
 .help = "Percent of a source's requests of the last hour whose proof is "
	 "wrong; five at least."},
{TOP = "alarms.disk", .type = KEY_SIZE, INTO(alarms.disk),
 .max = 1024 * GIB, .def = "1GiB",
 .help = "Free space on the store's file system below which it is an alarm. "
	 "Never more than an eighth of the file system."},
{TOP = "alarms.certificate", .type = KEY_DURATION, INTO(alarms.certificate_ms),
 .min = MINUTE, .max = 365 * DAY, .def = "14d",
 .help = "How long before the end of a TLS certificate of ours."},
{TOP = "alarms.token", .type = KEY_DURATION, INTO(alarms.token_ms),
 .min = MINUTE, .max = 365 * DAY, .def = "7d",
 .help = "How long before the end of a token that says when it ends (JWT)."},
{TOP = "alarms.old_secret", .type = KEY_DURATION, INTO(alarms.old_secret_ms),
 .min = MINUTE, .max = 365 * DAY, .def = "7d",
 .help = "After this time a secret that proves nothing, while another of the "
	 "same source does, is said to be safe to remove."},
{TOP = "alarms.repeat", .type = KEY_DURATION, INTO(alarms.repeat_ms),
 .max = 365 * DAY, .def = "4h",
 .help = "How often an alarm that stays raised is sent again; 0s for never."},
{TOP = "alarms.mute", .type = KEY_TEXTS, INTO(alarms.mute),
 .example = "[old_secret, slo_burn_slow]",
 .help = "Alarms that are not sent, by name; they are still logged and "
	 "shown."},
{TOP = "alarms.webhook.url", .type = KEY_SECRET, INTO(alarms.webhook),
 .example = "file:/etc/leadbridge/secrets/slack-url",
 .help = "Where raised and cleared alarms are posted; the URL is a secret."},
{TOP = "alarms.webhook.format", .type = KEY_CHOICE, INTO(alarms.format),
 .choices = "slack json", .def = "slack",
 .help = "slack posts {\"text\": ...}, which Mattermost, Rocket.Chat and "
	 "others take too; json posts the alarms as objects."},
{TOP = "alarms.webhook.allow_http", .type = KEY_BOOL, INTO(alarms.allow_http),
 .def = "false",
 .help = "Allow a URL without TLS."},
{TOP = "alarms.webhook.allow_private", .type = KEY_BOOL,
 INTO(alarms.allow_private), .def = "false",
 .help = "Allow addresses that are not public."},
{TOP = "alarms.command", .type = KEY_TEXTS, INTO(alarms.command),
 .example = "[/usr/bin/msmtp, ops@example.com]",
 .help = "A program that is run for raised and cleared alarms, without a "
	 "shell, with a mail (a line Subject, an empty line, text) on its "
	 "standard input. The sandbox of the unit holds for it: what needs "
	 "set-group-id, as the sendmail of Postfix does, cannot work."},

{TOP = "profiles", .type = KEY_TEXTS, INTO(profile_folders),
 .example = "[/usr/share/leadbridge/profiles, /etc/leadbridge/profiles]",
 .help = "Folders with platforms described in YAML, see docs/profiles.md. A "
	 "later one replaces what an earlier one says of a platform. By default "
	 "those of the example."},

{TOP = "destinations", .type = KEY_DESTINATIONS,
 .help = "The CRM accounts leads go to, by name ([a-z0-9-], at most 64 "
	 "characters). The name is part of a lead's identity."},
{TOP = "sources", .type = KEY_SOURCES,
 .help = "The senders, by name ([a-z0-9-], at most 64 characters). The name "
	 "is part of the URL, /in/NAME, and of a lead's identity."},

{LISTEN = "address", .type = KEY_TEXT, .flags = KEY_REQUIRED | KEY_SHOWN,
 .offset = AT(listen_config, address), .example = "127.0.0.1:8080",
 .help = "host:port, [address]:port, \"*:port\" for all addresses, unix:PATH, "
	 "or systemd:NAME for an activated socket."},
{LISTEN = "tls.certificate", .type = KEY_PATH,
 .offset = AT(listen_config, certificate),
 .example = "/etc/leadbridge/tls/fullchain.pem",
 .help = "Certificate chain (PEM). With it the address speaks HTTPS."},
{LISTEN = "tls.key", .type = KEY_SECRET, .offset = AT(listen_config, key),
 .example = "file:/etc/leadbridge/tls/key.pem",
 .help = "Its private key (PEM). Both are read again on reload."},
};
/* clang-format on */

const struct key_table keys_top = KEY_TABLE(keys);
