/* SPDX-License-Identifier: GPL-2.0 */
/*
 * follow.c - walks /proc once for the descendants of some processes. Later ones are followed
 * in the kernel (bpf/point/task.h).
 */
#include "follow.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "util.h"

struct process {
	unsigned pid, parent;
	bool followed;
};

unsigned follow_parent(const char *stat)
{
	const char *p = strrchr(stat, ')');

	return p && strlen(p) > 4 ? strtoul(p + 4, NULL, 10) : 0;
}

static unsigned parent_of(int proc, const char *pid)
{
	char path[32], text[512];
	ssize_t len;
	int fd;

	if (snprintf(path, sizeof(path), "%s/stat", pid) >= (int)sizeof(path))
		return 0;
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0; /* gone meanwhile */
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len <= 0)
		return 0;
	text[len] = 0;
	return follow_parent(text);
}

static int add(int map, unsigned pid)
{
	unsigned one = 1;

	if (!bpf_map_update_elem(map, &pid, &one, BPF_ANY))
		return 0;
	return fail(-errno, "can't follow process %u", pid);
}

static int by_pid(const void *a, const void *b)
{
	unsigned x = ((const struct process *)a)->pid, y = ((const struct process *)b)->pid;

	return x < y ? -1 : x > y;
}

int follow_start(int map, const unsigned *roots, size_t n, bool descendants)
{
	struct process *list = NULL;
	size_t len = 0;
	struct dirent *e;
	bool more = true;
	int err = 0;
	DIR *dir;

	for (size_t i = 0; i < n && !err; i++)
		err = add(map, roots[i]);
	if (err || !descendants)
		return err;
	dir = opendir("/proc");
	if (!dir)
		return fail(-errno, "can't read /proc, to find the descendants to follow");
	while ((e = readdir(dir))) {
		struct process p = {};

		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		p.pid = strtoul(e->d_name, NULL, 10);
		p.parent = parent_of(dirfd(dir), e->d_name);
		for (size_t i = 0; i < n; i++)
			p.followed |= p.pid == roots[i];
		list = xrealloc(list, (len + 1) * sizeof(p));
		list[len++] = p;
	}
	closedir(dir);
	if (list)
		qsort(list, len, sizeof(*list), by_pid);
	while (more && !err) {
		more = false;
		for (size_t i = 0; i < len && !err; i++) {
			struct process parent = { .pid = list[i].parent }, *found;

			if (list[i].followed)
				continue;
			found = bsearch(&parent, list, len, sizeof(*list), by_pid);
			if (found && found->followed) {
				list[i].followed = more = true;
				err = add(map, list[i].pid);
			}
		}
	}
	free(list);
	return err;
}
