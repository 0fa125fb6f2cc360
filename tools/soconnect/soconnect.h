/* SPDX-License-Identifier: GPL-2.0 */
/*
 * soconnect.h - the rows of soconnect, and its points by number.
 */
#ifndef SOCONNECT_H
#define SOCONNECT_H

#include "../../bpf/row.h"

/* The order of the points in soconnect.c; bits of ctl.points. */
enum { POINT_CONNECT, POINT_STATE, POINT_SIGNAL, POINT_URING, POINT_CONNECT32, POINT_TASK };

struct soconnect {
	__u64 mono_ns; /* when the call returned; with --final: when the connection was decided */
	__u64 lat_ns;
	struct who who;
	struct ends ends;
	__s32 fd;
	__s32 ret;    /* as the program saw it */
	__s32 result; /* 0, an errno, or RESULT_* */
	__u32 have;   /* HAVE_* */
	__u16 sk_family;
	__u8 via;	/* VIA_* */
	__u8 addr_from; /* FROM_* */
	__u8 async;	/* the call returned before the connection was decided */
	__u8 wanted;	/* the filters on the task let it pass */
	__u8 pad;
	struct name name; /* AF_UNIX: the remote address; other rows end before it */
};

#define SOCONNECT_SHORT __builtin_offsetof(struct soconnect, name)

#endif
