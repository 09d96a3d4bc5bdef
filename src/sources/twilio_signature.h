/* SPDX-License-Identifier: MIT */
/*
 * X-Twilio-Signature: HMAC-SHA1 over the URL as it is configured at Twilio and
 * the sorted parameters of the body.
 */
#ifndef LB_TWILIO_SIGNATURE_H
#define LB_TWILIO_SIGNATURE_H

#include "leadbridge/source.h"

/* Judges the raw request against every secret of the source. */
void twilio_verify(const struct source_call *call, struct proof *proof);

#endif
