/* SPDX-License-Identifier: GPL-2.0 */
/*
 * opener.c - see opener.h. A request is a path, its answer an errno and a descriptor, both by a pair
 * of sockets that keeps messages apart.
 */
#include "opener.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <linux/magic.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>

#include "drop.h"
#include "run.h"
#include "util.h"

#define PATIENCE_MS 2000

static pid_t helper;
static int channel = -1;

/* A message of LEN bytes, with the descriptor FD unless it is -1. */
static int send_message(int to, const void *data, size_t len, int fd)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {};
	struct iovec iov = { (void *)data, len };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		control.header = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)),
						   .cmsg_level = SOL_SOCKET,
						   .cmsg_type = SCM_RIGHTS };
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
		m.msg_control = &control;
		m.msg_controllen = sizeof(control);
	}
	return sendmsg(to, &m, MSG_NOSIGNAL) == (ssize_t)len ? 0 : -errno;
}

/* Returns its length, 0 at the end; the descriptor in FD, or -1. FD NULL: none is taken. */
static ssize_t receive_message(int from, void *data, size_t len, int *fd)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {};
	struct iovec iov = { data, len };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = fd ? &control : NULL,
			    /* with the padding there would be room for two */
			    .msg_controllen = fd ? CMSG_LEN(sizeof(int)) : 0 };
	ssize_t n = recvmsg(from, &m, MSG_CMSG_CLOEXEC);

	if (!fd)
		return n;
	*fd = -1;
	if (n > 0 && CMSG_FIRSTHDR(&m) && CMSG_FIRSTHDR(&m)->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(*fd));
	return n;
}

/* ------------------------------------------------------------------ files */

/* /proc/42/maps */
static bool is_maps(const char *path)
{
	const char *p = path;

	if (strncmp(p, "/proc/", 6))
		return false;
	p += 6;
	p += strspn(p, "0123456789");
	return !strcmp(p, "/maps");
}

/* Where regular files are what the kernel makes up, even opening or reading one may do something. */
static bool on_a_disk(int place)
{
	static const unsigned made_up[] = { PROC_SUPER_MAGIC,	SYSFS_MAGIC,	  TRACEFS_MAGIC,
					    DEBUGFS_MAGIC,	SECURITYFS_MAGIC, BPF_FS_MAGIC,
					    CGROUP2_SUPER_MAGIC, SELINUX_MAGIC };
	struct statfs fs;

	if (fstatfs(place, &fs))
		return false;
	for (size_t i = 0; i < sizeof(made_up) / sizeof(*made_up); i++)
		if ((unsigned)fs.f_type == made_up[i])
			return false;
	return true;
}

/* A program or library; a core dump is ELF, too, and holds somebody's memory. */
static bool is_code(int fd)
{
	unsigned char head[EI_NIDENT + 2];
	const unsigned char *type = head + EI_NIDENT;
	unsigned is;

	if (pread(fd, head, sizeof(head), 0) != sizeof(head) || memcmp(head, ELFMAG, SELFMAG))
		return false;
	is = head[EI_DATA] == ELFDATA2MSB ? type[0] << 8 | type[1] : type[1] << 8 | type[0];
	return is == ET_EXEC || is == ET_DYN;
}

/* What it is, is known before it is opened: to open a device may do something. */
static int open_elf(const char *path)
{
	int fd = -1, place = open(path, O_PATH | O_CLOEXEC);
	char again[32];
	struct stat st;

	if (place < 0)
		return -errno;
	snprintf(again, sizeof(again), "/proc/self/fd/%d", place);
	if (fstat(place, &st) || !S_ISREG(st.st_mode) || !on_a_disk(place))
		errno = EACCES;
	else
		fd = open(again, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		fd = -errno;
	} else if (!is_code(fd)) {
		close(fd);
		fd = -ENOEXEC;
	}
	close(place);
	return fd;
}

static int open_allowed(const char *path)
{
	int fd;

	if (!is_maps(path))
		return open_elf(path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* ------------------------------------------------------------------ the helper */

static void serve(int from)
{
	char path[PATH_MAX + 1];
	ssize_t n;

	while ((n = receive_message(from, path, PATH_MAX, NULL)) > 0) {
		int fd, err;

		path[n] = 0;
		fd = open_allowed(path);
		err = fd < 0 ? -fd : 0;
		/* a user may have only so many descriptors under way, all its processes together */
		n = send_message(from, &err, sizeof(err), fd < 0 ? -1 : fd);
		if (n) {
			err = -n;
			n = send_message(from, &err, sizeof(err), -1);
		}
		if (fd >= 0)
			close(fd);
		if (n)
			return;
	}
}

static void be_helper(const struct run *run, int from)
{
	sigset_t all;

	/* it ends with its tool, by nothing else: the terminal's signals are for that one */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	/* nothing else of the tool's but stderr, least of all its end of the pipe to a command */
	if (dup2(from, 3) < 0 || close_range(4, ~0U, 0) || close_range(0, 1, 0))
		_exit(EXIT_ERROR);
	prctl(PR_SET_NAME, "sockray-opener");
	if (drop_rights(run, &(struct duty){ .role = ROLE_OPENER, .channel = 3 }))
		_exit(EXIT_ERROR);
	/* that it is ready */
	send_message(3, "", 1, -1);
	serve(3);
	_exit(EXIT_OK);
}

/* ------------------------------------------------------------------ the tool */

pid_t opener_start(const struct run *run)
{
	int pair[2];
	char ready;

	if (run->no_drop)
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return fail(-errno, "can't make a pair of sockets");
	helper = fork();
	if (helper < 0)
		return fail(-errno, "can't fork");
	if (!helper)
		be_helper(run, pair[1]);
	close(pair[1]);
	channel = pair[0];
	if (receive_message(channel, &ready, 1, NULL) != 1)
		return fail(-EPERM, "the process that opens files has not started");
	return helper;
}

int opener_channel(void)
{
	return channel;
}

/* It may wait for ever, for a file system whose server is away; we don't. */
static bool answers(void)
{
	struct pollfd p = { .fd = channel, .events = POLLIN };
	int n;

	do
		n = poll(&p, 1, PATIENCE_MS);
	while (n < 0 && errno == EINTR);
	return n > 0;
}

int opener_open(const char *path)
{
	int fd, err = EPIPE;
	bool late = false;

	if (channel < 0) {
		fd = open_allowed(path);
		if (fd >= 0)
			return fd;
		errno = -fd;
		return -1;
	}
	if (!send_message(channel, path, strlen(path), -1) && !(late = !answers()) &&
	    receive_message(channel, &err, sizeof(err), &fd) == sizeof(err)) {
		/* a descriptor may find no room here */
		errno = err || fd >= 0 ? err : EMFILE;
		return fd;
	}
	close(channel);
	channel = -1;
	warn("the process that opens files %s: from here on there are no symbols",
	     late ? "doesn't answer (the last one was of a file system that hangs?)" : "is gone");
	errno = EPIPE;
	return -1;
}

void opener_stop(void)
{
	if (channel >= 0)
		close(channel);
	channel = -1;
	/* it sees the end of the channel, unless it hangs: that is not waited for */
	for (int i = 0; helper > 0 && i < 20 && !waitpid(helper, NULL, WNOHANG); i++)
		poll(NULL, 0, 10);
	helper = 0;
}
