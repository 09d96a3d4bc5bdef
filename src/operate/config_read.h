/* SPDX-License-Identifier: MIT */
/*
 * The steps of loading a configuration, in order: tree to struct by the rows
 * of the table, then what no single row can judge.
 */
#ifndef LB_CONFIG_READ_H
#define LB_CONFIG_READ_H

#include "operate/config_values.h"

/* The tree of a file, or NULL when it is empty or cannot be read (reported). */
struct node *config_read_tree(struct reader *r, const char *path);
/* Fills r->config from the merged tree. */
void config_read(struct reader *r, const struct node *root);
/* Cross checks; derives what follows from several keys; prepares sources. */
void config_check(struct reader *r, const struct node *root);
/* Releases every field of a section by its rows. */
void config_release_section(enum key_section section, void *base);
/* "admin.listen": [::1]:8081, host:port, unix:PATH, systemd:NAME. */
bool config_address_ok(struct str address);
/* A TCP address that only this machine reaches. */
bool config_address_is_loopback(struct str address);
/* Not a socket file and not an activated socket. */
bool config_address_is_tcp(struct str address);

#endif
