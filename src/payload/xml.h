/* SPDX-License-Identifier: MIT */
/*
 * XML to the same tree JSON becomes. Elements are members of their parent under
 * their name without its prefix; one that comes again makes a list; one that
 * holds only text is that text, trimmed. Pure, any thread.
 *
 * Attributes are members named "@name", and the text beside them or beside
 * elements is "#text". Of XML Schema's own, x:nil="true" makes an empty element
 * null and x:type is kept, its prefix off, where there are elements inside.
 */
#ifndef LB_XML_H
#define LB_XML_H

#include "payload/payload.h"

/* The tree is an object with the root element as its only member. A document
 * type is refused, and with it every entity but XML's own five. err names line
 * and column. */
LB_MUST_CHECK int payload_xml(struct arena *a, struct str text,
			      const struct payload_limits *limits,
			      struct value **out, struct err *err);

#endif
