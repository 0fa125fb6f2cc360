/* SPDX-License-Identifier: GPL-2.0 */
/*
 * stack.bpf.h - the stack of the current task as a number. What a stack consists of comes to
 * user space once, through the ring buffer COUNT_TABLE, when it is seen for the first time.
 *
 * Each process has numbers of its own, anew with each execve(2): only user space can tell, by
 * their files, that two processes run the same code, and then adds up.
 *
 * The code in front of a return address must be a call; else what was found is no frame, and
 * the stack ends there. (bpf_get_stack() doesn't look, and finds other nonsense each time where
 * a program keeps no frames.)
 */
#ifndef STACK_BPF_H
#define STACK_BPF_H

#include "count.bpf.h"

#define CALLER_WORDS 16 /* how far above the stack pointer a return address is looked for */
#define STACK_BYTES (8 * 1024 * 1024) /* frames are not farther apart */

/*
 * All that the walk knows is kept here and not in registers: of memory the verifier knows
 * nothing, so that one turn of a loop looks to it like the next one.
 */
struct stack_buffer {
	struct new_stack head;
	/* addresses and frames without a gap; the power of two bounds the index */
	__u64 words[1024];
	__u64 hash;
	__u64 fp, above; /* where the next frame may be: FP, if it is above */
	struct {
		__u64 fp, ret; /* the caller's frame, and where it goes on */
	} frame;
	union {
		__u8 bytes[8];
		__u64 word;
	} code; /* in front of the last address that was looked at */
	__u64 top[CALLER_WORDS];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries,
	       1); /* the loader, with stacks: STACK_BUFFERS for each possible CPU */
	__type(key, __u32);
	__type(value, struct stack_buffer);
} stack_buffers SEC(".maps");

/* Buffers in use: inserting here is how one is taken. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* the loader: the same */
	__type(key, __u32);
	__type(value, __u32);
} stack_buffers_taken SEC(".maps");

/* Stacks that user space knows, by their number. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* the loader, with stacks: --map-size */
	__type(key, __u64);
	__type(value, __u32);
} stacks SEC(".maps");

static __always_inline void stack_mix(struct stack_buffer *b, __u64 word)
{
	__u64 hash = (b->hash ^ word) * 0x9e3779b97f4a7c15ULL;

	b->hash = hash ^ hash >> 32;
}

#ifdef __TARGET_ARCH_x86
/*
 * Conditions are numbers as far as they can be, compared once: each branch is one more way that
 * the verifier follows, in each turn of a loop.
 */
static __always_inline bool read_code(struct stack_buffer *b, __u64 addr)
{
	return addr - 4096 < 1ULL << 47 &&
	       !bpf_probe_read_user(&b->code, sizeof(b->code),
				    (const void *)(addr - sizeof(b->code)));
}

/* 0: ff /2, a call, begins at this byte and ends there or later */
#define CALL_RM(c) (((c)[0] ^ 0xffU) | (((c)[1] & 0x38U) ^ 0x10U))

static __always_inline bool is_return_address(struct stack_buffer *b, __u64 addr)
{
	const __u8 *c = b->code.bytes;

	/* call rel32, or call r/m of 2 to 4, 6 or 7 bytes */
	return read_code(b, addr) && (c[3] ^ 0xe8ULL) * CALL_RM(c + 6) * CALL_RM(c + 5) *
						     CALL_RM(c + 4) * CALL_RM(c + 2) *
						     CALL_RM(c + 1) ==
					     0;
}

/* Is there a frame at b->fp, aligned and not far above b->above? */
static __always_inline bool read_frame(struct stack_buffer *b)
{
	__u64 fp = b->fp;

	return ((fp - b->above) | fp << 61) < STACK_BYTES &&
	       !bpf_probe_read_user(&b->frame, sizeof(b->frame), (const void *)fp) &&
	       is_return_address(b, b->frame.ret);
}

/* An address whose code was just looked at. */
static __always_inline void add_address(struct stack_buffer *b, __u64 addr)
{
	b->words[2 * b->head.n & 1023] = addr;
	b->words[(2 * b->head.n + 1) & 1023] = b->code.word;
	b->head.n++;
	stack_mix(b, addr);
	stack_mix(b, b->code.word);
}

/* The caller of a function that has no frame of its own: see struct new_stack. */
static __always_inline void find_caller(struct stack_buffer *b)
{
	__u64 sp = b->above;

	if (bpf_probe_read_user(b->top, sizeof(b->top), (const void *)sp))
		return;
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < CALLER_WORDS; i++) {
		if (b->fp >= b->above && b->fp - b->above <= i * 8ULL)
			return; /* it has one */
		if (is_return_address(b, b->top[i])) {
			b->head.caller_at = i + 1;
			add_address(b, b->top[i]);
			b->above += (i + 1) * 8;
			return;
		}
	}
}

/* The frame pointer that it has saved, to use the register for itself. */
static __always_inline bool find_frame(struct stack_buffer *b)
{
#pragma clang loop unroll(disable)
	for (__u32 i = CALLER_WORDS; i > 0; i--) {
		/* registers are saved first, so above the locals */
		if (i >= b->head.caller_at)
			continue;
		b->fp = b->top[i - 1];
		if (read_frame(b)) {
			b->head.fp_at = i;
			return true;
		}
	}
	return false;
}

static __always_inline void user_stack(void *ctx, struct stack_buffer *b)
{
	struct pt_regs *regs = call_regs();
	__u64 ip = READ(regs, ip);
	bool more;

	if (!read_code(b, ip))
		return; /* a thread of the kernel's, or of io_uring's */
	add_address(b, ip);
	b->fp = READ(regs, bp);
	b->above = READ(regs, sp);
	find_caller(b);
	more = read_frame(b) || find_frame(b);
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < STACK_DEPTH - 2 && more; i++) {
		add_address(b, b->frame.ret);
		b->above = b->fp;
		b->fp = b->frame.fp;
		more = read_frame(b);
	}
	stack_mix(b, b->head.caller_at << 8 | b->head.fp_at);
}
#endif

/* The stacks of those that we can't walk ourselves, and the kernel's. */
static __always_inline void walked_stack(void *ctx, struct stack_buffer *b, __u64 flags)
{
	long len = bpf_get_stack(ctx, b->words, STACK_DEPTH * sizeof(__u64), flags);

	b->head.bare = 1;
	b->head.n = len > 0 ? (__u32)len / sizeof(__u64) : 0;
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < STACK_DEPTH && i < b->head.n; i++)
		stack_mix(b, b->words[i & 1023]);
}

/* A stack that is new: tell user space what it is. */
static __always_inline int announce_stack(void *ctx, struct stack_buffer *b)
{
	__u32 n = b->head.n, size;
	long len;

	if (n > STACK_DEPTH)
		return -1;
	if (!b->head.bare)
		n *= 2;
	size = n * sizeof(__u64);
	if (b->head.what == NEW_USTACK) {
		len = bpf_get_stack(ctx, b->words + n, STACK_DEPTH * sizeof(struct user_frame),
				    BPF_F_USER_STACK | BPF_F_USER_BUILD_ID);
		b->head.m = len > 0 ? (__u32)len / sizeof(struct user_frame) : 0;
		if (b->head.m > STACK_DEPTH)
			return -1;
		size += b->head.m * sizeof(struct user_frame);
	}
	return bpf_ringbuf_output(&COUNT_TABLE, b, sizeof(b->head) + (size & 8191), 0);
}

/* A buffer that nobody else uses, and its number. */
static __always_inline struct stack_buffer *take_stack_buffer(__u32 *which)
{
	__u32 one = 1;

	*which = bpf_get_smp_processor_id() * STACK_BUFFERS;
	for (int i = 0; i < STACK_BUFFERS; i++, ++*which)
		if (!bpf_map_update_elem(&stack_buffers_taken, which, &one, BPF_NOEXIST))
			return bpf_map_lookup_elem(&stack_buffers, which);
	return NULL;
}

/* The number of the current task's stack (NEW_USTACK or NEW_KSTACK); 0: it has none. */
routine __u64 stack_id(void *ctx, __u32 what)
{
	struct stack_buffer *b;
	__u32 which, one = 1;
	__u64 id;

	b = take_stack_buffer(&which);
	if (!b) {
		COUNT_EVENT(unstacked);
		return 0;
	}
	b->head = (struct new_stack){ .what = what, .pid = bpf_get_current_pid_tgid() >> 32 };
	b->hash = what;
	if (what == NEW_USTACK) {
		stack_mix(b, READ(current_task(), group_leader, start_time));
		stack_mix(b, READ(current_task(), self_exec_id));
		stack_mix(b, b->head.pid);
	}
	if (what == NEW_KSTACK)
		walked_stack(ctx, b, 0);
#ifdef __TARGET_ARCH_x86
	else if (!in_compat_call())
		user_stack(ctx, b);
#endif
	else
		walked_stack(ctx, b, BPF_F_USER_STACK);
	id = b->head.n ? b->hash : 0;
	if (id && !bpf_map_lookup_elem(&stacks, &id)) {
		b->head.id = id;
		if (bpf_map_update_elem(&stacks, &id, &one, BPF_ANY)) {
			COUNT_EVENT(unstacked);
			id = 0;
		} else if (announce_stack(ctx, b)) {
			/* no room in the ring: the next one with this stack tries again */
			bpf_map_delete_elem(&stacks, &id);
			COUNT_EVENT(unstacked);
		}
	}
	bpf_map_delete_elem(&stack_buffers_taken, &which);
	return id;
}

#endif
