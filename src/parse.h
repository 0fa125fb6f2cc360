/* SPDX-License-Identifier: GPL-2.0 */
/*
 * parse.h - the texts of options into values. Strict: no blanks, no sign, no trailing junk, no
 * overflow, no empty item in a list. Every function returns 0, or says in one sentence what is
 * wrong with the text and returns -EINVAL; the places it was given then mean nothing.
 */
#ifndef PARSE_H
#define PARSE_H

#include <stdbool.h>

#include <linux/types.h>

#include "run.h"

int parse_u64(const char *s, __u64 min, __u64 max, __u64 *v);

/* "2", "0.5", ".5": more than 0, at most ten years, no finer than a nanosecond. */
int parse_seconds(const char *s, __u64 *ns);

/* Lists: items between commas. Duplicates are merged before they are counted. */
int parse_pids(const char *s, __u32 *list, __u32 *n, __u32 max);
int parse_families(const char *s, __u64 *bits); /* "all": every bit */
int parse_protocols(const char *s, __u16 list[CONF_PROTOCOLS], __u32 *n);
int parse_ports(const char *s, struct port_range list[CONF_PORTS], __u32 *n);
int parse_addrs(const char *s, struct cidr list[CONF_ADDRS], __u32 *n);
int parse_errnos(const char *s, __u64 bits[CONF_ERRNOS]);

/* COMM is padded with NULs; a name with * or ? is a glob. */
int parse_comm(const char *s, char comm[COMM_LEN], bool *is_glob);

/* Such a name or pattern, for bpf/glob.h. */
void parse_glob(const char comm[COMM_LEN], struct glob *glob);

/* A number, or a name of /etc/passwd: of no other source, for static binaries' sake. */
int parse_user(const char *s, __u32 *uid);
/* And with a group: that of /etc/passwd, or nobody's. */
int parse_account(const char *s, struct user *user);
/* The user of this name; -ENOENT: there is none. Says nothing. */
int user_named(const char *name, struct user *user);

/* An id, the path of a directory on cgroup2, or a path below a mount of cgroup2. */
int parse_cgroup(const char *s, __u64 *id);

/* An inode number, a name that `ip netns` made, or pid:PID. */
int parse_netns(const char *s, __u32 *inum);

#endif
