/* SPDX-License-Identifier: GPL-2.0 */
/*
 * stack.bpf.h - the stack of the current task as a number. What a stack consists of comes to
 * user space once, through the ring buffer COUNT_TABLE, when it is seen for the first time.
 *
 * The number of a process's stack does not depend on where its files are loaded: it is made of
 * the code in front of each return address. That code must be a call; else what was found is no
 * frame, and the stack ends there. (bpf_get_stack() doesn't look, and finds other nonsense each
 * time where a program keeps no frames.)
 */
#ifndef STACK_BPF_H
#define STACK_BPF_H

#include "count.bpf.h"

#define CALLER_WORDS 16 /* how far above the stack pointer a return address is looked for */
#define STACK_BYTES (8 * 1024 * 1024) /* frames are not farther apart */

struct stack_buffer {
	struct new_stack head;
	/* addresses and frames without a gap; the power of two bounds the index */
	__u64 words[1024];
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

static __always_inline __u64 stack_mix(__u64 hash, __u64 word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
	return hash ^ hash >> 32;
}

static __always_inline void add_address(struct stack_buffer *b, __u64 addr)
{
	b->words[b->head.n & 1023] = addr;
	b->head.n++;
}

#ifdef __TARGET_ARCH_x86
struct code {
	union {
		__u8 bytes[8];
		__u64 word;
	};
};

struct stack_frame {
	__u64 fp, ret; /* the caller's frame, and where it goes on */
};

/* The code in front of an address. */
static __always_inline bool read_code(struct code *code, __u64 addr)
{
	return addr >= 4096 && !(addr >> 47) &&
	       !bpf_probe_read_user(code, sizeof(*code), (const void *)(addr - sizeof(*code)));
}

static __always_inline bool is_return_address(__u64 addr, struct code *code)
{
	const __u8 *c = code->bytes;

	if (!read_code(code, addr))
		return false;
	if (c[3] == 0xe8) /* call rel32 */
		return true;
	/* call r/m: ff /2, of 2 to 4, 6 or 7 bytes */
	return (c[6] == 0xff && (c[7] & 0x38) == 0x10) ||
	       (c[5] == 0xff && (c[6] & 0x38) == 0x10) ||
	       (c[4] == 0xff && (c[5] & 0x38) == 0x10) ||
	       (c[2] == 0xff && (c[3] & 0x38) == 0x10) ||
	       (c[1] == 0xff && (c[2] & 0x38) == 0x10);
}

/* Is there a frame at FP, not far above ABOVE? */
static __always_inline bool read_frame(struct stack_frame *f, __u64 fp, __u64 above,
				       struct code *code)
{
	return fp >= above && fp - above < STACK_BYTES && !(fp & 7) &&
	       !bpf_probe_read_user(f, sizeof(*f), (const void *)fp) &&
	       is_return_address(f->ret, code);
}

/* Of an address what doesn't depend on where its file is loaded, and is as good as unique. */
static __always_inline __u64 mix_address(__u64 hash, __u64 addr, const struct code *code)
{
	return stack_mix(stack_mix(hash, code->word), addr & 0xfff);
}

/* The caller of a function that has no frame of its own: see struct new_stack. */
static __always_inline bool find_caller(struct stack_buffer *b, __u64 sp, __u64 fp,
					struct code *code)
{
	if (bpf_probe_read_user(b->top, sizeof(b->top), (const void *)sp))
		return false;
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < CALLER_WORDS; i++) {
		if (fp >= sp && fp - sp <= i * 8ULL)
			return false; /* it has one */
		if (is_return_address(b->top[i], code)) {
			b->head.caller_at = i + 1;
			add_address(b, b->top[i]);
			return true;
		}
	}
	return false;
}

/* The frame pointer that it has saved, to use the register for itself. */
static __always_inline bool find_frame(struct stack_buffer *b, struct stack_frame *f,
				       __u64 above, struct code *code)
{
#pragma clang loop unroll(disable)
	for (__u32 i = CALLER_WORDS; i > 0; i--) {
		/* registers are saved first, so above the locals */
		if (i < b->head.caller_at && read_frame(f, b->top[i - 1], above, code)) {
			b->head.fp_at = i;
			return true;
		}
	}
	return false;
}

static __always_inline __u64 user_stack(void *ctx, struct stack_buffer *b)
{
	struct pt_regs *regs = call_regs();
	__u64 sp = BPF_CORE_READ(regs, sp), fp = BPF_CORE_READ(regs, bp), above = sp, hash = 1;
	struct code code = {};
	struct stack_frame f;
	bool more;

	if (!read_code(&code, BPF_CORE_READ(regs, ip)))
		return 0; /* a thread of the kernel's, or of io_uring's */
	add_address(b, BPF_CORE_READ(regs, ip));
	hash = mix_address(hash, BPF_CORE_READ(regs, ip), &code);
	if (find_caller(b, sp, fp, &code)) {
		hash = mix_address(hash, b->words[1], &code);
		above = sp + b->head.caller_at * 8;
	}
	more = read_frame(&f, fp, above, &code) || find_frame(b, &f, above, &code);
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < STACK_DEPTH - 2 && more; i++) {
		add_address(b, f.ret);
		hash = mix_address(hash, f.ret, &code);
		fp = f.fp;
		more = read_frame(&f, fp, above, &code);
		above = fp;
	}
	return stack_mix(hash, b->head.caller_at << 8 | b->head.fp_at);
}
#endif

/* The stacks of those that we can't walk ourselves, and the kernel's. */
static __always_inline __u64 walked_stack(void *ctx, struct stack_buffer *b, __u64 flags)
{
	long len = bpf_get_stack(ctx, b->words, STACK_DEPTH * sizeof(__u64), flags);
	__u64 hash = 2;

	b->head.n = len > 0 ? (__u32)len / sizeof(__u64) : 0;
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < STACK_DEPTH && i < b->head.n; i++)
		hash = stack_mix(hash, b->words[i & 1023]);
	return hash;
}

/* A stack that is new: tell user space what it is. */
static __always_inline int announce_stack(void *ctx, struct stack_buffer *b)
{
	__u32 n = b->head.n, size = n * sizeof(__u64);
	long len;

	if (n > STACK_DEPTH)
		return -1;
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
	if (what == NEW_KSTACK)
		id = walked_stack(ctx, b, 0);
#ifdef __TARGET_ARCH_x86
	else if (!in_compat_call())
		id = user_stack(ctx, b);
#endif
	else
		id = walked_stack(ctx, b, BPF_F_USER_STACK);
	if (!b->head.n) {
		id = 0;
	} else if (!bpf_map_lookup_elem(&stacks, &id)) {
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
