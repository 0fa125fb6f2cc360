/* SPDX-License-Identifier: GPL-2.0 */
/*
 * soprotocol.c - the columns of soprotocol and its descriptor; the code is in soprotocol.bpf.c.
 */
#include "soprotocol.h"

#include "../../src/connections.h"

#define C(member, ...) COLUMN(soprotocol, member, __VA_ARGS__)

static const struct column columns[] = {
	CONNECTION_COLUMNS_BEFORE(soprotocol),
	C(key.protocol, .name = "protocol", .kind = K_UINT, .title = "PROTO", .width = 5,
	  .flags = COL_TEXT | COL_BT, .need = HAVE_SOCKET, .help = "protocol, its number"),
	C(key.protocol, .name = "protocol_name", .kind = K_PROTOCOL, .title = "PROTOCOL",
	  .width = 13, .flags = COL_TEXT | COL_BT | COL_CUT, .need = HAVE_SOCKET,
	  .help = "protocol of an IP socket"),
	C(key.name, .name = "name", .kind = K_COMM, .title = "NAME", .width = 11,
	  .flags = COL_TEXT | COL_BT | COL_CUT, .need = HAVE_SOCKET,
	  .help = "the kernel's protocol module"),
	CONNECTION_COLUMNS_AFTER(soprotocol),
	{},
};

static const struct table table = {
	.name = "soprotocol",
	.help = "new connections by process and transport protocol",
	.report = true,
	.keyed = true,
	.row_size = sizeof(struct soprotocol),
	.key_size = sizeof(struct soprotocol_key),
	.have = offsetof(struct soprotocol, key.have),
	.family = offsetof(struct soprotocol, key.family),
	.counts = offsetof(struct soprotocol, counts),
	.when = offsetof(struct soprotocol, mono_ns),
	.interval = offsetof(struct soprotocol, interval),
	.columns = columns,
};

static const char *const examples[] = {
	"soprotocol", "who accepts and connects, until Ctrl-C",
	"soprotocol 1", "the same every second",
	"soprotocol -x", "only what failed",
	"soprotocol -c nginx 10 6", "nginx, six times ten seconds",
	"soprotocol -j -o out.json -- make", "all connections that a build makes",
	NULL,
};

TOOL(soprotocol, .help = "count accepts and connects by process and transport protocol",
     .table = &table, .points = connection_points, .maps = connection_maps, .examples = examples,
     .can = CAN_KEYS | CAN_COMPAT | CAN_RESULT | CAN_PEER);
