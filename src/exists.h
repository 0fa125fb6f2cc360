/* SPDX-License-Identifier: GPL-2.0 */
/*
 * exists.h - which programs of a plan can't attach on this host at all: asked for cheaply,
 * before the verifier spends its time on them. What isn't found out here is found out by
 * loading and attaching.
 */
#ifndef EXISTS_H
#define EXISTS_H

#include "plan.h"

/* Strike them. */
void exists_check(struct plan *plan);

#endif
