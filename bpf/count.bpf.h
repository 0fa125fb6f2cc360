/* SPDX-License-Identifier: GPL-2.0 */
/*
 * count.bpf.h - counts by key, which user space reads without a system call: a hash gives each
 * key a slot, and the counters stand in an mmapped array by slot. A new key travels once, with
 * its slot, through the ring buffer. Keys are never removed.
 *
 * Before it includes this, a tool defines COUNT_KEY, the type of its keys (a multiple of 8 bytes,
 * padding zeroed), and COUNT_TABLE, the name of its table.
 */
#ifndef COUNT_BPF_H
#define COUNT_BPF_H

#include "ray.bpf.h"

#define COUNT_KEYS 16384 /* --map-size */
#define CLAIM_TRIES 8 /* of each round */
#define CLAIM_ROUNDS 16

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, COUNT_KEYS);
	__type(key, COUNT_KEY);
	__type(value, __u32);
} keys SEC(".maps");

/*
 * Slots taken. Inserting here is how a slot is claimed by one CPU alone: atomic operations that
 * return a value came to BPF only with 5.12.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, COUNT_KEYS);
	__type(key, __u32);
	__type(value, __u32);
} claimed SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, COUNT_KEYS);
	__type(key, __u32);
	__type(value, struct counts);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 * 1024 * 1024);
} COUNT_TABLE SEC(".maps");

static volatile __u32 next_slot; /* where to look first */

struct announcement {
	struct new_key head;
	COUNT_KEY key;
};

/* No slots: they lie behind all that `counts` can have. */
#define NONE (~0U)
#define FULL (NONE - 1)

/*
 * A slot for this CPU alone, at or behind `slot`; NONE: others were faster each time; FULL: there is
 * no more. These two are not static, so the verifier reads them by themselves: once, and not for each
 * call or round.
 */
__attribute__((noinline)) __u32 claim_slot_from(__u32 slot)
{
	__u32 one = 1;

	_Pragma("nounroll") for (int i = 0; i < CLAIM_TRIES; i++) {
		if (slot < next_slot)
			slot = next_slot;
		/* an int: before 6.4 its upper half is clear */
		int err = bpf_map_update_elem(&claimed, &slot, &one, BPF_NOEXIST);

		if (!err) {
			next_slot = slot + 1;
			return slot;
		}
		if (err == -E2BIG)
			return FULL;
		/* taken; or the hash was busy, and nobody will have it */
		slot++;
	}
	return NONE;
}

/* A slot for this CPU alone; NONE or FULL: no room. */
__attribute__((noinline)) __u32 claim_slot(void)
{
	__u32 from = next_slot, slot = NONE;

	_Pragma("nounroll") for (int i = 0; i < CLAIM_ROUNDS; i++) {
		slot = claim_slot_from(from);
		if (slot != NONE)
			break;
		from += CLAIM_TRIES;
	}
	return slot;
}

/* The slot of a new key, plus 1; 0: no room, which is counted. */
routine __u32 new_slot(COUNT_KEY *key)
{
	__u32 slot = claim_slot(), *other;
	struct announcement *a;

	if (!bpf_map_lookup_elem(&counts, &slot))
		goto full;
	if (bpf_map_update_elem(&keys, key, &slot, BPF_NOEXIST)) {
		/* another CPU was first with this key: its slot; ours stays unused */
		other = bpf_map_lookup_elem(&keys, key);
		if (other)
			return *other + 1;
		goto full;
	}
	a = bpf_ringbuf_reserve(&COUNT_TABLE, sizeof(*a), 0);
	if (!a) {
		/* user space would not know whose counts these are */
		bpf_map_delete_elem(&keys, key);
		COUNT_EVENT(lost);
		return 0;
	}
	a->head.slot = slot;
	a->head.what = NEW_KEY;
	a->key = *key;
	bpf_ringbuf_submit(a, 0);
	return slot + 1;
full:
	COUNT_EVENT(map_full);
	return 0;
}

static __always_inline __u32 count_slot(COUNT_KEY *key)
{
	__u32 *slot = bpf_map_lookup_elem(&keys, key);

	return slot ? *slot + 1 : new_slot(key);
}

/* What a thread counted last. Mostly it counts the same again, and that needs no hashing. */
struct last {
	COUNT_KEY key;
	__u32 slot; /* plus 1 */
	__u32 pad;
};

static __always_inline bool same_key(const COUNT_KEY *a, const COUNT_KEY *b)
{
	_Static_assert(sizeof(*a) % 8 == 0, "keys are words");
	_Pragma("unroll") for (__u32 i = 0; i < sizeof(*a) / 8; i++)
		if (((const __u64 *)a)[i] != ((const __u64 *)b)[i])
			return false;
	return true;
}

static __always_inline __u32 count_slot_again(COUNT_KEY *key, struct last *last)
{
	__u32 slot;

	/* test the pointer itself: clang would keep a bool beside it, which verifiers don't relate */
	barrier_var(last);
	if (!last)
		return count_slot(key);
	if (last->slot && same_key(key, &last->key))
		return last->slot;
	slot = count_slot(key);
	last->key = *key;
	last->slot = slot;
	return slot;
}

static __always_inline struct counts *count_at(__u32 slot_plus_1)
{
	__u32 slot = slot_plus_1 - 1;

	return slot_plus_1 ? bpf_map_lookup_elem(&counts, &slot) : NULL;
}

#define COUNT(c, member) __sync_fetch_and_add(&(c)->member, 1)

/* The outcome of an operation: 0 or an errno (or RESULT_*, which are failures). */
static __always_inline void count_result(struct counts *c, int result)
{
	if (!result || result == RESULT_DISCONNECTED)
		COUNT(c, ok);
	else if (result == 11 /* EAGAIN */ || result == 115 /* EINPROGRESS */ ||
		 result == 114 /* EALREADY */)
		COUNT(c, again);
	else
		COUNT(c, failed);
}

#endif
