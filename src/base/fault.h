/* SPDX-License-Identifier: MIT */
/*
 * Named points where a build with LB_FAULTS can be made to die or to stop, so
 * that the crash tests reach every step of the road. In any other build they
 * are nothing. Every name is in the table of fault.c and in the matrix of
 * tests/integration/test_fault_points.py; lint sees to it. Any thread.
 */
#ifndef LB_FAULT_H
#define LB_FAULT_H

#include <stdbool.h>

#include "leadbridge/err.h"

#ifdef LB_FAULTS
/* Reads LEADBRIDGE_FAULT=NAME[:N[:stop]]: at the Nth passage (the first,
 * without N) SIGKILL, or SIGSTOP, to the process itself. "list" prints the
 * names instead. Before any thread starts. LB_EINVAL: said on stderr. */
LB_MUST_CHECK int fault_setup(void);
void fault_point(const char *name);
/* For what comes too late for a test to wait for. */
bool fault_armed(const char *name);
#else
#	define fault_setup()     0
#	define fault_point(name) ((void)0)
#	define fault_armed(name) false
#endif

#endif
