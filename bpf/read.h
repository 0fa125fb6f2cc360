/* SPDX-License-Identifier: GPL-2.0 */
/*
 * read.h - reading the kernel's own memory. From 6.2 on the kernel lets a program say what a
 * pointer points to (bpf_rdonly_cast) and then load from there like any C program, a few
 * instructions; before that each member is a call of bpf_probe_read_kernel, about 90. Both yield 0
 * where nothing is mapped. The user half finds out which it is (DIRECT), and the verifier drops the
 * other.
 *
 *	READ(p, a, b, c)	p->a->b->c: scalars and pointers
 *	READ_INTO(to, n, p, member)	n bytes of p->member, a multiple of 8
 *	READ_POINTER(pp)	*pp
 *
 * The types must be the kernel's own, not a module's: for those there is BPF_CORE_READ.
 */
#ifndef READ_H
#define READ_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "holes.h"
#include "kernel.h"

#define HOLE(n)                                                                                \
	({                                                                                     \
		__u64 n_;                                                                      \
		asm volatile("%0 = %1" : "=r"(n_) : "i"(n));                                   \
		n_;                                                                            \
	})
#define DIRECT HOLE(HOLE_DIRECT)

/* Or the compiler lets the two ways share an offset or a load, and add up addresses for that. */
#define APART asm volatile("")

#define CAST_CHOICE(name) , struct name : CAST_##name
#define TYPE_HOLE(p) (HOLE_TYPE + _Generic(*(p)CAST_TYPES(CAST_CHOICE)))
#define TYPED(p)                                                                               \
	((typeof(p))((void *(*)(const void *, __u64))HOLE_CAST)((p), HOLE(TYPE_HOLE(p))))
/*
 * A task is the current one, which has its type already, and its loads need no check: 8 less. But for a
 * pointer among its members the verifier looks through all the names of the kernel's BTF, several times.
 */
#define IS_POINTER(v) (__builtin_classify_type(v) == 5)
#define TYPED_FOR(p, a)                                                                        \
	_Generic(*(p), struct task_struct: __builtin_choose_expr(IS_POINTER((p)->a), TYPED(p), p), \
		 default: TYPED(p))

#define READ_AS(type, direct, probing)                                                         \
	({                                                                                     \
		type v_;                                                                       \
		if (DIRECT) {                                                                  \
			v_ = direct;                                                           \
			APART;                                                                 \
		} else {                                                                       \
			APART;                                                                 \
			probing;                                                               \
		}                                                                              \
		v_;                                                                            \
	})
#define READ_1(p, a)                                                                           \
	READ_AS(typeof((p)->a), TYPED_FOR(p, a)->a, bpf_core_read(&v_, sizeof(v_), &(p)->a))
#define READ_2(p, a, b)                                                                        \
	READ_AS(typeof((p)->a->b), TYPED(p)->a->b, v_ = BPF_CORE_READ(p, a, b))
#define READ_3(p, a, b, c)                                                                     \
	READ_AS(typeof((p)->a->b->c), TYPED(p)->a->b->c, v_ = BPF_CORE_READ(p, a, b, c))
#define READ_OF(p, a, b, c, macro, ...) macro
#define READ(p, ...) READ_OF(p, ##__VA_ARGS__, READ_3, READ_2, READ_1, )(p, ##__VA_ARGS__)

#define READ_INTO(to, n, p, member)                                                            \
	do {                                                                                   \
		if (DIRECT) {                                                                  \
			const __u64 *from_ = (const __u64 *)&TYPED_FOR(p, member)->member;     \
			_Pragma("unroll") for (unsigned i_ = 0; i_ < (n) / 8; i_++)            \
				((__u64 *)(to))[i_] = from_[i_];                               \
		} else {                                                                       \
			APART;                                                                 \
			bpf_core_read((to), (n), &(p)->member);                                \
		}                                                                              \
	} while (0)

/* What a pointer to a pointer points to has no name: any struct of one pointer will do. */
#define READ_POINTER(pp) ((typeof(*(pp)))READ((struct hlist_head *)(pp), first))

#endif
