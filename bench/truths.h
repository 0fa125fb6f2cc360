/* SPDX-License-Identifier: GPL-2.0 */
/*
 * truths.h - the rungs of truths.bpf.c: each has what those before have, and one thing more.
 */
#ifndef TRUTHS_H
#define TRUTHS_H

enum {
	RUNG_BEGIN,   /* an empty program where the call begins */
	RUNG_RETURN,  /* and one where it returns: nothing else tells an outcome */
	RUNG_RECORD,  /* the thread's record, from the one to the other, cleared for each call */
	RUNG_SOCKET,  /* the socket of the descriptor, which the caller's address doesn't tell */
	RUNG_KIND,    /* its kind, and whether it is connecting already */
	RUNG_ADDRESS, /* soconnect: the caller's address, in case that the call fails */
	RUNG_PROCESS, /* the process: its id and name */
	RUNG_CLOCK,   /* soconnect: the time at both ends */
	RUNG_SHOW,    /* sofamily: counted by key, when it begins and by its result; soconnect: a row */
	RUNG_OUTCOME, /* what the kernel made of it: the address it took; or was it dissolved? */
	RUNG_ACCOUNT, /* begun, ended, shown; wake-ups */
	RUNGS
};

#endif
