/* SPDX-License-Identifier: GPL-2.0 */
/*
 * connections.c - see connections.h.
 */
#include "connections.h"

const char *const connection_ops[] = { [OP_ACCEPT] = "accept", [OP_CONNECT] = "connect" };

const struct point connection_points[] = {
	{ .name = "connect", .ops = 1 << OP_CONNECT },
	{ .name = "accept", .ops = 1 << OP_ACCEPT },
	{ .name = "state" },
	{ .name = "signal" },
	{ .name = "exit" },
	{ .name = "uring", .blind = "io_uring", .words = "accepts and connects by io_uring",
	  .when = POINT_WANTED, .sees = SEES_URING },
	{ .name = "connect32", .blind = "compat",
	  .words = "connects of 32-bit programs, save TCP ones that sent a SYN (--compat shows all)",
	  .when = POINT_IF_COMPAT, .ops = 1 << OP_CONNECT },
	{ .name = "accept32", .blind = "compat_accept",
	  .words = "accepts of 32-bit programs (--compat shows them)", .when = POINT_IF_COMPAT,
	  .ops = 1 << OP_ACCEPT },
	{ .name = "task", .when = POINT_IF_FOLLOW },
	{},
};

const char *const connection_maps[] = { "keys", "claimed", "counts", "calls", "conns", "half",
				    "accepting", "uring_accepting", NULL };

