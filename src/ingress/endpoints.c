/* SPDX-License-Identifier: MIT */
/*
 * Which sockets a configuration wants: opens the new ones, keeps those that are
 * open already, closes the gone ones, gives each its new TLS context. All or
 * nothing: a plan is made first and carried out when every part of it worked.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "ingress/edge.h"

struct plan { /* what a configuration would make of the endpoints */
	struct endpoint **endpoints;
	struct tls **tls; /* of each; NULL: none */
	bool *fresh;      /* of each: opened for this plan */
	size_t n;
};

static void plan_release(struct plan *p, bool undo)
{
	for (size_t i = 0; undo && i < p->n; i++) {
		if (p->fresh != NULL && p->fresh[i])
			endpoint_free(p->endpoints[i]);
		if (p->tls != NULL)
			tls_free(p->tls[i]);
	}
	free(p->endpoints);
	free(p->tls);
	free(p->fresh);
}

static void plan_extend(struct plan *p, size_t from, size_t index, bool fresh)
{
	p->tls = xrealloc(p->tls, (p->n + 1) * sizeof(struct tls *));
	p->fresh = xrealloc(p->fresh, (p->n + 1) * sizeof(bool));
	for (size_t i = from; i < p->n; i++) {
		p->tls[i] = NULL;
		p->fresh[i] = fresh;
		if (fresh)
			p->endpoints[i]->index = index;
	}
}

/* Endpoints of that address that are open already. */
static void plan_reuse(struct plan *p, const struct listener *l,
		       const char *address)
{
	for (size_t i = 0; i < l->n_endpoints; i++) {
		if (strcmp(l->endpoints[i]->address, address) != 0)
			continue;
		p->endpoints = xrealloc(p->endpoints,
					(p->n + 1) * sizeof(struct endpoint *));
		p->endpoints[p->n++] = l->endpoints[i];
	}
}

static int plan_address(struct plan *p, const struct listener *l,
			const struct listener_config *config, size_t index,
			struct err *err)
{
	const struct listen_config *listen = &config->listen[index];
	size_t from = p->n;
	for (size_t i = 0; i < index; i++)
		if (strcmp(config->listen[i].address, listen->address) == 0)
			return err_set(err, LB_EINVAL, "listed twice: '%s'",
				       listen->address);
	plan_reuse(p, l, listen->address);
	bool fresh = p->n == from;
	int rc = 0;
	if (fresh)
		rc = sockets_open(listen->address, config->unix_mode,
				  &p->endpoints, &p->n, err);
	plan_extend(p, from, index, fresh);
	for (size_t i = from; rc == 0 && i < p->n; i++)
		rc = tls_new(&p->tls[i], listen, err);
	return rc;
}

static bool plan_has(const struct plan *p, const struct endpoint *e)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->endpoints[i] == e)
			return true;
	return false;
}

static void plan_carry_out(struct plan *p, struct listener *l,
			   const struct listener_config *config)
{
	for (size_t i = 0; i < l->n_endpoints; i++)
		if (!plan_has(p, l->endpoints[i]))
			endpoint_free(l->endpoints[i]);
	free(l->endpoints);
	l->endpoints = p->endpoints;
	l->n_endpoints = p->n;
	p->endpoints = NULL;
	for (size_t i = 0; i < l->n_endpoints; i++) {
		struct endpoint *e = l->endpoints[i];
		e->l = l;
		tls_free(e->tls);
		e->tls = p->tls[i];
		for (size_t k = 0; k < config->n_listen; k++)
			if (strcmp(config->listen[k].address, e->address) == 0)
				e->index = k;
	}
}

int endpoints_change(struct listener *l, const struct listener_config *config,
		     struct err *err)
{
	struct plan plan = {0};
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < config->n_listen; i++)
		rc = plan_address(&plan, l, config, i, err);
	if (rc == 0)
		plan_carry_out(&plan, l, config);
	plan_release(&plan, rc != 0);
	return rc;
}

void endpoints_close(struct listener *l)
{
	for (size_t i = 0; i < l->n_endpoints; i++)
		endpoint_free(l->endpoints[i]);
	free(l->endpoints);
	l->endpoints = NULL;
	l->n_endpoints = 0;
}
