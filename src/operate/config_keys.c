/* SPDX-License-Identifier: MIT */
/*
 * One row per key: name, type, range, default as text, help, where it goes. A
 * new key is a row here and nothing else; tests/unit/test_config_docs compares
 * the sample file and the man page with this table.
 */
#include "operate/config_keys.h"

#define AT(type, field) offsetof(struct type, field)
#define TOP             .section = SECTION_TOP, .name
#define LISTEN          .section = SECTION_LISTEN, .name
#define DESTINATION     .section = SECTION_DESTINATION, .name
#define SOURCE          .section = SECTION_SOURCE, .name
#define LIMIT(field)    .offset = AT(config, limits.field)
#define INTO(field)     .offset = AT(config, field)
#define GOES(field)     .offset = AT(destination_config, field)
#define HAS(field)      .offset = AT(source, field)

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };
#define DAY (24 * (int64_t)HOUR)
#define KIB ((int64_t)1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define PLATFORMS                                                              \
	"google_ads meta_ads google_organic direct referral hubspot zoho ghl " \
	"shopify zenmaid lead_docket salesforce"
#define CONTACTS "form phone_call email chat sms manual import"

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

{DESTINATION = "url", .type = KEY_URL, .flags = KEY_REQUIRED, GOES(url),
 .example = "https://app.gomega.ai/api/agents/crm/leads",
 .help = "Where leads are posted. Waiting leads follow a changed URL."},
{DESTINATION = "bulk_url", .type = KEY_URL, GOES(bulk_url),
 .example = "https://app.gomega.ai/api/agents/crm/leads/bulk",
 .help = "Where imports are posted; url with /bulk behind it by default."},
{DESTINATION = "list_url", .type = KEY_URL, GOES(list_url),
 .example = "https://app.gomega.ai/api/agents/crm/leads",
 .help = "Where leads are looked up; the same as url by default."},
{DESTINATION = "customer_id", .type = KEY_UUID, .flags = KEY_REQUIRED,
 GOES(customer_id), .example = "00000000-0000-0000-0000-000000000000",
 .help = "The customer's id in the CRM. It cannot change while leads wait."},
{DESTINATION = "token", .type = KEY_SECRET, .flags = KEY_REQUIRED, GOES(token),
 .example = "file:/etc/leadbridge/secrets/mega-token",
 .help = "The CRM's bearer token. A wrong one parks the destination and costs "
	 "no lead."},
{DESTINATION = "rate", .type = KEY_RATES, GOES(rate),
 .example = "[60/min, 1000/h]",
 .help = "Requests the CRM allows; all hold, in every window of that length. "
	 "Without it limits are learned from its headers."},
{DESTINATION = "bulk_rate", .type = KEY_RATES, GOES(bulk_rate),
 .example = "[10/min]",
 .help = "The same for imports."},
{DESTINATION = "concurrency", .type = KEY_INT, GOES(concurrency),
 .min = 1, .max = 1024, .def = "8",
 .help = "Greatest number of requests at a time; it starts at 2."},
{DESTINATION = "connect_timeout", .type = KEY_DURATION,
 GOES(connect_timeout_ms), .min = 100, .max = 5 * MINUTE, .def = "5s",
 .help = "How long connecting may take."},
{DESTINATION = "timeout", .type = KEY_DURATION, GOES(timeout_ms),
 .min = 100, .max = 10 * MINUTE, .def = "30s",
 .help = "How long a whole request may take."},
{DESTINATION = "max_age", .type = KEY_DURATION, GOES(max_age_ms),
 .min = MINUTE, .def = "72h",
 .help = "After this a lead that still fails is dead: a person decides. Only "
	 "time in which it could have been tried counts."},
{DESTINATION = "retry", .type = KEY_DURATIONS, GOES(retry),
 .def = "[0s, 2s, 10s, 30s, 2m, 5m, 10m, 20m, 40m, 1h]",
 .help = "Pauses before the first attempts, with jitter."},
{DESTINATION = "retry_every", .type = KEY_DURATION, GOES(retry_every_ms),
 .min = SECOND, .max = 7 * DAY, .def = "2h",
 .help = "The pause once the list is used up."},
{DESTINATION = "probe", .type = KEY_DURATION, GOES(probe_ms),
 .min = 100, .max = DAY, .def = "5m",
 .help = "How often a parked destination is tried with one lead."},
{DESTINATION = "nxdomain_grace", .type = KEY_DURATION,
 GOES(nxdomain_grace_ms), .min = 100, .max = 7 * DAY, .def = "1h",
 .help = "How long the URL's host name may be missing (a domain being moved) "
	 "before the destination is parked; the alarm comes at once."},
{DESTINATION = "breaker.failures", .type = KEY_INT, GOES(breaker_failures),
 .min = 1, .max = 1000, .def = "5",
 .help = "Transient failures in a row after which the destination rests."},
{DESTINATION = "breaker.open", .type = KEY_DURATION, GOES(breaker_open_ms),
 .min = 100, .max = HOUR, .def = "5s",
 .help = "How long it rests at first; doubled each time."},
{DESTINATION = "breaker.max_open", .type = KEY_DURATION,
 GOES(breaker_max_open_ms), .min = 100, .max = DAY, .def = "2m",
 .help = "The longest rest."},
{DESTINATION = "outcome", .type = KEY_OUTCOMES, GOES(overrides),
 .offset2 = AT(destination_config, n_overrides),
 .example = "{409: dead, 422: dead}",
 .help = "What a status means, where the built-in table is wrong for this "
	 "CRM: sent, retry, limited, park or dead."},
{DESTINATION = "headers", .type = KEY_HEADERS, GOES(headers),
 .offset2 = AT(destination_config, n_headers), .example = "{X-Team: sales}",
 .help = "Further request headers; values may be secret references."},
{DESTINATION = "allow_http", .type = KEY_BOOL, GOES(allow_http),
 .def = "false",
 .help = "Allow a URL without TLS: leads and token travel in the clear."},
{DESTINATION = "allow_private", .type = KEY_BOOL, GOES(allow_private),
 .def = "false",
 .help = "Allow addresses that are not public. A proxy needs it, since then "
	 "only the proxy's address can be checked."},
{DESTINATION = "ca", .type = KEY_PATH, GOES(ca),
 .example = "/etc/leadbridge/tls/crm-ca.pem",
 .help = "Further trust anchors (PEM) for this destination."},
{DESTINATION = "proxy", .type = KEY_URL, .flags = KEY_HIDDEN, GOES(proxy),
 .example = "http://proxy.example.com:3128",
 .help = "HTTP proxy; never taken from the environment."},
{DESTINATION = "slo", .type = KEY_DURATION, GOES(slo_ms),
 .min = SECOND, .max = 7 * DAY, .def = "60s",
 .help = "How soon a lead should be in the CRM; for metrics and alarms."},

{SOURCE = "platform", .type = KEY_PLATFORM, .flags = KEY_REQUIRED, HAS(ops),
 .example = "shopify",
 .help = "Who sends; decides the adapter and its defaults."},
{SOURCE = "secret", .type = KEY_SECRETS, HAS(secret),
 .example = "[file:/etc/leadbridge/secrets/shopify]",
 .help = "What proves the sender: signing secret, app secret, public key. A "
	 "list for rotation."},
{SOURCE = "token", .type = KEY_SECRETS, HAS(token),
 .example = "file:/etc/leadbridge/secrets/shop-token",
 .help = "Unguessable last part of the URL, /in/NAME/TOKEN. Compulsory where "
	 "the sender cannot sign."},
{SOURCE = "header", .type = KEY_HEADERS, .flags = KEY_PROOF, HAS(headers),
 .offset2 = AT(source, n_headers),
 .example = "\"X-Key: file:/etc/leadbridge/secrets/shop-key\"",
 .help = "A header the request must carry; the value may be a secret "
	 "reference."},
{SOURCE = "allow", .type = KEY_NETWORKS, HAS(allow),
 .example = "[192.0.2.0/24]",
 .help = "Addresses the sender may come from; in addition to other proof."},
{SOURCE = "basic", .type = KEY_NAMED_SECRET, HAS(basic_user),
 .offset2 = AT(source, basic_password), .choices = ":",
 .example = "user:file:/etc/leadbridge/secrets/shop-basic",
 .help = "HTTP basic authentication the request must carry: user:SECRET."},
{SOURCE = "param", .type = KEY_NAMED_SECRET, HAS(param_name),
 .offset2 = AT(source, param_value), .choices = "=",
 .example = "key=file:/etc/leadbridge/secrets/shop-param",
 .help = "Query or form parameter the request must carry: name=SECRET."},
{SOURCE = "destination", .type = KEY_TEXTS, HAS(destinations),
 .example = "mega",
 .help = "Where the leads go: a destination, or a list (each gets its own "
	 "lead)."},
{SOURCE = "route.by", .type = KEY_FIELD, HAS(route.by), .example = ".page_id",
 .help = "What the destination is chosen by; the adapter's account (shop, "
	 "location, portal) by default."},
{SOURCE = "route.map", .type = KEY_MAP, HAS(route.map),
 .example = "{\"1001\": mega}",
 .help = "Account to destination, where one endpoint serves many customers."},
{SOURCE = "route.default", .type = KEY_TEXT, HAS(route.fallback),
 .example = "quarantine",
 .help = "Destination of every other account. quarantine, the default, "
	 "delivers them to nobody."},
{SOURCE = "account", .type = KEY_TEXTS, HAS(accounts),
 .example = "[shop.myshopify.com]",
 .help = "The sender's accounts this source accepts; others are "
	 "quarantined."},
{SOURCE = "source_platform", .type = KEY_WORD, HAS(source_platform),
 .choices = PLATFORMS, .example = "shopify",
 .help = "What the CRM is told about the origin, instead of the adapter's."},
{SOURCE = "source_type", .type = KEY_WORD, HAS(source_type),
 .choices = CONTACTS, .example = "form",
 .help = "What the CRM is told about the kind of contact."},
{SOURCE = "stage_slug", .type = KEY_TEXT, HAS(stage.fixed), .example = "new",
 .help = "The CRM's stage for new leads; or a mapping, see below."},
{SOURCE = "stage_slug.from", .type = KEY_FIELD, HAS(stage.from),
 .example = ".status",
 .help = "The payload's field that decides the stage."},
{SOURCE = "stage_slug.map", .type = KEY_MAP, HAS(stage.map),
 .example = "{hot: qualified}",
 .help = "The field's text to stage."},
{SOURCE = "stage_slug.default", .type = KEY_TEXT, HAS(stage.fallback),
 .example = "new",
 .help = "The stage of every other text."},
{SOURCE = "custom_fields.add", .type = KEY_MAP, HAS(fields.add),
 .example = "{campaign: spring}",
 .help = "Custom fields every lead of this source gets."},
{SOURCE = "custom_fields.only", .type = KEY_TEXTS, HAS(fields.only),
 .example = "[message]",
 .help = "Keep no other custom fields than these."},
{SOURCE = "custom_fields.drop", .type = KEY_TEXTS, HAS(fields.drop),
 .example = "[internal_note]",
 .help = "Custom fields to leave out."},
{SOURCE = "custom_fields.prefix", .type = KEY_TEXT, HAS(fields.prefix),
 .example = "shop_",
 .help = "Put in front of the name of every custom field."},
{SOURCE = "events", .type = KEY_TEXTS, HAS(events),
 .example = "[customers/create, orders/create]",
 .help = "Topics that make a lead, instead of the platform's own choice; "
	 "others are ignored."},
{SOURCE = "map", .type = KEY_FIELD_MAP, HAS(map),
 .example = "{contact_email: \".contact.mail, .mail\"}",
 .help = "Lead field or custom field to the expression of its value: a path, "
	 "several separated by commas (the first that has one), or jq. Wins over "
	 "the adapter. Or file:/PATH of one jq program that yields an object of "
	 "them."},
{SOURCE = "filter", .type = KEY_EXPRESSION, HAS(filter),
 .example = ".status == \"new\"",
 .help = "An expression in jq; where it is false the event is ignored."},
{SOURCE = "event_id", .type = KEY_EVENT_ID, HAS(event_id),
 .example = "header:X-Event-Id",
 .help = "The sender's id of the event, by which a repetition is recognised: "
	 "header:NAME, a path, or hash."},
{SOURCE = "scheme", .type = KEY_WORD, HAS(scheme.name),
 .choices = "standard_webhooks svix openphone mailgun jwt_hs256",
 .example = "standard_webhooks",
 .help = "How requests are signed, by name; or a mapping, see below. Where the "
	 "platform has a scheme of its own, a mapping without algorithm and "
	 "header changes only what it names."},
{SOURCE = "scheme.algorithm", .type = KEY_WORD, HAS(scheme.algorithm),
 .choices = "hmac-sha1 hmac-sha256 hmac-sha512 ed25519 rsa-sha256 "
	    "ecdsa-sha256",
 .example = "hmac-sha256",
 .help = "How the signature is made."},
{SOURCE = "scheme.header", .type = KEY_TEXT, HAS(scheme.header),
 .example = "X-Signature",
 .help = "The header that carries the signature; a path (.signature) where it "
	 "stands in the body. The next two are paths as well then."},
{SOURCE = "scheme.encoding", .type = KEY_WORD, HAS(scheme.encoding),
 .choices = "hex base64 base64url", .example = "hex",
 .help = "How the signature is written."},
{SOURCE = "scheme.prefix", .type = KEY_TEXT, HAS(scheme.prefix),
 .example = "\"sha256=\"",
 .help = "Text in front of the signature."},
{SOURCE = "scheme.signed", .type = KEY_TEXT, HAS(scheme.signed_text),
 .example = "\"{timestamp}.{body}\"",
 .help = "What is signed, made of {body}, {timestamp}, {id} and {url}."},
{SOURCE = "scheme.timestamp_header", .type = KEY_TEXT,
 HAS(scheme.timestamp_header), .example = "X-Timestamp",
 .help = "The header that carries the timestamp."},
{SOURCE = "scheme.id_header", .type = KEY_TEXT, HAS(scheme.id_header),
 .example = "X-Event-Id",
 .help = "The header that carries the signed id."},
{SOURCE = "scheme.tolerance", .type = KEY_DURATION, HAS(scheme.tolerance_ms),
 .max = 30 * DAY, .example = "5m",
 .help = "How old a signed timestamp may be; without it, it is not judged."},
{SOURCE = "tests", .type = KEY_CHOICE, HAS(tests), .choices = "ignore deliver",
 .def = "ignore",
 .help = "What becomes of the sender's test events."},
{SOURCE = "on_bad_proof", .type = KEY_CHOICE, HAS(on_bad_proof),
 .choices = "reject hold", .def = "reject",
 .help = "hold keeps the last refused requests in memory while setting up "
	 "(200, 8 MiB, 7 days): leadbridgectl source retry-held verifies them "
	 "again when the secret is corrected. The sender is told 401 all the "
	 "same."},
{SOURCE = "dedup_window", .type = KEY_DURATION, HAS(dedup_window_ms),
 .max = 30 * DAY, .def = "30m",
 .help = "How long equal content counts as a repetition, for senders without "
	 "an event id."},
{SOURCE = "join", .type = KEY_DURATION, HAS(join_ms), .max = 30 * DAY,
 .example = "10m",
 .help = "A later event of the same person (phone or e-mail) within this time "
	 "is ignored, as joined. Without it each event is a lead."},
{SOURCE = "conversation", .type = KEY_DURATION, HAS(conversation_ms),
 .max = 365 * DAY, .def = "30d",
 .help = "Chat and sms: one lead per sender and channel in this time; later "
	 "messages are ignored. 0s: each message is a lead."},
{SOURCE = "min_fill", .type = KEY_DURATION, HAS(min_fill_ms), .max = HOUR,
 .example = "3s",
 .help = "Forms: the shortest time a person needs to fill it in; what is "
	 "quicker is ignored. Needs the script of docs/forms.md on the page: "
	 "without its field _fill_ms nothing is judged."},
{SOURCE = "rate_per_address", .type = KEY_RATES, HAS(rate_per_address),
 .example = "10/min",
 .help = "How often one address may send; more is answered 429. 10/min for "
	 "forms, no limit for others. Trusted proxies are exempt; behind one "
	 "the forwarded address counts. A site whose server sends all its forms "
	 "needs more."},
{SOURCE = "country", .type = KEY_COUNTRY, HAS(country), .example = "US",
 .help = "Region of phone numbers without a country code."},
{SOURCE = "honeypot", .type = KEY_TEXT, HAS(honeypot), .example = "website",
 .help = "Forms: a field people do not see; what fills it is ignored."},
{SOURCE = "origins", .type = KEY_TEXTS, HAS(origins),
 .example = "[https://www.example.com]",
 .help = "Forms: the sites the form stands on."},
{SOURCE = "redirect", .type = KEY_TEXTS, HAS(redirect),
 .example = "[https://www.example.com/thanks]",
 .help = "Forms: where a browser is sent; a field _redirect may name another "
	 "entry of the list."},
{SOURCE = "rsa_key", .type = KEY_SECRETS, HAS(rsa_key),
 .example = "file:/etc/leadbridge/ghl-rsa.pem",
 .help = "ghl: also accept the old signature header, with this public key."},
{SOURCE = "verify_token", .type = KEY_SECRETS, HAS(verify_token),
 .example = "file:/etc/leadbridge/secrets/meta-verify",
 .help = "meta_ads: the word typed beside the URL when the webhook is saved."},
{SOURCE = "signature", .type = KEY_WORD, HAS(signature), .choices = "v1 v3",
 .example = "v3",
 .help = "hubspot: v1 also accepts the older signature, which proves neither "
	 "URL nor time. v3 alone by default."},
{SOURCE = "api.url", .type = KEY_URL, HAS(api.url),
 .example = "https://www.zohoapis.eu",
 .help = "Where records are fetched that the sender only names: the base, "
	 "without version. The platform's own by default."},
{SOURCE = "api.token", .type = KEY_SECRET, HAS(api.token),
 .example = "file:/etc/leadbridge/secrets/page-token",
 .help = "Access token for it. A dead one parks the account, @NAME, and costs "
	 "no lead."},
{SOURCE = "api.tokens", .type = KEY_TOKENS, HAS(api.tokens),
 .offset2 = AT(source, api.n_tokens),
 .example = "{\"1001\": file:/etc/leadbridge/secrets/page-1001}",
 .help = "The tokens of single accounts (page, portal, location), where one "
	 "source serves several; with api.oauth their refresh tokens. Each is "
	 "an account of its own, @NAME:ID: a dead token parks no other."},
{SOURCE = "api.oauth.token_url", .type = KEY_URL, HAS(api.oauth.token_url),
 .example = "https://accounts.zoho.eu/oauth/v2/token",
 .help = "Where access tokens come from, instead of api.token: hubspot and ghl "
	 "(their own by default), zoho (that of your data centre)."},
{SOURCE = "api.oauth.client_id", .type = KEY_TEXT, HAS(api.oauth.client_id),
 .example = "1000.ABCDEF",
 .help = "The client those are made for."},
{SOURCE = "api.oauth.client_secret", .type = KEY_SECRET,
 HAS(api.oauth.client_secret),
 .example = "file:/etc/leadbridge/secrets/zoho-client",
 .help = "The secret of that client."},
{SOURCE = "api.oauth.refresh_token", .type = KEY_SECRET,
 HAS(api.oauth.refresh_token),
 .example = "file:/etc/leadbridge/secrets/zoho-refresh",
 .help = "What access tokens are made with. Where it changes with each use, the "
	 "new one is kept in the store, until another one is written here."},
{SOURCE = "api.version", .type = KEY_TEXT, HAS(api.version),
 .example = "v23.0",
 .help = "Version of the provider's API; a tried one by default."},
{SOURCE = "api.allow_http", .type = KEY_BOOL, HAS(api.allow_http),
 .def = "false",
 .help = "Allow an api.url without TLS: token and contacts travel in the "
	 "clear."},
{SOURCE = "api.allow_private", .type = KEY_BOOL, HAS(api.allow_private),
 .def = "false",
 .help = "Allow addresses that are not public, and hosts that are not the "
	 "provider's."},
{SOURCE = "expect", .type = KEY_EXPECT, HAS(expect), .example = "1 per 6h",
 .help = "How often it normally speaks, e.g. 1 per 6h 08:00-20:00; silence is "
	 "an alarm. Of the day only the hours given count, in the host's time "
	 "zone or with an offset: 08:00-20:00+01:00. Time in which the daemon "
	 "does not run does not count."},
{SOURCE = "attribution", .type = KEY_BOOL, HAS(attribution),
 .example = "true",
 .help = "The acquisition channel decides source_platform. On by default for "
	 "forms, calls and chats."},
{SOURCE = "own_hosts", .type = KEY_TEXTS, HAS(own_hosts),
 .example = "[example.com, example.shop]",
 .help = "Attribution: your sites; a referrer there, or below, is none. The "
	 "origins and the page's own host count without being listed."},
{SOURCE = "excluded_hosts", .type = KEY_TEXTS, HAS(excluded_hosts),
 .example = "[pay.example.net]",
 .help = "Attribution: sites people only pass through, such as a payment "
	 "page; never where they came from."},
{SOURCE = "fbclid_implies_ads", .type = KEY_BOOL, HAS(fbclid_implies_ads),
 .def = "false",
 .help = "Attribution: an fbclid with no utm text beside it is an ad "
	 "(meta_ads). Facebook adds one to links nobody paid for, too: those "
	 "are referral."},
{SOURCE = "microsoft_ads_as", .type = KEY_WORD, HAS(microsoft_ads_as),
 .choices = PLATFORMS, .example = "referral",
 .help = "Attribution: the CRM's platform for ads of Microsoft; referral by "
	 "default, since it has none for them."},
{SOURCE = "other_search_as", .type = KEY_WORD, HAS(other_search_as),
 .choices = PLATFORMS, .example = "referral",
 .help = "Attribution: the CRM's platform for searches elsewhere than at "
	 "Google; referral by default."},
{SOURCE = "recase", .type = KEY_BOOL, HAS(recase), .def = "false",
 .help = "Correct the case of names written all in capitals or all in small "
	 "letters: JANE MCKAY becomes Jane McKay."},
{SOURCE = "cnam_swap", .type = KEY_BOOL, HAS(cnam_swap), .def = "false",
 .help = "Calls: the network writes DOE JANE; turn names all in capitals round, "
	 "but for what looks like a company."},
{SOURCE = "max_body", .type = KEY_BODY_SIZE, HAS(max_body),
 .min = KIB, .max = GIB, .example = "4MiB",
 .help = "Greatest body; the platform's own default otherwise."},
};
/* clang-format on */

size_t key_count(void)
{
	return sizeof(keys) / sizeof(keys[0]);
}

const struct key *key_at(size_t i)
{
	return i < key_count() ? &keys[i] : NULL;
}

const struct key *key_find(enum key_section section, struct str name)
{
	for (size_t i = 0; i < key_count(); i++)
		if (keys[i].section == section &&
		    str_eq(str_from(keys[i].name), name))
			return &keys[i];
	return NULL;
}

bool key_has_children(enum key_section section, struct str name)
{
	for (size_t i = 0; i < key_count(); i++) {
		struct str one = str_from(keys[i].name);
		if (keys[i].section == section && one.n > name.n &&
		    one.p[name.n] == '.' && str_starts(one, name))
			return true;
	}
	return false;
}
