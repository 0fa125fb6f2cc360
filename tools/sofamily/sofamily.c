/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sofamily.c - the columns of sofamily and its descriptor; the code is in sofamily.bpf.c.
 */
#include "sofamily.h"

#include "../../src/connections.h"

#define C(member, ...) COLUMN(sofamily, member, __VA_ARGS__)

static const struct column columns[] = {
	CONNECTION_COLUMNS_BEFORE(sofamily),
	C(key.family, .name = "family", .kind = K_UINT, .title = "FAM", .width = 3,
	  .flags = COL_TEXT | COL_BT, .need = HAVE_FAMILY, .help = "address family, its number"),
	C(key.family, .name = "family_name", .kind = K_FAMILY, .title = "FAMILY", .width = 13,
	  .flags = COL_TEXT | COL_BT, .need = HAVE_FAMILY, .help = "address family"),
	CONNECTION_COLUMNS_AFTER(sofamily),
	{},
};

static const struct table table = {
	.name = "sofamily",
	.help = "new connections by process and address family",
	.report = true,
	.keyed = true,
	.row_size = sizeof(struct sofamily),
	.key_size = sizeof(struct sofamily_key),
	.have = offsetof(struct sofamily, key.have),
	.counts = offsetof(struct sofamily, counts),
	.when = offsetof(struct sofamily, mono_ns),
	.interval = offsetof(struct sofamily, interval),
	.columns = columns,
};

static const char *const examples[] = {
	"sofamily", "who accepts and connects, until Ctrl-C",
	"sofamily 1", "the same every second",
	"sofamily -x", "only what failed",
	"sofamily -c nginx 10 6", "nginx, six times ten seconds",
	"sofamily -j -o out.json -- make", "all connections that a build makes",
	NULL,
};

TOOL(sofamily, .help = "count accepts and connects by process and address family",
     .table = &table, .points = connection_points, .maps = connection_maps, .examples = examples,
     .can = CAN_KEYS | CAN_COMPAT | CAN_RESULT | CAN_PEER);
