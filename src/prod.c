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
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <linux/io_uring.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
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

/* A connection of our own, by the shortest way there is. */
static const char *prod_accepted(void)
{
	struct sockaddr_un here = { .sun_family = AF_UNIX }; /* the kernel finds a name */
	socklen_t len = sizeof(here);
	int to = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), got = -1;
	int from = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (!bind(to, (struct sockaddr *)&here, sizeof(here.sun_family)) && !listen(to, 1) &&
	    !getsockname(to, (struct sockaddr *)&here, &len) &&
	    !connect(from, (struct sockaddr *)&here, len))
		got = accept4(to, NULL, NULL, SOCK_CLOEXEC);
	close(to);
	close(from);
	if (got < 0)
		return "no AF_UNIX connection came about";
	close(got);
	return NULL;
}

/* The mark is no type. */
static const char *prod_socket(void)
{
	syscall(SYS_socket, AF_UNIX, PROD_MARK, 0);
	syscall(SYS_socketpair, AF_UNIX, PROD_MARK, 0, NULL);
	return NULL;
}

static const char *prod_made(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), pair[2];

	if (fd < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return "no AF_UNIX sockets";
	close(fd);
	close(pair[0]);
	close(pair[1]);
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

/* One io_uring request, from its submission to its end. */
static const char *uring_request(const struct io_uring_sqe *what)
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
		*sqe = *what;
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

static const char *prod_uring(void)
{
	return uring_request(&(struct io_uring_sqe){ .opcode = IORING_OP_NOP });
}

/* The one way to send that prod_message leaves out. */
static const char *prod_uring_send(void)
{
	const char *why;
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd))
		return "no AF_UNIX sockets";
	why = uring_request(&(struct io_uring_sqe){
		.opcode = IORING_OP_SEND, .fd = fd[0], .addr = (uintptr_t) "", .len = 1 });
	close(fd[0]);
	close(fd[1]);
	return why;
}

static const struct {
	const char *point;
	const char *(*call)(void);
	const char *(*real)(void);
} prods[] = {
	{ "connect", .call = prod_connect },
	{ "accept", .call = prod_accept, .real = prod_accepted },
	{ "bind", .call = prod_bind },
	{ "listen", .call = prod_listen },
	{ "socket", .call = prod_socket, .real = prod_made },
	{ "send", .call = prod_message, .real = prod_uring_send },
	{ "recv", .call = prod_message },
	{ "state", .call = prod_state },
	{ "signal", .call = prod_signal },
	{ "exit", .call = prod_task },
	{ "task", .call = prod_task },
	{ "uring", .call = prod_uring },
	/* they look at every call, so any will do */
	{ "connect32", .call = prod_connect },
	{ "accept32", .call = prod_accept },
	{ "return32", .call = prod_bind },
};

const char *prod(const char *point)
{
	for (size_t i = 0; i < sizeof(prods) / sizeof(*prods); i++)
		if (!strcmp(prods[i].point, point))
			return prods[i].call();
	return "there is no test of it";
}

const char *prod_really(const char *point)
{
	for (size_t i = 0; i < sizeof(prods) / sizeof(*prods); i++)
		if (!strcmp(prods[i].point, point) && prods[i].real)
			return prods[i].real();
	return NULL;
}
