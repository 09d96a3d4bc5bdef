/* SPDX-License-Identifier: MIT */
/*
 * How each type of key is read from a node into its field, released and
 * written back. One table, indexed by enum key_type.
 */
#ifndef LB_CONFIG_VALUES_H
#define LB_CONFIG_VALUES_H

#include "leadbridge/arena.h"
#include "leadbridge/buf.h"
#include "operate/config_keys.h"
#include "operate/problems.h"
#include "operate/yaml_tree.h"

/* One load of the configuration. */
struct reader {
	struct config_problems *problems;
	struct arena arena; /* the trees */
	struct config *config;
	const char **files; /* node.file is an index */
	size_t n_files;
	/* The node each entry of the configuration came from, in its order. */
	const struct node **listen, **destinations, **sources;
	bool *source_is_read; /* without an error */
	bool incomplete; /* a file could not be read: what is missing is not
			  * judged */
};

struct key_kind {
	const char *name; /* "number", for messages and the man page */
	/* Reports what is wrong and then leaves the field alone. */
	void (*read)(struct reader *r, const struct key *k,
		     const struct node *n, void *base);
	/* NULL where nothing is owned. */
	void (*release)(const struct key *k, void *base);
	/* As it would be written, in flow style, secrets as ***; nothing where
	 * it is not set. NULL for sections. */
	void (*write)(const struct key *k, const void *base, struct buf *out);
};
const struct key_kind *key_kind(enum key_type type);

struct place place_of(const struct reader *r, const struct node *n);
struct place place_of_key(const struct reader *r, const struct node *n);
/* "'limits.body' must be a size, not 'x'" */
void value_refuse(struct reader *r, const struct key *k, const struct node *n,
		  const char *wanted);
/* The node's text; false (and reported) when it has none. */
bool value_text_of(struct reader *r, const struct key *k, const struct node *n,
		   struct str *text);
/* Calls fn for each text of a list, or for the one text. */
typedef void (*value_each)(struct reader *r, const struct key *k,
			   const struct node *n, struct str text, void *base);
void value_list(struct reader *r, const struct key *k, const struct node *n,
		void *base, value_each fn);

/* config_read.c */
void read_listen(struct reader *r, const struct key *k, const struct node *n,
		 void *base);
void read_destinations(struct reader *r, const struct key *k,
		       const struct node *n, void *base);
void read_sources(struct reader *r, const struct key *k, const struct node *n,
		  void *base);
/* config_values.c */
void read_bool(struct reader *r, const struct key *k, const struct node *n,
	       void *base);
void read_int(struct reader *r, const struct key *k, const struct node *n,
	      void *base);
void read_duration(struct reader *r, const struct key *k, const struct node *n,
		   void *base);
void read_size(struct reader *r, const struct key *k, const struct node *n,
	       void *base);
void read_body_size(struct reader *r, const struct key *k, const struct node *n,
		    void *base);
void read_byte_rate(struct reader *r, const struct key *k, const struct node *n,
		    void *base);
void read_text(struct reader *r, const struct key *k, const struct node *n,
	       void *base);
void read_word(struct reader *r, const struct key *k, const struct node *n,
	       void *base);
void read_choice(struct reader *r, const struct key *k, const struct node *n,
		 void *base);
void read_either(struct reader *r, const struct key *k, const struct node *n,
		 void *base);
void read_platform(struct reader *r, const struct key *k, const struct node *n,
		   void *base);
void read_texts(struct reader *r, const struct key *k, const struct node *n,
		void *base);
void read_rates(struct reader *r, const struct key *k, const struct node *n,
		void *base);
void read_durations(struct reader *r, const struct key *k, const struct node *n,
		    void *base);
void read_networks(struct reader *r, const struct key *k, const struct node *n,
		   void *base);
/* config_values_text.c: texts of a certain form */
void read_url(struct reader *r, const struct key *k, const struct node *n,
	      void *base);
void read_uuid(struct reader *r, const struct key *k, const struct node *n,
	       void *base);
void read_country(struct reader *r, const struct key *k, const struct node *n,
		  void *base);
void read_field(struct reader *r, const struct key *k, const struct node *n,
		void *base);
void read_event_id(struct reader *r, const struct key *k, const struct node *n,
		   void *base);
void read_expect(struct reader *r, const struct key *k, const struct node *n,
		 void *base);
void read_map(struct reader *r, const struct key *k, const struct node *n,
	      void *base);
void read_field_map(struct reader *r, const struct key *k, const struct node *n,
		    void *base);
void read_expression_key(struct reader *r, const struct key *k,
			 const struct node *n, void *base);
void read_outcomes(struct reader *r, const struct key *k, const struct node *n,
		   void *base);
/* http or https, a host, no user name, no fragment. */
bool config_url_ok(struct str url);
/* config_secrets.c */
void read_secret(struct reader *r, const struct key *k, const struct node *n,
		 void *base);
void read_secrets(struct reader *r, const struct key *k, const struct node *n,
		  void *base);
void read_named_secret(struct reader *r, const struct key *k,
		       const struct node *n, void *base);
void read_tokens(struct reader *r, const struct key *k, const struct node *n,
		 void *base);
void read_headers(struct reader *r, const struct key *k, const struct node *n,
		  void *base);

/* config_write.c: values as they would be written */
void write_duration(struct buf *out, int64_t ms);
void write_size(struct buf *out, int64_t bytes);
void write_scalar(struct buf *out, struct str text); /* quoted where needed */
const char *outcome_word(int outcome);               /* "sent", or NULL */
void write_bool(const struct key *k, const void *base, struct buf *out);
void write_int(const struct key *k, const void *base, struct buf *out);
void write_duration_key(const struct key *k, const void *base, struct buf *out);
void write_size_key(const struct key *k, const void *base, struct buf *out);
void write_body_size(const struct key *k, const void *base, struct buf *out);
void write_byte_rate(const struct key *k, const void *base, struct buf *out);
void write_text(const struct key *k, const void *base, struct buf *out);
void write_choice(const struct key *k, const void *base, struct buf *out);
void write_either(const struct key *k, const void *base, struct buf *out);
void write_platform(const struct key *k, const void *base, struct buf *out);
void write_secret(const struct key *k, const void *base, struct buf *out);
void write_secrets(const struct key *k, const void *base, struct buf *out);
void write_named_secret(const struct key *k, const void *base, struct buf *out);
void write_tokens(const struct key *k, const void *base, struct buf *out);
void write_headers(const struct key *k, const void *base, struct buf *out);
void write_texts(const struct key *k, const void *base, struct buf *out);
void write_rates(const struct key *k, const void *base, struct buf *out);
void write_durations(const struct key *k, const void *base, struct buf *out);
void write_networks(const struct key *k, const void *base, struct buf *out);
/* config_map.c */
void write_field_map(const struct key *k, const void *base, struct buf *out);
void write_map(const struct key *k, const void *base, struct buf *out);
void write_outcomes(const struct key *k, const void *base, struct buf *out);

#endif
