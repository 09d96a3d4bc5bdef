/* SPDX-License-Identifier: MIT */
/* For delivery.c and its tests: a delivery that settles into something else
 * than a queue. */
#ifndef LB_DELIVERY_OPS_H
#define LB_DELIVERY_OPS_H

#include "delivery/destination.h"

/* Called on the delivery thread; ops are copied. */
LB_MUST_CHECK int delivery_start_with(struct delivery **out,
				      struct config *config,
				      const struct delivery_ops *ops,
				      struct err *err);

#endif
