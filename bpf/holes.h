/* SPDX-License-Identifier: GPL-2.0 */
/*
 * holes.h - what only the kernel's own BTF tells, as numbers in the programs' code that the user half
 * puts in before the load (src/types.c). CO-RE could, but then libbpf reads all of that BTF and looks
 * for each type in all of it, which was most of a tool's start-up.
 *
 *	HOLE_DIRECT	1 if the kernel has bpf_rdonly_cast, else 0
 *	HOLE_CAST	the call of it
 *	HOLE_TYPE + n	the number of the nth type of CAST_TYPES in that BTF
 */
#ifndef HOLES_H
#define HOLES_H

#define HOLE_DIRECT 0x7fee0000
#define HOLE_CAST 0x7fee0001
#define HOLE_TYPE 0x7fee0100

/* All structs that read.h reads from. */
#define CAST_TYPES(TYPE)                                                                       \
	TYPE(sock)                                                                             \
	TYPE(socket)                                                                           \
	TYPE(file)                                                                             \
	TYPE(task_struct)                                                                      \
	TYPE(pt_regs)                                                                          \
	TYPE(fdtable)                                                                          \
	TYPE(inet_sock)                                                                        \
	TYPE(tcp_sock)                                                                         \
	TYPE(io_kiocb)                                                                         \
	TYPE(io_connect)                                                                       \
	TYPE(io_accept)                                                                        \
	TYPE(io_uring_cqe)                                                                     \
	TYPE(msghdr)                                                                           \
	TYPE(kiocb)                                                                            \
	TYPE(k_sigaction)                                                                      \
	TYPE(hlist_head)                                                                       \
	TYPE(proto)

#define CAST_NUMBER(name) CAST_##name,
enum cast_type { CAST_TYPES(CAST_NUMBER) CAST_TYPES_N };

#endif
