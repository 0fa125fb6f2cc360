/* SPDX-License-Identifier: GPL-2.0 */
/*
 * prod.c - see prod.h. One entry per point: a hook that exists, loads and attaches may still be of
 * a function that nobody calls any more.
 */
#include "prod.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <linux/io_uring.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../bpf/row.h"

#define MARK ((void *)PROD_MARK)

static const char *prod_connect(void)
{
	syscall(SYS_connect, -1, MARK, 0);
	return NULL;
}

static const char *prod_accept(void)
{
#ifdef SYS_accept
	syscall(SYS_accept, -1, MARK, NULL);
#endif
	syscall(SYS_accept4, -1, MARK, NULL, 0);
	return NULL;
}

static const char *prod_bind(void)
{
	syscall(SYS_bind, -1, MARK, 0);
	return NULL;
}

static const char *prod_listen(void)
{
	syscall(SYS_listen, -1, PROD_MARK);
	return NULL;
}

/* The mark is no type. */
static const char *prod_socket(void)
{
	syscall(SYS_socket, AF_UNIX, PROD_MARK, 0);
	syscall(SYS_socketpair, AF_UNIX, PROD_MARK, 0, NULL);
	return NULL;
}

static const char *prod_message(void)
{
	const char *why = "no message went through a socket pair";
	char byte[4] = {};
	struct iovec one = { byte, 1 };
	struct msghdr msg = { .msg_iov = &one, .msg_iovlen = 1 };
	int fd[2], tube[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd))
		return "no AF_UNIX sockets";
	if (!pipe2(tube, O_CLOEXEC)) {
		/* all ways to send, as each may have its own hook, and the ways to receive */
		if (send(fd[0], byte, 1, 0) == 1 && sendmsg(fd[0], &msg, 0) == 1 &&
		    write(fd[0], byte, 1) == 1 && write(tube[1], byte, 1) == 1 &&
		    splice(tube[0], NULL, fd[0], NULL, 1, 0) == 1 &&
		    recv(fd[1], byte, 1, 0) == 1 && recvmsg(fd[1], &msg, 0) == 1)
			why = NULL;
		close(tube[0]);
		close(tube[1]);
	}
	close(fd[0]);
	close(fd[1]);
	return why;
}

/* CLOSE -> LISTEN, for an instant, on loopback. */
static const char *prod_state(void)
{
	struct sockaddr_in here = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const char *why = NULL;

	if (fd < 0)
		return "no TCP sockets";
	if (bind(fd, (struct sockaddr *)&here, sizeof(here)) || listen(fd, 1))
		why = "no loopback interface";
	close(fd);
	return why;
}

static void nothing(int sig)
{
	(void)sig;
}

static const char *prod_signal(void)
{
	struct sigaction sa = { .sa_handler = nothing }, old;
	sigset_t one, before;

	sigemptyset(&one);
	sigaddset(&one, SIGURG);
	sigaction(SIGURG, &sa, &old);
	sigprocmask(SIG_UNBLOCK, &one, &before);
	raise(SIGURG);
	sigprocmask(SIG_SETMASK, &before, NULL);
	sigaction(SIGURG, &old, NULL);
	return NULL;
}

static int die(void *arg)
{
	(void)arg;
	syscall(SYS_exit, 0);
	return 0;
}

/* A child that has our memory, and tells nobody of its end but who asks. */
static const char *prod_task(void)
{
	static char stack[4096] __attribute__((aligned(16)));
	int pid = clone(die, stack + sizeof(stack), CLONE_VM | CLONE_VFORK, NULL);

	if (pid < 0)
		return "no process can be made";
	waitpid(pid, NULL, __WCLONE);
	return NULL;
}

static const char *prod_uring(void)
{
	struct io_uring_params p = {};
	const char *why = "io_uring is not allowed";
	int fd = syscall(SYS_io_uring_setup, 1, &p);
	struct io_uring_sqe *sqe;
	size_t size;
	char *ring;

	if (fd < 0)
		return why;
	size = p.sq_off.array + p.sq_entries * sizeof(unsigned);
	ring = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQ_RING);
	sqe = mmap(NULL, sizeof(*sqe), PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQES);
	if (ring != MAP_FAILED && sqe != MAP_FAILED) {
		sqe->opcode = IORING_OP_NOP;
		*(unsigned *)(ring + p.sq_off.array) = 0;
		__atomic_store_n((unsigned *)(ring + p.sq_off.tail), 1, __ATOMIC_RELEASE);
		if (syscall(SYS_io_uring_enter, fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) == 1)
			why = NULL;
	}
	if (ring != MAP_FAILED)
		munmap(ring, size);
	if (sqe != MAP_FAILED)
		munmap(sqe, sizeof(*sqe));
	close(fd);
	return why;
}

static const struct {
	const char *point;
	const char *(*call)(void);
} prods[] = {
	{ "connect", prod_connect },
	{ "accept", prod_accept },
	{ "bind", prod_bind },
	{ "listen", prod_listen },
	{ "socket", prod_socket },
	{ "send", prod_message },
	{ "recv", prod_message },
	{ "state", prod_state },
	{ "signal", prod_signal },
	{ "exit", prod_task },
	{ "task", prod_task },
	{ "uring", prod_uring },
	/* they look at every call, so any will do */
	{ "connect32", prod_connect },
	{ "accept32", prod_accept },
	{ "return32", prod_bind },
};

const char *prod(const char *point)
{
	for (size_t i = 0; i < sizeof(prods) / sizeof(*prods); i++)
		if (!strcmp(prods[i].point, point))
			return prods[i].call();
	return "there is no test of it";
}

bool prod_reaches(const char *program)
{
	/* what they are for can't be had without real messages and connections */
	return strcmp(program, "send_uring__fentry") && strcmp(program, "accept_graft__fentry");
}
