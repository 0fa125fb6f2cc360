/* SPDX-License-Identifier: GPL-2.0 */
/*
 * host.h - what this kernel and this user are, as far as it decides how events are seen. Versions
 * decide only which hooks lose events; whether a hook exists is found out by trying it.
 */
#ifndef HOST_H
#define HOST_H

#include <stdbool.h>

#define KERNEL(major, minor) ((major) << 16 | (minor))

enum preempt { PREEMPT_UNKNOWN, PREEMPT_NONE, PREEMPT_VOLUNTARY, PREEMPT_LAZY, PREEMPT_FULL };

struct kernel {
	char release[65]; /* uname -r */
	unsigned version; /* KERNEL(6, 12) */
	enum preempt preempt;
};

/* The running one. */
const struct kernel *kernel_here(void);

/* Where the preemption mode stands: in the command line, in a configuration (also compressed), ... */
enum preempt preempt_in_command_line(const char *text);
enum preempt preempt_in_config(const char *path);
/* ... in debugfs: "none (voluntary) full". */
enum preempt preempt_in_debugfs(const char *text);

/* "none", ..., "unknown" */
const char *preempt_name(enum preempt p);

bool has_capability(unsigned cap);
/* Are we in the host's first namespace of this kind ("pid", "user")? -1: can't tell. */
int in_host_namespace(const char *kind);
/*
 * Our pid as the kernel half knows it; UINT_MAX, which is nobody's, in another pid namespace: our
 * number there may be somebody else's.
 */
unsigned own_pid(void);
/* Enough to load and attach programs; what a user namespace gives is not. */
bool may_trace(void);
/*
 * Does this host run 32-bit programs, whose calls syscalls tracepoints don't see? It is tried, since
 * kernels, their options and some virtual machines forbid it. -1: can't tell. The first time it makes
 * a child.
 */
int runs_compat(void);
/* "none", "integrity", "confidentiality"; "" where that is not known. */
const char *lockdown(void);
/* Those that are active, with commas; "..." where that is not known. */
const char *security_modules(void);
/* The directory of tracefs's events, or NULL. */
const char *tracefs_events(void);

#endif
