/* SPDX-License-Identifier: MIT */
/* /healthz and /readyz, the same on both listeners. Loop thread. */
#ifndef LB_HEALTH_H
#define LB_HEALTH_H

#include "ingress/listener.h"
#include "operate/road.h"

/* Answers and returns true when the path is one of the two. */
bool health_answer(const struct road *r, struct exchange *x);

#endif
