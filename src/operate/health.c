/* SPDX-License-Identifier: MIT */
/* /healthz: the loop turns. /readyz: a webhook could be put on disk. */
#include "operate/health.h"

bool health_answer(const struct road *r, struct exchange *x)
{
	const struct request *request = exchange_request(x);
	bool ready = str_eq(request->path, STR("/readyz"));
	if (!ready && !str_eq(request->path, STR("/healthz")))
		return false;
	struct reply reply = {.status = 200,
			      .body = STR("{\"status\":\"ok\"}\n")};
	if (request->method != HTTP_GET && request->method != HTTP_HEAD) {
		reply.status = 405;
		reply.body = STR("{\"error\":{\"code\":\"method\",\"message\":"
				 "\"GET or HEAD\"}}\n");
		reply.extra[reply.n_extra++] =
		    (struct header){STR("Allow"), STR("GET, HEAD")};
	} else if (ready && !road_ready(r)) {
		reply.status = 503;
		reply.body = STR("{\"status\":\"not ready\"}\n");
		reply.extra[reply.n_extra++] =
		    (struct header){STR("Retry-After"), STR("30")};
	}
	exchange_reply(x, &reply);
	return true;
}
