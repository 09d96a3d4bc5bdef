/* SPDX-License-Identifier: MIT */
/*
 * Functions nobody here calls: each has a length-checked or reentrant form.
 * Included before every source file by the build.
 */
#ifndef LB_BANNED_H
#define LB_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LB_BANNED(name) name##_is_banned_here
#undef strcpy
#define strcpy(...) LB_BANNED(strcpy)
#undef strcat
#define strcat(...) LB_BANNED(strcat)
#undef sprintf
#define sprintf(...) LB_BANNED(sprintf)
#undef vsprintf
#define vsprintf(...) LB_BANNED(vsprintf)
#undef strncpy
#define strncpy(...) LB_BANNED(strncpy)
#undef strncat
#define strncat(...) LB_BANNED(strncat)
#undef strtok
#define strtok(...) LB_BANNED(strtok)
#undef atoi
#define atoi(...) LB_BANNED(atoi)
#undef atol
#define atol(...) LB_BANNED(atol)
#undef atoll
#define atoll(...) LB_BANNED(atoll)
#undef sscanf
#define sscanf(...) LB_BANNED(sscanf)
#undef gets
#define gets(...) LB_BANNED(gets)
#undef gmtime
#define gmtime(...) LB_BANNED(gmtime)
#undef localtime
#define localtime(...) LB_BANNED(localtime)
#undef ctime
#define ctime(...) LB_BANNED(ctime)
#undef asctime
#define asctime(...) LB_BANNED(asctime)
#undef rand
#define rand(...) LB_BANNED(rand)
#undef srand
#define srand(...) LB_BANNED(srand)

#endif
