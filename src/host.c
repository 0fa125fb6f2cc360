/* SPDX-License-Identifier: GPL-2.0 */
/*
 * host.c - see host.h.
 */
#include "host.h"

#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <zlib.h>

#include "util.h"

static const char *const modes[] = {
	[PREEMPT_NONE] = "none",
	[PREEMPT_VOLUNTARY] = "voluntary",
	[PREEMPT_LAZY] = "lazy",
	[PREEMPT_FULL] = "full",
};

const char *preempt_name(enum preempt p)
{
	return p ? modes[p] : "unknown";
}

static enum preempt mode_named(const char *text, size_t len)
{
	for (enum preempt p = PREEMPT_NONE; p <= PREEMPT_FULL; p++)
		if (strlen(modes[p]) == len && !memcmp(modes[p], text, len))
			return p;
	return PREEMPT_UNKNOWN;
}

/* The last one counts, as it does to the kernel. What follows "--" is init's. */
enum preempt preempt_in_command_line(const char *text)
{
	static const char option[] = "preempt=";
	enum preempt found = PREEMPT_UNKNOWN, p;

	for (size_t len; *text; text += len + strspn(text + len, " \n")) {
		len = strcspn(text, " \n");
		if (len == 2 && !memcmp(text, "--", 2))
			break;
		if (len < sizeof(option) || memcmp(text, option, sizeof(option) - 1))
			continue;
		p = mode_named(text + sizeof(option) - 1, len - (sizeof(option) - 1));
		if (p)
			found = p;
	}
	return found;
}

enum preempt preempt_in_config(const char *path)
{
	enum preempt found = PREEMPT_UNKNOWN;
	gzFile f = gzopen(path, "rbe");
	char line[256];

	if (!f && errno == ENOMEM)
		out_of_memory();
	/* they stand together: one mode, and perhaps the real-time one, which is full */
	while (f && gzgets(f, line, sizeof(line))) {
		if (found && !strstr(line, "PREEMPT"))
			break;
		line[strcspn(line, "\n")] = 0;
		if (!strcmp(line, "CONFIG_PREEMPT_NONE=y"))
			found = PREEMPT_NONE;
		else if (!strcmp(line, "CONFIG_PREEMPT_VOLUNTARY=y"))
			found = PREEMPT_VOLUNTARY;
		else if (!strcmp(line, "CONFIG_PREEMPT_LAZY=y"))
			found = PREEMPT_LAZY;
		else if (!strcmp(line, "CONFIG_PREEMPT=y") ||
			 !strcmp(line, "CONFIG_PREEMPT_RT=y"))
			found = PREEMPT_FULL;
	}
	if (f)
		gzclose(f);
	return found;
}

enum preempt preempt_in_debugfs(const char *text)
{
	const char *at = strchr(text, '(');

	return at ? mode_named(at + 1, strcspn(at + 1, ")")) : PREEMPT_UNKNOWN;
}

static const char *first_line(const char *path, char *line, int size)
{
	FILE *f = open_text(path);

	line[0] = 0;
	if (f) {
		if (!fgets(line, size, f))
			line[0] = 0;
		fclose(f);
	}
	return line;
}

static enum preempt preempt_here(const struct utsname *u)
{
	char line[4096], path[128];
	enum preempt p =
		preempt_in_command_line(first_line("/proc/cmdline", line, sizeof(line)));

	if (!p)
		p = preempt_in_config("/proc/config.gz");
	snprintf(path, sizeof(path), "/boot/config-%s", u->release);
	if (!p)
		p = preempt_in_config(path);
	if (!p)
		p = preempt_in_debugfs(
			first_line("/sys/kernel/debug/sched/preempt", line, sizeof(line)));
	/* "#1 SMP PREEMPT_DYNAMIC Debian ...": a kernel that can preempt says so, if not when */
	if (!p && !strstr(u->version, "PREEMPT"))
		p = PREEMPT_VOLUNTARY;
	return p;
}

const struct kernel *kernel_here(void)
{
	static struct kernel here;
	unsigned major, minor;
	struct utsname u;

	if (here.version)
		return &here;
	uname(&u);
	snprintf(here.release, sizeof(here.release), "%s", u.release);
	if (sscanf(u.release, "%u.%u", &major, &minor) != 2)
		major = minor = 255;
	here.version = KERNEL(major, minor);
	here.preempt = preempt_here(&u);
	return &here;
}

bool has_capability(unsigned cap)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = {};

	if (syscall(SYS_capget, &header, data))
		return true; /* can't tell */
	return data[cap / 32].effective >> (cap % 32) & 1;
}

int in_host_namespace(const char *kind)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/self/ns/%s", kind);
	if (stat(path, &st))
		return -1;
	/* PROC_USER_INIT_INO and PROC_PID_INIT_INO of linux/proc_ns.h */
	return st.st_ino == (strcmp(kind, "user") ? 0xeffffffcU : 0xeffffffdU);
}

unsigned own_pid(void)
{
	return in_host_namespace("pid") ? (unsigned)getpid() : UINT_MAX;
}

bool may_trace(void)
{
	return in_host_namespace("user") &&
	       (has_capability(CAP_SYS_ADMIN) ||
		(has_capability(CAP_BPF) && has_capability(CAP_PERFMON)));
}

#ifdef __x86_64__
/* A file in memory with the smallest 32-bit program. Its descriptor, or -1. */
static int compat_program(void)
{
	static const struct {
		Elf32_Ehdr header;
		Elf32_Phdr segment;
		unsigned char code[9];
	} program = {
		.header = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32,
					 ELFDATA2LSB, EV_CURRENT },
			    .e_type = ET_EXEC,
			    .e_machine = EM_386,
			    .e_version = EV_CURRENT,
			    .e_entry = 0x8048000 + sizeof(Elf32_Ehdr) + sizeof(Elf32_Phdr),
			    .e_phoff = sizeof(Elf32_Ehdr),
			    .e_ehsize = sizeof(Elf32_Ehdr),
			    .e_phentsize = sizeof(Elf32_Phdr),
			    .e_phnum = 1 },
		.segment = { .p_type = PT_LOAD,
			     .p_vaddr = 0x8048000,
			     .p_filesz = sizeof(program),
			     .p_memsz = sizeof(program),
			     .p_flags = PF_R | PF_X,
			     .p_align = 0x1000 },
		/* mov $1,%eax; xor %ebx,%ebx; int $0x80: exit(0) */
		.code = { 0xb8, 1, 0, 0, 0, 0x31, 0xdb, 0xcd, 0x80 },
	};
	/* MFD_EXEC, from 6.3 on */
	int fd = memfd_create("sockray-32-bit", MFD_CLOEXEC | 0x10U);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("sockray-32-bit", MFD_CLOEXEC);
	if (fd >= 0 && write(fd, &program, sizeof(program)) != sizeof(program)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static int try_compat(void)
{
	char path[32], *argv[] = { "32-bit", NULL };
	int fd = compat_program(), err, status;
	pid_t pid;

	if (fd < 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	err = posix_spawn(&pid, path, NULL, NULL, argv, NULL);
	close(fd);
	if (err)
		return err == ENOEXEC ? 0 : -1;
	return waitpid(pid, &status, 0) == pid && status == 0 ? 1 : -1;
}

int runs_compat(void)
{
	static int known = -2;

	if (known == -2)
		known = try_compat();
	return known;
}
#else
int runs_compat(void)
{
	return -1;
}
#endif

const char *lockdown(void)
{
	static char line[128];
	char *mode =
		strchr(first_line("/sys/kernel/security/lockdown", line, sizeof(line)), '[');

	if (!mode)
		return "";
	mode[strcspn(mode, "]")] = 0;
	return mode + 1;
}

const char *security_modules(void)
{
	static char line[256];

	first_line("/sys/kernel/security/lsm", line, sizeof(line));
	line[strcspn(line, "\n")] = 0;
	return *line ? line : "...";
}

const char *tracefs_events(void)
{
	static const char *const places[] = { "/sys/kernel/tracing/events",
					      "/sys/kernel/debug/tracing/events" };

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		if (!access(places[i], F_OK))
			return places[i];
	return NULL;
}
