/* SPDX-License-Identifier: MIT */
/*
 * The part of an adapter that is the same wherever `scheme:` of the
 * configuration says how a sender signs. Once per load, and per request.
 */
#include "sources/signature.h"

static bool has_scheme(const struct source *source)
{
	const struct scheme_rule *rule = &source->scheme;
	return rule->name != NULL || rule->algorithm != NULL ||
	       rule->header != NULL;
}

int signature_configured(struct source *source, struct err *err)
{
	struct signature_scheme scheme;
	struct signature *signature = NULL;
	if (!has_scheme(source))
		return source->secret.n == 0
			   ? 0
			   : err_set(err, LB_EINVAL,
				     "secret needs scheme: how is it used?");
	if (source->secret.n == 0)
		return err_set(err, LB_EINVAL, "scheme needs secret");
	int code = signature_scheme_from(&source->scheme, &scheme, err);
	if (code == 0)
		code = signature_new(&scheme, &source->secret, &signature, err);
	source->state = signature;
	source->proof_in_body = signature_in_body(signature);
	return code;
}

void signature_release(struct source *source)
{
	signature_free(source->state);
}

/* Without a scheme, token, header, basic or param are the proof: the engine
 * has judged them and does not start a source that has none. */
void signature_configured_verify(const struct source_call *call,
				 struct proof *proof)
{
	if (call->source->state != NULL)
		signature_verify(call->source->state, call, proof);
}
