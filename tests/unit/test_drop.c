/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_drop.c - what is given up is gone: a process that has dropped its rights tries what it mustn't,
 * and what it must; the process that opens files is asked for files that it mustn't hand over.
 */
#include "../../src/drop.h"

#include "../../src/opener.h"
#include "../../src/run.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
	if (duty->command)
		bad |= (kill(duty->command, 0) != 0) << 16;
	return bad;
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
	pid_t command = fork();

	(void)state;
	if (!command) {
		/* a test that fails returns without killing it */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
	assert_int_equal(tried((struct duty){ ROLE_TOOL, 0 }, null), 0);
	assert_int_equal(tried((struct duty){ ROLE_TOOL, command }, null), 0);
	assert_int_equal(tried((struct duty){ ROLE_OPENER, 0 }, null), 0);
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

	(void)state;
	assert_true(helper > 0);
	snprintf(self, sizeof(self), "/proc/%d/maps", getpid());
	assert_int_equal(answer(self), 0);
	assert_int_equal(answer("/proc/self/exe"), 0);
	snprintf(self, sizeof(self), "/proc/%d/root/bin/true", getpid());
	assert_int_equal(answer(self), 0);
	assert_int_equal(answer("/etc/shadow"), ENOEXEC);
	assert_int_equal(answer("/proc/self/environ"), ENOEXEC);
	snprintf(self, sizeof(self), "/proc/self/../%d/maps", getpid());
	assert_int_equal(answer(self), ENOEXEC);
	assert_int_equal(answer("/etc"), EACCES);
	assert_int_equal(answer("/dev/null"), EACCES);
	assert_int_equal(answer("/no/such/file"), ENOENT);
	assert_int_equal(answer("/proc/4294967295/maps"), ENOENT);
	/* it opens nothing to see what it is */
	assert_non_null(mkdtemp(fifo));
	snprintf(path, sizeof(path), "%s/fifo", fifo);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(answer(path), EACCES);
	unlink(path);
	/* empty, without a magic number */
	close(open(path, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(answer(path), ENOEXEC);
	unlink(path);
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
