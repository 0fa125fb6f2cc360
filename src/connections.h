/* SPDX-License-Identifier: GPL-2.0 */
/*
 * connections.h - what the tools that count new connections (bpf/connections.bpf.h) have in
 * common: their points, their maps, and the columns around their own.
 */
#ifndef CONNECTIONS_H
#define CONNECTIONS_H

#include "tool.h"

extern const struct point connection_points[];
extern const char *const connection_maps[];
extern const char *const connection_ops[]; /* by OP_ */

#define CONNECTION_COLUMNS_BEFORE(type)                                                        \
	COLUMN(type, mono_ns, .name = "ts", .kind = K_TIME, .title = "TS", .width = 30,        \
	       .help = "end of the interval, UTC"),                                            \
		COLUMN(type, interval, .name = "interval", .kind = K_UINT,                     \
		       .title = "INTERVAL", .width = 8, .help = "number of the interval"),     \
		COLUMN(type, key.call, .name = "call", .kind = K_ENUM,                         \
		       .names = connection_ops, .title = "CALL", .width = 7,                   \
		       .flags = COL_TEXT | COL_BT_MAP, .help = "accept or connect"),           \
		COLUMN(type, key.comm, .name = "comm", .kind = K_COMM, .title = "PROCESS",     \
		       .width = 16, .flags = COL_TEXT | COL_BT | COL_CUT,                      \
		       .help = "the process's name (its first thread's)")

#define CONNECTION_COLUMNS_AFTER(type)                                                         \
	COLUMN(type, counts.ok, .name = "ok", .kind = K_UINT, .title = "OK", .width = 7,       \
	       .flags = COL_TEXT | COL_RIGHT, .help = "connections that came about"),          \
		COLUMN(type, counts.failed, .name = "failed", .kind = K_UINT,                  \
		       .title = "FAILED", .width = 7,                                          \
		       .flags = COL_TEXT | COL_RIGHT | COL_FAILS,                              \
		       .help = "attempts that failed"),                                        \
		COLUMN(type, counts.pending, .name = "pending", .kind = K_UINT,                \
		       .title = "PENDING", .width = 7, .flags = COL_TEXT | COL_RIGHT,          \
		       .help = "connects not decided yet, now"),                               \
		COLUMN(type, counts.again, .name = "again", .kind = K_UINT, .title = "AGAIN",  \
		       .width = 7, .flags = COL_WIDE | COL_RIGHT,                              \
		       .help = "calls that would have blocked: not counted as failed"),        \
		COLUMN(type, counts.begun, .name = "bt_count", .kind = K_UINT,                 \
		       .title = "COUNT", .width = 7, .flags = COL_BT | COL_HIDDEN,             \
		       .help = "as in the book: connect attempts, accepts")

#endif
