/* SPDX-License-Identifier: GPL-2.0 */
/*
 * proc.c - fuzzes the readers of what the kernel tells in text: /proc/kallsyms, /proc/PID/maps and
 * stat, the command line, configuration and debugfs that tell the preemption mode. Processes
 * choose parts of some: names, paths. The first byte of the input chooses the reader.
 */
#include "fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include "../../src/follow.h"
#include "../../src/host.h"
#include "../../src/kallsyms.h"
#include "../../src/module.h"

static const uint64_t addrs[] = { 0, 1, 0x1000, 0x401000, 0x7f0000001000, 0xffffffff81000000,
				  0xffffffff81000fff, UINT64_MAX };

static void kallsyms(const uint8_t *data, size_t size)
{
	FILE *f = as_file(data, size);

	kallsyms_read(f);
	fclose(f);
	for (size_t i = 0; i < sizeof(addrs) / sizeof(*addrs); i++) {
		const struct ksym *k = kallsyms_find(addrs[i]);

		if (!k)
			continue;
		must(k->addr && k->addr <= addrs[i] && addrs[i] - k->addr < 1024 * 1024);
		must(k->name && !strpbrk(k->name, "\n\t"));
		must(!k->module || !strchr(k->module, ']'));
	}
	kallsyms_free();
}

static void maps(const uint8_t *data, size_t size)
{
	FILE *f = as_file(data, size);
	struct maps m;

	maps_read_from(&m, 0, f);
	fclose(f);
	must(m.n <= 4096);
	for (size_t i = 0; i < m.n; i++) {
		const struct mapping *found = maps_find(&m, m.list[i].start);

		must(m.list[i].name && *m.list[i].name);
		must(found || m.list[i].start >= m.list[i].end);
		must(!found || (found->start <= m.list[i].start && found->end > m.list[i].start));
	}
	maps_free(&m);
	modules_free();
}

static void command_line(const uint8_t *data, size_t size)
{
	char *text = exact(data, size);
	enum preempt p = preempt_in_command_line(text);

	must(p >= PREEMPT_UNKNOWN && p <= PREEMPT_FULL);
	must(!p || strstr(text, "preempt="));
	free(text);
}

static void debugfs(const uint8_t *data, size_t size)
{
	char *text = exact(data, size);
	enum preempt p = preempt_in_debugfs(text);

	must(p >= PREEMPT_UNKNOWN && p <= PREEMPT_FULL);
	must(!p || strchr(text, '('));
	free(text);
}

static void config(const uint8_t *data, size_t size)
{
	static int fd = -1;
	char path[32];
	enum preempt p;

	if (fd < 0)
		fd = memfd_create("config", MFD_CLOEXEC);
	must(fd >= 0 && !ftruncate(fd, 0) && pwrite(fd, data, size, 0) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	p = preempt_in_config(path);
	must(p >= PREEMPT_UNKNOWN && p <= PREEMPT_FULL);
}

static void stat_line(const uint8_t *data, size_t size)
{
	char *text = exact(data, size);
	unsigned parent = follow_parent(text);

	must(!parent || strchr(text, ')'));
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	switch (take(&data, &size)) {
	case 'k':
		kallsyms(data, size);
		break;
	case 'm':
		maps(data, size);
		break;
	case 'c':
		command_line(data, size);
		break;
	case 'd':
		debugfs(data, size);
		break;
	case 'g':
		config(data, size);
		break;
	default:
		stat_line(data, size);
		break;
	}
	must(!*heard());
	return 0;
}
