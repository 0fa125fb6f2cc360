/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_drop.c - what is given up is gone: a process that has dropped its rights tries what it mustn't,
 * and what it must; the process that opens files is asked for files that it mustn't hand over.
 */
#include "../../src/drop.h"

#include "../../src/opener.h"
#include "../../src/run.h"

#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Sanitizers need more system calls; then only users and capabilities are dropped. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

static int refused(long result)
{
	return result == -1 && errno == EPERM;
}

/* Each bit: something that went otherwise than it should. */
static int try_all(const struct duty *duty, int null)
{
	struct run run = {};
	int bad = 0;
	struct msghdr m = {};
	struct stat st;
	pid_t child;
	void *p;

	if (drop_rights(&run, duty))
		return 1;
	bad |= (getuid() == 0) << 1;
	if (SANITIZED)
		return bad;
	if (duty->role == ROLE_TOOL)
		bad |= !refused(syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY)) << 2;
	bad |= !refused(socket(AF_INET, SOCK_STREAM, 0)) << 3;
	/* of a file that isn't there: if the call is allowed, this process goes on and tells */
	bad |= !refused(execv("/no/such/file", (char *[]){ NULL })) << 4;
	child = fork();
	if (!child)
		_exit(0);
	bad |= !refused(child) << 5;
	bad |= !refused(kill(getppid(), 0)) << 6;
	bad |= !refused(kill(1, 0)) << 7;
	bad |= !refused(syscall(SYS_bpf, 0, NULL, 0)) << 8;
	bad |= !refused(syscall(SYS_ptrace, 0, 0, 0, 0)) << 9;
	p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bad |= !(p == MAP_FAILED && errno == EPERM) << 10;
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bad |= (p == MAP_FAILED) << 11;
	bad |= !refused(mprotect(p, 4096, PROT_READ | PROT_EXEC)) << 12;
	bad |= (write(null, "x", 1) != 1) << 13;
	bad |= !refused(syscall(SYS_setuid, 0)) << 14;
	bad |= !refused(ioctl(null, 0x5401 /* TCGETS */, p)) << 15;
	bad |= !refused(fcntl(null, F_DUPFD, 10)) << 17;
	bad |= !refused(syscall(SYS_tgkill, 1, 1, 0)) << 18;
	bad |= !refused(stat("/etc/passwd", &st)) << 19;
	bad |= (fstat(null, &st) != 0) << 20;
	bad |= !refused(sendmsg(null, &m, 0)) << 21;
	bad |= !refused(recvmsg(null, &m, 0)) << 22;
	if (duty->role == ROLE_OPENER) {
		bad |= !refused(open("/tmp/test_drop.made", O_WRONLY | O_CREAT, 0600)) << 23;
		bad |= !refused(open("/proc/self/mem", O_RDWR)) << 24;
		bad |= !refused(open("/dev/null", O_RDONLY | O_TRUNC)) << 25;
	}
	if (duty->command)
		bad |= (kill(duty->command, 0) != 0) << 16;
	return bad;
}

/*
 * All that there are: whatever comes to be allowed shows here. The arguments are wrong for those
 * that are allowed with some only, which therefore are refused (mmap(2) with PROT_EXEC ...).
 */
static void no_other_calls(void **state)
{
	static const struct {
		long nr;
		bool tool, opener;
	} known[] = {
		{ SYS_brk, true, true },
		{ SYS_munmap, true, true },
		{ SYS_mremap, true, true },
		{ SYS_madvise, true, true },
		{ SYS_futex, true, true },
		{ SYS_write, true, true },
		{ SYS_writev, true, true },
		{ SYS_close, true, true },
		{ SYS_rt_sigreturn, true, true },
		{ SYS_restart_syscall, true, true },
		{ SYS_rt_sigprocmask, true, true },
		{ SYS_exit, true, true },
		{ SYS_exit_group, true, true },
		{ SYS_getpid, true, true },
		{ SYS_gettid, true, true },
		{ SYS_fstat, true, true },
		{ SYS_newfstatat, true, true },
		{ SYS_clock_gettime, true, true },
		{ SYS_pread64, true, true },
		{ SYS_fstatfs, false, true },
#ifdef SYS_epoll_wait
		{ SYS_epoll_wait, true, false },
		{ SYS_poll, true, false },
#endif
		{ SYS_epoll_pwait, true, false },
		{ SYS_read, true, false },
		{ SYS_readv, true, false },
		{ SYS_lseek, true, false },
		{ SYS_rt_sigsuspend, true, false },
		{ SYS_wait4, true, false },
		{ SYS_getrusage, true, false },
		{ SYS_gettimeofday, true, false },
		{ SYS_ftruncate, true, false },
		{ SYS_sysinfo, true, false },
		{ SYS_ppoll, true, false },
	};
	bool (*is)[2] = mmap(NULL, 1024 * sizeof(*is), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_ptr_not_equal(is, MAP_FAILED);
	for (int role = 0; role < 2; role++) {
		for (long nr = 0; nr < 512; nr++) {
			pid_t child = fork();

			if (!child) {
				struct run run = {};
				struct duty duty = { role ? ROLE_OPENER : ROLE_TOOL, 0, -1 };

				/* what is allowed may wait, crash, or end this process */
				alarm(2);
				for (int sig = 1; sig < 32; sig++)
					signal(sig, SIG_DFL);
				if (!drop_rights(&run, &duty)) {
					is[nr][role] = true;
					if (syscall(nr, -1L, -1L, -1L, -1L, -1L, -1L) == -1 &&
					    errno == EPERM)
						is[nr][role] = false;
				}
				_exit(0);
			}
			waitpid(child, NULL, 0);
		}
	}
	for (long nr = 0; nr < 512; nr++) {
		bool tool = false, opener = false;

#ifdef __x86_64__
		/* uretprobe and uprobe, by which the kernel calls itself: seccomp doesn't see them */
		if (nr == 335 || nr == 336)
			continue;
#endif

		for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
			if (known[i].nr != nr)
				continue;
			tool = known[i].tool;
			opener = known[i].opener;
		}
		if (is[nr][0] != tool)
			fail_msg("system call %ld: the tool %s make it", nr,
				 tool ? "can't" : "can");
		if (is[nr][1] != opener)
			fail_msg("system call %ld: the opener %s make it", nr,
				 opener ? "can't" : "can");
	}
	munmap(is, 1024 * sizeof(*is));
}

static int tried(struct duty duty, int null)
{
	int fds[2], bad = -1;
	pid_t child;

	assert_int_equal(pipe(fds), 0);
	child = fork();
	if (!child) {
		bad = try_all(&duty, null);
		_exit(write(fds[1], &bad, sizeof(bad)) != sizeof(bad));
	}
	close(fds[1]);
	assert_int_equal(read(fds[0], &bad, sizeof(bad)), sizeof(bad));
	close(fds[0]);
	waitpid(child, NULL, 0);
	return bad;
}

static void rights_are_gone(void **state)
{
	int null = open("/dev/null", O_WRONLY);
	pid_t parent = getpid(), command = fork();

	(void)state;
	if (!command) {
		/* a test that fails returns without killing it */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() == parent)
			pause();
		_exit(0);
	}
	assert_int_equal(tried((struct duty){ ROLE_TOOL, 0, -1 }, null), 0);
	assert_int_equal(tried((struct duty){ ROLE_TOOL, command, -1 }, null), 0);
	assert_int_equal(tried((struct duty){ ROLE_OPENER, 0, -1 }, null), 0);
	kill(command, SIGKILL);
	waitpid(command, NULL, 0);
	close(null);
}

/* As the helper answers: 0 and a file that can be read, or an errno. */
static int answer(const char *path)
{
	char byte;
	int fd = opener_open(path);

	if (fd < 0)
		return errno;
	assert_int_equal(read(fd, &byte, 1), 1);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_not_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
	close(fd);
	return 0;
}

static void only_maps_and_code(void **state)
{
	char self[80], fifo[] = "/tmp/test_drop.XXXXXX", path[64], *longest;
	struct run run = {};
	pid_t helper = opener_start(&run);
	struct inotify_event event;
	int watch;

	(void)state;
	assert_true(helper > 0);
	snprintf(self, sizeof(self), "/proc/%d/maps", getpid());
	assert_int_equal(answer(self), 0);
	assert_int_equal(answer("/proc/self/exe"), 0);
	snprintf(self, sizeof(self), "/proc/%d/root/bin/true", getpid());
	assert_int_equal(answer(self), 0);
	assert_int_equal(answer("/etc/shadow"), ENOEXEC);
	/* not even opened: what the kernel makes up may do something then */
	assert_int_equal(answer("/proc/self/environ"), EACCES);
	assert_int_equal(answer("/proc/version"), EACCES);
	assert_int_equal(answer("/sys/kernel/uevent_seqnum"), EACCES);
	snprintf(self, sizeof(self), "/proc/self/../%d/maps", getpid());
	assert_int_equal(answer(self), EACCES);
	assert_int_equal(answer("/etc"), EACCES);
	assert_int_equal(answer("/dev/null"), EACCES);
	assert_int_equal(answer("/no/such/file"), ENOENT);
	assert_int_equal(answer("/proc/4294967295/maps"), ENOENT);
	/* it opens nothing to see what it is */
	assert_non_null(mkdtemp(fifo));
	snprintf(path, sizeof(path), "%s/fifo", fifo);
	assert_int_equal(mkfifo(path, 0600), 0);
	watch = inotify_init1(IN_NONBLOCK);
	assert_true(inotify_add_watch(watch, path, IN_OPEN) >= 0);
	assert_int_equal(answer(path), EACCES);
	assert_int_equal(read(watch, &event, sizeof(event)), -1);
	close(watch);
	unlink(path);
	/* empty, without a magic number */
	close(open(path, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(answer(path), ENOEXEC);
	unlink(path);
	/* a core dump is somebody's memory */
	for (int type = ET_REL; type <= ET_CORE; type++) {
		Elf64_Ehdr h = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
					      ELFDATA2LSB, EV_CURRENT },
				 .e_type = htole16(type) };
		int fd = open(path, O_CREAT | O_WRONLY, 0600);

		assert_int_equal(write(fd, &h, sizeof(h)), sizeof(h));
		close(fd);
		assert_int_equal(answer(path), type == ET_EXEC || type == ET_DYN ? 0 : ENOEXEC);
		unlink(path);
	}
	rmdir(fifo);
	longest = malloc(100001);
	memset(longest, '/', 100000);
	longest[100000] = 0;
	assert_int_equal(answer(longest), ENAMETOOLONG);
	free(longest);
	/* gone */
	kill(helper, SIGKILL);
	waitpid(helper, NULL, WUNTRACED);
	assert_int_equal(answer(self), EPIPE);
	opener_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rights_are_gone),
		cmocka_unit_test(only_maps_and_code),
		cmocka_unit_test(no_other_calls),
	};

	if (SANITIZED)
		return _cmocka_run_group_tests("drop", tests, 2, NULL, NULL);
	return cmocka_run_group_tests_name("drop", tests, NULL, NULL);
}
