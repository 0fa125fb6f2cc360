/* SPDX-License-Identifier: GPL-2.0 */
/*
 * operations - makes socket operations of every kind, a known number of each, and writes what
 * sockstat, sofamily and soprotocol have to count: sums of what the calls returned to this
 * program, never anything that comes from a tool.
 *
 *	operations [--expect FILE] [--list] CASE...|all
 *	operations32 [--socketcall] and the same
 *	operations load N	8 processes of 8 threads, N operations or a few more
 *	operations names N	one process under N names, 10 UDP connects each
 *	operations late N	N connects that take a second
 *	operations silent	two connects that stay undecided until a line comes on
 *				stdin; then one is closed, and one succeeds
 *
 * A case that the table at the end calls special isn't one of all.
 *
 *	gcc -std=gnu11 -Wall -Wextra -O2 -pthread operations.c -o operations -luring
 *	gcc -m32 -DTRAFFIC32 -std=gnu11 -Wall -Wextra -O2 -pthread operations.c -o operations32
 *
 * The expectation is one JSON object per line:
 *	{"call", "count", "ok", "failed", "again", "bytes"}	all cases together
 *	{"tool": "sockstat", "call", "comm", "pid", "family", "protocol", "ok", ...}
 *	{"tool": "sofamily", "call", "comm", "family", "ok", "failed", "again"}
 *	{"tool": "soprotocol", "call", "comm", "protocol", "protocol_name", "name", "ok", ...}
 * Each case runs in a process of its own with the case's name, so that --by comm tells which
 * one is counted wrong. A connect is there twice: as a call that returned something
 * (sockstat), and as an attempt that was followed to its end (the other two). family null:
 * no socket was there to have one. A case that this kernel can't do says `skip CASE: reason`
 * on stderr. Exit code: 0, 1 when a case didn't go as it should.
 *
 * Left out, as the kernel does not tell of them as messages: sends and receives on descriptors
 * that are no sockets, read(2) of 0 bytes, splice(2) from a TCP socket.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/aio_abi.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifndef TRAFFIC32
#include <liburing.h>
#endif

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#define EXIT_SKIP 77
#define ENTRIES 8192
#define SIZE 100 /* of a message, unless a case says otherwise */

/* A case that takes longer is stuck: 60 s, times SLOW (tests/lib.sh). */
static int case_seconds(void)
{
	const char *slow = getenv("SLOW");

	return 60 * (slow && atoi(slow) > 0 ? atoi(slow) : 1);
}

enum call { ACCEPT, CONNECT, BIND, LISTEN, SOCKET, SEND, RECV, CALLS };

static const char *const call_names[] = { "accept", "connect", "bind", "listen",
					  "socket", "send",    "recv" };

/* Of a socket; -1: there was none. */
struct kind {
	int family, type, protocol;
	int unspec; /* it was called with AF_UNSPEC, which dissolves an association */
};

static const struct kind no_socket = { -1, -1, -1, 0 };

struct outcome {
	uint64_t ok, failed, again, bytes;
};

struct entry {
	bool attempt; /* for sofamily and soprotocol */
	enum call call;
	char comm[16];
	pid_t pid;
	struct kind kind;
	struct outcome sum;
};

/* Lies in memory that all processes of all cases share. */
static struct {
	pthread_mutex_t lock;
	int n;
	int flag; /* cases may use it between their processes */
	struct entry entries[ENTRIES];
} * book;

static const char *this_case;
static FILE *out;
#ifdef TRAFFIC32
static bool opt_socketcall;
#endif

/* ---- small things ---- */

__attribute__((noreturn, format(printf, 1, 2))) static void fail(const char *fmt, ...)
{
	char why[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	fprintf(stderr, "FAIL %s: %s\n", this_case, why);
	_exit(1);
}

__attribute__((noreturn)) static void skip(const char *why)
{
	fprintf(stderr, "skip %s: %s\n", this_case, why);
	_exit(EXIT_SKIP);
}

/* For calls that set up a case: they have to succeed. */
#define must(call)                                                                             \
	({                                                                                     \
		long must_ = (long)(call);                                                     \
		if (must_ == -1)                                                               \
			fail("%s: %s", #call, strerror(errno));                                \
		must_;                                                                         \
	})

/* For calls that are the case: they have to return this. */
#define want(value, call)                                                                      \
	({                                                                                     \
		long want_ = (long)(call);                                                     \
		if (want_ != (value))                                                          \
			fail("line %d: %s: %ld", __LINE__, #call, want_);                      \
		want_;                                                                         \
	})

static long result(long ret)
{
	return ret < 0 ? -errno : ret;
}

static void nap(int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

/* ---- the book ---- */

static void enter(bool attempt, enum call call, struct kind kind, const struct outcome *o)
{
	struct entry *e, *end;
	char comm[16] = "";

	strncpy(comm, this_case, sizeof(comm) - 1);
	if (pthread_mutex_lock(&book->lock) == EOWNERDEAD)
		pthread_mutex_consistent(&book->lock);
	end = book->entries + book->n;
	for (e = book->entries; e < end; e++) {
		if (e->attempt == attempt && e->call == call && e->pid == getpid() &&
		    !strcmp(e->comm, comm) && !memcmp(&e->kind, &kind, sizeof(kind)))
			break;
	}
	if (e == end) {
		if (book->n++ == ENTRIES)
			fail("the book is full");
		*e = (struct entry){ attempt, call, "", getpid(), kind, { 0 } };
		strcpy(e->comm, comm);
	}
	e->sum.ok += o->ok;
	e->sum.failed += o->failed;
	e->sum.again += o->again;
	e->sum.bytes += o->bytes;
	pthread_mutex_unlock(&book->lock);
}

static void add_result(struct outcome *o, long ret, long bytes)
{
	if (ret == -EAGAIN || ret == -EINPROGRESS) {
		o->again++;
	} else if (ret < 0) {
		o->failed++;
	} else {
		o->ok++;
		o->bytes += bytes;
	}
}

static void made(enum call call, struct kind kind, long ret, long bytes)
{
	struct outcome o = { 0 };

	add_result(&o, ret, bytes);
	enter(false, call, kind, &o);
}

static void tried(enum call call, struct kind kind, long ret)
{
	struct outcome o = { 0 };

	add_result(&o, ret, 0);
	enter(true, call, kind, &o);
}

static struct kind kind_of(int fd)
{
	struct kind k = { 0 };
	socklen_t len = sizeof(int);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &k.family, &len) ||
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &k.type, &len) ||
	    getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &k.protocol, &len))
		return no_socket;
	return k;
}

static bool has_module(const char *name)
{
	FILE *f = fopen("/proc/net/protocols", "re");
	char line[256], word[64];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f))
		found = sscanf(line, "%63s", word) == 1 && !strcmp(word, name);
	if (f)
		fclose(f);
	return found;
}

/* As /proc/net/protocols has it. */
static const char *module_name(struct kind k)
{
	static const struct {
		int family, protocol;
		const char *name;
	} names[] = {
		{ AF_INET, IPPROTO_TCP, "TCP" },     { AF_INET6, IPPROTO_TCP, "TCPv6" },
		{ AF_INET, IPPROTO_UDP, "UDP" },     { AF_INET6, IPPROTO_UDP, "UDPv6" },
		{ AF_INET, IPPROTO_MPTCP, "MPTCP" }, { AF_INET6, IPPROTO_MPTCP, "MPTCPv6" },
		{ AF_NETLINK, 0, "NETLINK" },
	};

	if (k.family == AF_UNIX) /* one for both before 5.15 */
		return k.type == SOCK_STREAM && has_module("UNIX-STREAM") ? "UNIX-STREAM"
									  : "UNIX";
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].family == k.family && names[i].protocol == k.protocol)
			return names[i].name;
	fail("no module for family %d, protocol %d", k.family, k.protocol);
}

static const char *protocol_name(struct kind k)
{
	if (k.family != AF_INET && k.family != AF_INET6)
		return NULL;
	switch (k.protocol) {
	case IPPROTO_TCP:
		return "IPPROTO_TCP";
	case IPPROTO_UDP:
		return "IPPROTO_UDP";
	case IPPROTO_MPTCP:
		return "IPPROTO_MPTCP";
	}
	fail("no name for protocol %d", k.protocol);
}

static void put_number(const char *key, int n)
{
	if (n < 0)
		fprintf(out, ", \"%s\": null", key);
	else
		fprintf(out, ", \"%s\": %d", key, n);
}

static void put_text(const char *key, const char *text)
{
	if (text)
		fprintf(out, ", \"%s\": \"%s\"", key, text);
	else
		fprintf(out, ", \"%s\": null", key);
}

static void put_outcome(const struct outcome *o, bool bytes)
{
	fprintf(out, ", \"ok\": %llu, \"failed\": %llu, \"again\": %llu",
		(unsigned long long)o->ok, (unsigned long long)o->failed,
		(unsigned long long)o->again);
	if (bytes)
		fprintf(out, ", \"count\": %llu, \"bytes\": %llu",
			(unsigned long long)(o->ok + o->failed + o->again),
			(unsigned long long)o->bytes);
	fprintf(out, "}\n");
}

static void put_head(const char *tool, const struct entry *e)
{
	fprintf(out, "{\"tool\": \"%s\", \"call\": \"%s\", \"comm\": \"%s\"", tool,
		call_names[e->call], e->comm);
}

static void put_book(void)
{
	struct outcome sums[CALLS] = { 0 };

	for (int i = 0; i < book->n; i++) {
		const struct entry *e = &book->entries[i];

		if (e->attempt) {
			put_head("sofamily", e);
			put_number("family", e->kind.unspec ? AF_UNSPEC : e->kind.family);
			put_outcome(&e->sum, false);
			put_head("soprotocol", e);
			put_number("protocol", e->kind.protocol);
			put_text("protocol_name",
				 e->kind.protocol < 0 ? NULL : protocol_name(e->kind));
			put_text("name", e->kind.protocol < 0 ? NULL : module_name(e->kind));
			put_outcome(&e->sum, false);
			continue;
		}
		put_head("sockstat", e);
		fprintf(out, ", \"pid\": %d, \"uid\": %d", e->pid, getuid());
		put_number("family", e->kind.family);
		put_number("protocol", e->kind.protocol);
		put_outcome(&e->sum, true);
		sums[e->call].ok += e->sum.ok;
		sums[e->call].failed += e->sum.failed;
		sums[e->call].again += e->sum.again;
		sums[e->call].bytes += e->sum.bytes;
	}
	for (int call = 0; call < CALLS; call++) {
		fprintf(out, "{\"call\": \"%s\"", call_names[call]);
		put_outcome(&sums[call], true);
	}
	if (fflush(out))
		fail("writing: %s", strerror(errno));
}

/* ---- the calls ---- */

/* i386 has each call twice. accept(2) has no number of its own there: 0. */
#ifdef TRAFFIC32
static long raw(long nr, int socketcall, long a, long b, long c, long d)
{
	unsigned long args[] = { a, b, c, d };

	if (opt_socketcall || !nr)
		return result(syscall(SYS_socketcall, socketcall, args));
	return result(syscall(nr, a, b, c, d));
}
#define RAW(name, nr, a, b, c, d)                                                              \
	raw(SYS_##name, nr, (long)(a), (long)(b), (long)(c), (long)(d))
#define SYS_accept 0
#else
#define RAW(name, nr, a, b, c, d) result(syscall(SYS_##name, a, b, c, d))
#endif

static long do_socket(int family, int type, int protocol)
{
	long fd = RAW(socket, 1, family, type | SOCK_CLOEXEC, protocol, 0);

	made(SOCKET, fd < 0 ? no_socket : kind_of(fd), fd, 0);
	return fd;
}

static long do_socketpair(int family, int type, int protocol, int *fd)
{
	long ret = RAW(socketpair, 8, family, type, protocol, fd);

	made(SOCKET, ret < 0 ? no_socket : kind_of(fd[0]), ret, 0);
	return ret;
}

static long do_bind(int fd, const void *addr, socklen_t len)
{
	long ret = RAW(bind, 2, fd, addr, len, 0);

	made(BIND, kind_of(fd), ret, 0);
	return ret;
}

static long do_listen(int fd, int backlog)
{
	long ret = RAW(listen, 4, fd, backlog, 0, 0);

	made(LISTEN, kind_of(fd), ret, 0);
	return ret;
}

static void accepted(int listener, long ret)
{
	struct kind k = kind_of(ret < 0 ? listener : ret);

	made(ACCEPT, k, ret, 0);
	tried(ACCEPT, k, ret);
}

static long do_accept(int listener, void *addr, socklen_t *len)
{
	long ret = RAW(accept, 5, listener, addr, len, 0);

	accepted(listener, ret);
	return ret;
}

static long do_accept4(int listener, void *addr, socklen_t *len, int flags)
{
	long ret = RAW(accept4, 18, listener, addr, len, flags);

	accepted(listener, ret);
	return ret;
}

/* How an attempt ended; without a socket the address says its family, as in the book. */
static void connected(int fd, const struct sockaddr *addr, long ret)
{
	struct kind k = kind_of(fd);

	if (k.family < 0)
		k.family = addr->sa_family;
	k.unspec = addr && addr->sa_family == AF_UNSPEC;
	tried(CONNECT, k, ret);
}

static long end_of_connect(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	socklen_t len = sizeof(int);
	int err;

	if (must(poll(&p, 1, case_seconds() * 1000)) != 1)
		fail("a connect has no end");
	must(getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len));
	return -err;
}

/* Only the call. */
static long call_connect(int fd, const void *addr, socklen_t len)
{
	long ret = RAW(connect, 3, fd, addr, len, 0);

	made(CONNECT, kind_of(fd), ret, 0);
	return ret;
}

/* And to its end. */
static long do_connect(int fd, const void *addr, socklen_t len)
{
	long ret = call_connect(fd, addr, len);

	connected(fd, addr, ret == -EINPROGRESS ? end_of_connect(fd) : ret);
	return ret;
}

static long sent(int fd, long ret)
{
	ret = result(ret);
	made(SEND, kind_of(fd), ret, ret);
	return ret;
}

static long rcvd(int fd, long ret)
{
	ret = result(ret);
	made(RECV, kind_of(fd), ret, ret);
	return ret;
}

static long peeked(int fd, long ret)
{
	ret = result(ret);
	made(RECV, kind_of(fd), ret, 0);
	return ret;
}

/* ---- sockets to work on ---- */

struct address {
	socklen_t len;
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
		struct sockaddr_storage all;
	};
};

static struct address loopback(int family)
{
	struct address a = { .len = sizeof(a.in) };

	a.sa.sa_family = family;
	if (family == AF_INET6) {
		a.len = sizeof(a.in6);
		a.in6.sin6_addr = in6addr_loopback;
	} else if (family == AF_UNIX) {
		a.len = sizeof(sa_family_t); /* the kernel chooses an abstract name */
	} else {
		a.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	}
	return a;
}

static struct address address_of(int fd)
{
	struct address a = { .len = sizeof(a.all) };

	must(getsockname(fd, &a.sa, &a.len));
	return a;
}

static struct address nobody(void)
{
	struct address a = loopback(AF_INET);

	a.in.sin_port = htons(1);
	return a;
}

static int new_socket(int family, int type, int protocol)
{
	long fd = do_socket(family, type, protocol);

	if (fd == -EPROTONOSUPPORT || fd == -EAFNOSUPPORT || fd == -ENOPROTOOPT)
		skip("no such protocol here");
	if (fd < 0)
		fail("socket: %s", strerror(-fd));
	return fd;
}

static int bound(int family, int type, int protocol)
{
	int fd = new_socket(family, type, protocol);
	struct address a = loopback(family);

	want(0, do_bind(fd, &a.sa, a.len));
	return fd;
}

static int listener(int family, int type, int protocol)
{
	int fd = bound(family, type, protocol);

	want(0, do_listen(fd, 64));
	return fd;
}

/* A client of the listener; its other end waits to be accepted. */
static int client(int of)
{
	struct address a = address_of(of);
	struct kind k = kind_of(of);
	int fd = new_socket(k.family, k.type, k.protocol);

	want(0, do_connect(fd, &a.sa, a.len));
	return fd;
}

static void pair(int family, int type, int protocol, int fd[2])
{
	struct address a;

	if (family == AF_UNIX) {
		want(0, do_socketpair(family, type, protocol, fd));
		return;
	}
	if (type == SOCK_DGRAM) {
		fd[0] = bound(family, type, protocol);
		fd[1] = bound(family, type, protocol);
		for (int i = 0; i < 2; i++) {
			a = address_of(fd[!i]);
			want(0, do_connect(fd[i], &a.sa, a.len));
		}
		return;
	}
	int l = listener(family, type, protocol);

	fd[0] = client(l);
	fd[1] = do_accept(l, NULL, NULL);
	if (fd[1] < 0)
		fail("accept: %s", strerror(-fd[1]));
	close(l);
}

/* ---- another thread, another process ---- */

static void on_tick(int sig)
{
	(void)sig;
}

/* Signals a thread now and then; after so many it does something, and ends. */
struct ticker {
	pthread_t thread, target;
	int ticks; /* 0: until stop */
	void (*then)(int fd);
	int fd;
	bool stop;
};

static void *tick(void *arg)
{
	struct ticker *t = arg;

	for (int i = 0;
	     !__atomic_load_n(&t->stop, __ATOMIC_RELAXED) && (!t->ticks || i < t->ticks); i++) {
		nap(20);
		if (t->target)
			pthread_kill(t->target, SIGUSR1);
	}
	if (t->then)
		t->then(t->fd);
	return NULL;
}

static void ticker_start(struct ticker *t, int flags)
{
	struct sigaction sa = { .sa_handler = on_tick, .sa_flags = flags };

	sigaction(SIGUSR1, &sa, NULL);
	t->target = pthread_self();
	if (pthread_create(&t->thread, NULL, tick, t))
		fail("pthread_create");
}

/* No signals: only something to be done while we wait. */
static void later(struct ticker *t, int ticks, void (*then)(int), int fd)
{
	*t = (struct ticker){ .ticks = ticks, .then = then, .fd = fd };
	if (pthread_create(&t->thread, NULL, tick, t))
		fail("pthread_create");
}

/* What it does is done then. */
static void ticker_end(struct ticker *t)
{
	__atomic_store_n(&t->stop, true, __ATOMIC_RELAXED);
	pthread_join(t->thread, NULL);
}

static void then_connect(int l)
{
	client(l); /* stays open */
}

static void then_send(int fd)
{
	want(SIZE, sent(fd, send(fd, (char[SIZE]){ 0 }, SIZE, 0)));
}

/* A process of its own that waits in what `wait` calls. */
static pid_t waiting(void (*wait)(int fd), int fd)
{
	char path[64], stat[512] = "";
	pid_t pid;

	book->flag = 0;
	pid = must(fork());
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(case_seconds());
		__atomic_store_n(&book->flag, 1, __ATOMIC_SEQ_CST);
		wait(fd);
		_exit(0);
	}
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	for (int i = 0; i < 3000; i++) {
		int f = must(open(path, O_RDONLY));
		ssize_t n = must(read(f, stat, sizeof(stat) - 1));
		const char *state = (stat[n > 0 ? n : 0] = 0, strrchr(stat, ')'));

		close(f);
		if (__atomic_load_n(&book->flag, __ATOMIC_SEQ_CST) && state &&
		    state[2] == 'S') {
			nap(20);
			return pid;
		}
		nap(10);
	}
	fail("a process doesn't wait");
}

static void ends_well(pid_t pid)
{
	int status;

	must(waitpid(pid, &status, 0));
	if (status)
		fail("a process ended with status %x", status);
}

static void stop_and_go(pid_t pid)
{
	int status;

	for (int i = 0; i < 3; i++) {
		must(kill(pid, SIGSTOP));
		must(waitpid(pid, &status, WUNTRACED));
		must(kill(pid, SIGCONT));
		nap(20);
	}
}

static void wait_accept(int l)
{
	if (do_accept(l, NULL, NULL) < 0)
		fail("accept");
}

static void wait_recv(int fd)
{
	char b[SIZE];

	want(SIZE, rcvd(fd, recv(fd, b, SIZE, 0)));
}

static void dies(pid_t pid)
{
	int status;

	must(kill(pid, SIGKILL));
	must(waitpid(pid, &status, 0));
}

/* ---- cases: accept ---- */

static void accept_ok(void)
{
	static const int kinds[][2] = {
		{ AF_INET, 0 }, { AF_INET6, 0 }, { AF_UNIX, 0 }, { AF_INET, IPPROTO_MPTCP }
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		int l = listener(kinds[i][0], SOCK_STREAM, kinds[i][1]);
		struct address a = { .len = sizeof(a.all) };

		for (int j = 0; j < 4; j++)
			client(l);
		if (do_accept(l, &a.sa, &a.len) < 0 || do_accept(l, NULL, NULL) < 0 ||
		    do_accept4(l, NULL, NULL, SOCK_NONBLOCK) < 0)
			fail("accept");
		a.len = 0;
		if (do_accept4(l, &a.sa, &a.len, 0) < 0)
			fail("accept4");
	}
}

/* Who connected is asked for: by the plainest of servers, in both ways. */
static void accept_addr(void)
{
	static const int families[] = { AF_INET, AF_INET6, AF_UNIX };

	for (int i = 0; i < 3; i++) {
		int l = listener(families[i], SOCK_STREAM, 0);
		struct address a;

		for (int j = 0; j < 5; j++) {
			client(l);
			a.len = sizeof(a.all);
			if ((j % 2 ? do_accept4(l, &a.sa, &a.len, 0)
				   : do_accept(l, &a.sa, &a.len)) < 0)
				fail("accept");
		}
	}
}

/* It isn't. */
static void accept_null(void)
{
	int l = listener(AF_INET, SOCK_STREAM, 0);

	for (int i = 0; i < 5; i++) {
		client(l);
		if ((i % 2 ? do_accept4(l, NULL, NULL, 0) : do_accept(l, NULL, NULL)) < 0)
			fail("accept");
	}
}

/* Room for 0 bytes of it: what lies there stays. */
static void accept_stale(void)
{
	int l = listener(AF_INET, SOCK_STREAM, 0);
	struct address a;

	for (int i = 0; i < 3; i++) {
		client(l);
		memset(&a.all, 'Z', sizeof(a.all));
		a.len = 0;
		if (do_accept(l, &a.sa, &a.len) < 0)
			fail("accept");
	}
}

/* An MPTCP listener's plain client: what is accepted is a TCP socket. */
static void accept_fallback(void)
{
	int l = listener(AF_INET, SOCK_STREAM, IPPROTO_MPTCP);
	int fd = new_socket(AF_INET, SOCK_STREAM, 0);
	struct address a = address_of(l);

	want(0, do_connect(fd, &a.sa, a.len));
	if (do_accept(l, NULL, NULL) < 0)
		fail("accept");
}

static void accept_fd0(void)
{
	int l = listener(AF_INET, SOCK_STREAM, 0);
	struct address a;

	for (int i = 0; i < 3; i++) {
		client(l);
		close(0);
		a.len = sizeof(a.all);
		want(0, do_accept(l, &a.sa, &a.len));
	}
}

static void accept_again(void)
{
	int tcp = listener(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	int local = listener(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct pollfd p = { .fd = tcp, .events = POLLIN };

	for (int i = 0; i < 5; i++)
		want(-EAGAIN, do_accept(tcp, NULL, NULL));
	want(-EAGAIN, do_accept4(local, NULL, NULL, 0));
	client(tcp);
	must(poll(&p, 1, -1)); /* a handshake may end a little later than connect(2) */
	if (do_accept(tcp, NULL, NULL) < 0)
		fail("accept");
}

static void accept_fails(void)
{
	struct rlimit limit, old;
	int pipes[2], l = listener(AF_INET, SOCK_STREAM, 0);

	want(-EBADF, do_accept(-1, NULL, NULL));
	want(-EBADF, do_accept4(9999, NULL, NULL, 0));
	must(pipe(pipes));
	want(-ENOTSOCK, do_accept(pipes[0], NULL, NULL));
	want(-EINVAL, do_accept(bound(AF_INET, SOCK_STREAM, 0), NULL, NULL));
	want(-EOPNOTSUPP, do_accept(bound(AF_INET, SOCK_DGRAM, 0), NULL, NULL));
	want(-EINVAL, do_accept4(l, NULL, NULL, 0x40000000));
	client(l);
	client(l);
	want(-EFAULT, do_accept(l, (void *)1, (socklen_t *)1));
	must(getrlimit(RLIMIT_NOFILE, &old));
	limit = old;
	limit.rlim_cur = l; /* descriptors below are all in use */
	must(setrlimit(RLIMIT_NOFILE, &limit));
	want(-EMFILE, do_accept(l, NULL, NULL));
	want(-EMFILE, do_accept4(l, NULL, NULL, 0));
	must(setrlimit(RLIMIT_NOFILE, &old));
	if (do_accept(l, NULL, NULL) < 0)
		fail("accept");
}

static void accept_eintr(void)
{
	int l = listener(AF_INET, SOCK_STREAM, 0);
	struct ticker t = { 0 };

	ticker_start(&t, 0);
	want(-EINTR, do_accept(l, NULL, NULL));
	want(-EINTR, do_accept4(l, NULL, NULL, 0));
	ticker_end(&t);
}

static void accept_restart(void)
{
	int l = listener(AF_INET, SOCK_STREAM, 0);
	struct ticker t = { .ticks = 10, .then = then_connect, .fd = l };

	ticker_start(&t, SA_RESTART);
	if (do_accept(l, NULL, NULL) < 0)
		fail("accept");
	ticker_end(&t);
}

static void accept_stop(void)
{
	int l = listener(AF_INET, SOCK_STREAM, 0);
	pid_t pid = waiting(wait_accept, l);

	stop_and_go(pid);
	client(l);
	ends_well(pid);
}

static void accept_killed(void)
{
	dies(waiting(wait_accept, listener(AF_INET, SOCK_STREAM, 0)));
}

/* What a dead thread was in is not its successor's of the same number. */
static void accept_reuse(void)
{
	pid_t dead = waiting(wait_accept, listener(AF_INET, SOCK_STREAM, 0));
	struct clone_args args = {
		.exit_signal = SIGCHLD,
		.set_tid = (uintptr_t)&dead,
		.set_tid_size = 1,
	};
	struct sigaction sa = { .sa_handler = on_tick };
	long pid;

	dies(dead);
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid < 0)
		skip("can't choose a process id");
	if (!pid) {
		sigaction(SIGUSR1, &sa, NULL);
		raise(SIGUSR1);
		_exit(0);
	}
	ends_well(pid);
}

struct crowd {
	pthread_t thread;
	int l;
};

static void *one_of_crowd(void *arg)
{
	struct crowd *c = arg;

	prctl(PR_SET_NAME, "renamed");
	for (int i = 0; i < 50; i++) {
		int fd = client(c->l);
		long ret = do_accept4(c->l, NULL, NULL, 0);

		if (ret < 0)
			fail("accept4");
		/* whoever accepted it may have closed it already */
		sent(fd, send(fd, (char[SIZE]){ 0 }, SIZE, MSG_NOSIGNAL));
		close(ret);
		close(fd);
	}
	return NULL;
}

/* Renamed threads: the process keeps its name. */
static void threads(void)
{
	struct crowd crowd[8];
	int l = listener(AF_UNIX, SOCK_STREAM, 0);

	for (int i = 0; i < 8; i++) {
		crowd[i].l = l;
		if (pthread_create(&crowd[i].thread, NULL, one_of_crowd, &crowd[i]))
			fail("pthread_create");
	}
	for (int i = 0; i < 8; i++)
		pthread_join(crowd[i].thread, NULL);
}

/* ---- cases: socket, bind, listen, connect ---- */

static void sockets(void)
{
	struct rlimit limit, old;
	int fd[2];

	for (int i = 0; i < 3; i++) {
		want(0, do_socketpair(AF_UNIX, SOCK_STREAM, 0, fd));
		close(fd[0]);
		close(fd[1]);
		close(new_socket(AF_INET, SOCK_STREAM, 0));
		close(new_socket(AF_INET6, SOCK_DGRAM, IPPROTO_UDP));
		close(new_socket(AF_UNIX, SOCK_SEQPACKET, 0));
	}
	want(0, do_socketpair(AF_UNIX, SOCK_DGRAM, 0, fd));
	want(-EPROTONOSUPPORT, do_socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
	want(-EAFNOSUPPORT, do_socket(63, SOCK_STREAM, 0));
	want(-EINVAL, do_socket(AF_INET, 77, 0));
	want(-EOPNOTSUPP, do_socketpair(AF_INET, SOCK_STREAM, 0, fd));
	want(-EFAULT, do_socketpair(AF_UNIX, SOCK_STREAM, 0, (void *)1));
	must(getrlimit(RLIMIT_NOFILE, &old));
	limit = old;
	limit.rlim_cur = 3;
	must(setrlimit(RLIMIT_NOFILE, &limit));
	want(-EMFILE, do_socket(AF_INET, SOCK_STREAM, 0));
	must(setrlimit(RLIMIT_NOFILE, &old));
}

static void binds(void)
{
	int fd = bound(AF_INET, SOCK_STREAM, 0), other = new_socket(AF_INET, SOCK_STREAM, 0);
	struct address a = address_of(fd);

	want(-EADDRINUSE, do_bind(other, &a.sa, a.len));
	want(-EINVAL, do_bind(fd, &a.sa, a.len));
	want(-EINVAL, do_bind(other, &a.sa, 3));
	want(-EFAULT, do_bind(other, (void *)1, sizeof(a.in)));
	want(-EBADF, do_bind(9999, &a.sa, a.len));
	bound(AF_INET6, SOCK_DGRAM, 0);
	bound(AF_UNIX, SOCK_STREAM, 0);
}

static void listens(void)
{
	int pipes[2];

	listener(AF_INET, SOCK_STREAM, 0);
	listener(AF_INET6, SOCK_STREAM, 0);
	want(0, do_listen(listener(AF_UNIX, SOCK_STREAM, 0), 5));
	want(-EOPNOTSUPP, do_listen(bound(AF_INET, SOCK_DGRAM, 0), 5));
	want(-EINVAL, do_listen(new_socket(AF_UNIX, SOCK_STREAM, 0), 5));
	want(-EBADF, do_listen(9999, 5));
	must(pipe(pipes));
	want(-ENOTSOCK, do_listen(pipes[0], 5));
}

static void connects(void)
{
	struct address a = nobody(), gone;
	int pipes[2], l = listener(AF_INET, SOCK_STREAM, 0), fd, full;

	client(l);
	client(listener(AF_INET6, SOCK_STREAM, 0));
	client(listener(AF_UNIX, SOCK_STREAM, 0));
	client(bound(AF_UNIX, SOCK_DGRAM, 0));
	client(bound(AF_INET, SOCK_DGRAM, 0));
	client(bound(AF_INET6, SOCK_DGRAM, 0));
	want(-ECONNREFUSED, do_connect(new_socket(AF_INET, SOCK_STREAM, 0), &a.sa, a.len));
	want(-EBADF, do_connect(9999, &a.sa, a.len));
	must(pipe(pipes));
	want(-ENOTSOCK, do_connect(pipes[0], &a.sa, a.len));
	want(-EFAULT, ({
		long ret = call_connect(fd = new_socket(AF_INET, SOCK_STREAM, 0), (void *)1,
					sizeof(a.in));
		connected(fd, NULL, ret);
		ret;
	}));
	gone = address_of(fd = bound(AF_UNIX, SOCK_STREAM, 0));
	want(-ECONNREFUSED,
	     do_connect(new_socket(AF_UNIX, SOCK_STREAM, 0), &gone.sa, gone.len));
	fd = client(l);
	a = address_of(l);
	want(-EISCONN, do_connect(fd, &a.sa, a.len));
	/* a full backlog: would block */
	full = bound(AF_UNIX, SOCK_STREAM, 0);
	want(0, do_listen(full, 0));
	client(full);
	a = address_of(full);
	want(-EAGAIN,
	     do_connect(new_socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), &a.sa, a.len));
}

/* On sockets that say the same family as the address does. */
static void connects_failed(void)
{
	struct address a = nobody();

	for (int i = 0; i < 3; i++)
		want(-ECONNREFUSED,
		     do_connect(new_socket(AF_INET, SOCK_STREAM, 0), &a.sa, a.len));
	client(listener(AF_INET, SOCK_STREAM, 0));
}

static void connects_async(void)
{
	int l = listener(AF_INET, SOCK_STREAM, 0);
	struct address a = address_of(l), none = nobody();

	for (int i = 0; i < 3; i++)
		want(-EINPROGRESS,
		     do_connect(new_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), &a.sa,
				a.len));
	want(-EINPROGRESS, do_connect(new_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0),
				      &none.sa, none.len));
}

/* The kernel tells nothing of these but the caller's address. */
static void connects_unspec(void)
{
	struct sockaddr none = { .sa_family = AF_UNSPEC };
	int types[] = { SOCK_DGRAM, SOCK_STREAM }, families[] = { AF_INET, AF_INET6 };

	for (int i = 0; i < 4; i++) {
		int l = bound(families[i / 2], types[i % 2], 0);
		struct address a = address_of(l);
		int fd = new_socket(families[i / 2], types[i % 2], 0);

		if (types[i % 2] == SOCK_STREAM)
			want(0, do_listen(l, 1));
		want(0, do_connect(fd, &none, sizeof(none)));
		want(0, do_connect(fd, &a.sa, a.len));
		want(0, do_connect(fd, &none, sizeof(none)));
		want(0, do_connect(fd, &a.sa, a.len));
	}
}

static void connects_mptcp(void)
{
	int l = listener(AF_INET, SOCK_STREAM, IPPROTO_MPTCP);
	struct address none = nobody();

	client(l);
	want(-ECONNREFUSED,
	     do_connect(new_socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP), &none.sa, none.len));
}

/* ---- cases: messages ---- */

static void all_sends(int fd)
{
	char b[SIZE] = { 0 };
	struct iovec iov = { b, SIZE };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct mmsghdr msgs[3] = { { .msg_hdr = msg }, { .msg_hdr = msg }, { .msg_hdr = msg } };

	want(SIZE, sent(fd, send(fd, b, SIZE, 0)));
	want(SIZE, sent(fd, sendto(fd, b, SIZE, 0, NULL, 0)));
	want(SIZE, sent(fd, sendmsg(fd, &msg, 0)));
	want(SIZE, sent(fd, write(fd, b, SIZE)));
	want(SIZE, sent(fd, writev(fd, &iov, 1)));
	want(3, sendmmsg(fd, msgs, 3, 0));
	for (int i = 0; i < 3; i++)
		want(SIZE, sent(fd, msgs[i].msg_len));
}

/* Of what all_sends sent; a stream may come in smaller pieces. */
static void all_receives(int fd)
{
	char b[SIZE];
	struct iovec iov = { b, SIZE };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct mmsghdr msgs[3] = { { .msg_hdr = msg }, { .msg_hdr = msg }, { .msg_hdr = msg } };

	want(SIZE, rcvd(fd, recv(fd, b, SIZE, MSG_WAITALL)));
	want(SIZE, rcvd(fd, recvfrom(fd, b, SIZE, MSG_WAITALL, NULL, NULL)));
	want(SIZE, rcvd(fd, recvmsg(fd, &msg, MSG_WAITALL)));
	want(3, recvmmsg(fd, msgs, 3, MSG_WAITALL, NULL));
	for (int i = 0; i < 3; i++)
		want(SIZE, rcvd(fd, msgs[i].msg_len));
	for (long got = 0, n; got < SIZE; got += n) {
		n = rcvd(fd, read(fd, b, SIZE - got));
		if (n <= 0)
			fail("read: %ld", n);
	}
	for (long got = 0, n; got < SIZE; got += n) {
		iov.iov_len = SIZE - got;
		n = rcvd(fd, readv(fd, &iov, 1));
		if (n <= 0)
			fail("readv: %ld", n);
	}
}

static void msgs_of(int family, int type, int protocol)
{
	int fd[2];

	pair(family, type, protocol, fd);
	for (int i = 0; i < 3; i++) {
		all_sends(fd[0]);
		all_receives(fd[1]);
	}
	all_sends(fd[1]);
	all_receives(fd[0]);
}

static void msgs_unix(void)
{
	msgs_of(AF_UNIX, SOCK_STREAM, 0);
	msgs_of(AF_UNIX, SOCK_DGRAM, 0);
	msgs_of(AF_UNIX, SOCK_SEQPACKET, 0);
}

static void msgs_tcp(void)
{
	msgs_of(AF_INET, SOCK_STREAM, 0);
	msgs_of(AF_INET6, SOCK_STREAM, 0);
}

static void msgs_udp(void)
{
	int from = new_socket(AF_INET, SOCK_DGRAM, 0), to = bound(AF_INET, SOCK_DGRAM, 0);
	struct address a = address_of(to);
	char b[SIZE] = { 0 };

	msgs_of(AF_INET, SOCK_DGRAM, 0);
	msgs_of(AF_INET6, SOCK_DGRAM, 0);
	/* with an address; without one */
	want(SIZE, sent(from, sendto(from, b, SIZE, 0, &a.sa, a.len)));
	want(10, rcvd(to, recv(to, b, 10, 0))); /* the rest is cut off */
	want(-EDESTADDRREQ, sent(from, send(from, b, SIZE, 0)));
}

static void msgs_mptcp(void)
{
	msgs_of(AF_INET, SOCK_STREAM, IPPROTO_MPTCP);
}

/* sendfile, splice, AIO */
static void send_files(void)
{
	int fd[2], file = must(memfd_create("operations", 0)), pipes[2];
	static char b[65536];
	struct iocb cb = { 0 }, *list = &cb;
	struct io_event event;
	aio_context_t aio = 0;

	pair(AF_INET, SOCK_STREAM, 0, fd);
	want((long)sizeof(b), write(file, b, sizeof(b)));
	for (int i = 0; i < 3; i++) {
		lseek(file, 0, SEEK_SET);
		want((long)sizeof(b), sent(fd[0], sendfile(fd[0], file, NULL, sizeof(b))));
		want((long)sizeof(b), rcvd(fd[1], recv(fd[1], b, sizeof(b), MSG_WAITALL)));
	}

	must(pipe(pipes));
	want(1000, write(pipes[1], b, 1000));
	want(1000, sent(fd[0], splice(pipes[0], NULL, fd[0], NULL, 1000, 0)));
	want(1000, rcvd(fd[1], recv(fd[1], b, 1000, MSG_WAITALL)));

	must(syscall(SYS_io_setup, 4, &aio));
	cb.aio_fildes = fd[0];
	cb.aio_lio_opcode = IOCB_CMD_PWRITE;
	cb.aio_buf = (uintptr_t)b;
	cb.aio_nbytes = SIZE;
	want(1, syscall(SYS_io_submit, aio, 1, &list));
	want(1, syscall(SYS_io_getevents, aio, 1, 1, &event, NULL));
	want(SIZE, sent(fd[0], event.res));
	want(SIZE, peeked(fd[1], recv(fd[1], b, SIZE, MSG_PEEK | MSG_WAITALL)));
	cb.aio_fildes = fd[1];
	cb.aio_lio_opcode = IOCB_CMD_PREAD;
	want(1, syscall(SYS_io_submit, aio, 1, &list));
	want(1, syscall(SYS_io_getevents, aio, 1, 1, &event, NULL));
	want(SIZE, rcvd(fd[1], event.res));
	syscall(SYS_io_destroy, aio);
}

static void peeks(void)
{
	int fd[2];
	char b[SIZE] = { 0 };

	pair(AF_INET, SOCK_DGRAM, 0, fd);
	want(SIZE, sent(fd[0], send(fd[0], b, SIZE, 0)));
	want(SIZE, peeked(fd[1], recv(fd[1], b, SIZE, MSG_PEEK)));
	want(SIZE, peeked(fd[1], recv(fd[1], b, SIZE, MSG_PEEK)));
	want(SIZE, rcvd(fd[1], recv(fd[1], b, SIZE, 0)));
	want(-EAGAIN, peeked(fd[1], recv(fd[1], b, SIZE, MSG_PEEK | MSG_DONTWAIT)));
}

static void would_block(int family, int type, int protocol)
{
	struct timeval soon = { 0, 20000 };
	int fd[2];
	char b[4096] = { 0 };
	long ret;

	pair(family, type, protocol, fd);
	want(-EAGAIN, rcvd(fd[0], recv(fd[0], b, SIZE, MSG_DONTWAIT)));
	must(setsockopt(fd[0], SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon)));
	want(-EAGAIN, rcvd(fd[0], recv(fd[0], b, SIZE, 0)));
	must(fcntl(fd[0], F_SETFL, O_NONBLOCK));
	want(-EAGAIN, rcvd(fd[0], read(fd[0], b, SIZE)));
	if (type != SOCK_STREAM)
		return;
	do
		ret = sent(fd[0], send(fd[0], b, sizeof(b), 0));
	while (ret > 0);
	want(-EAGAIN, ret);
	/* the kernel may have made room meanwhile */
	do
		ret = sent(fd[0], write(fd[0], b, sizeof(b)));
	while (ret > 0);
	want(-EAGAIN, ret);
}

static void agains(void)
{
	would_block(AF_UNIX, SOCK_STREAM, 0);
	would_block(AF_INET, SOCK_STREAM, 0);
	would_block(AF_INET, SOCK_DGRAM, 0);
}

static void ends(void)
{
	int fd[2], silent = new_socket(AF_INET, SOCK_DGRAM, 0);
	struct address none = nobody();
	char b[SIZE] = { 0 };

	/* EPIPE */
	pair(AF_UNIX, SOCK_STREAM, 0, fd);
	close(fd[1]);
	want(-EPIPE, sent(fd[0], send(fd[0], b, SIZE, MSG_NOSIGNAL)));
	pair(AF_INET, SOCK_STREAM, 0, fd);
	must(shutdown(fd[0], SHUT_WR));
	want(-EPIPE, sent(fd[0], send(fd[0], b, SIZE, MSG_NOSIGNAL)));
	/* end of file */
	want(0, rcvd(fd[1], recv(fd[1], b, SIZE, 0)));
	want(0, rcvd(fd[1], read(fd[1], b, SIZE)));
	/* ECONNRESET */
	pair(AF_INET, SOCK_STREAM, 0, fd);
	want(SIZE, sent(fd[0], send(fd[0], b, SIZE, 0)));
	want(SIZE, peeked(fd[1], recv(fd[1], b, SIZE, MSG_PEEK | MSG_WAITALL)));
	close(fd[1]);
	want(-ECONNRESET, rcvd(fd[0], recv(fd[0], b, SIZE, 0)));
	/* ENOTCONN */
	fd[0] = new_socket(AF_INET, SOCK_STREAM, 0);
	want(-ENOTCONN, rcvd(fd[0], recv(fd[0], b, SIZE, 0)));
	/* ICMP port unreachable */
	want(0, do_connect(silent, &none.sa, none.len));
	want(SIZE, sent(silent, send(silent, b, SIZE, 0)));
	want(-ECONNREFUSED, rcvd(silent, recv(silent, b, SIZE, 0)));
}

static void empty(void)
{
	int fd[2];
	char b[SIZE] = { 0 };

	pair(AF_INET, SOCK_DGRAM, 0, fd);
	want(0, sent(fd[0], send(fd[0], b, 0, 0)));
	want(0, rcvd(fd[1], recv(fd[1], b, SIZE, 0)));
	pair(AF_INET, SOCK_STREAM, 0, fd);
	want(0, sent(fd[0], send(fd[0], b, 0, 0)));
	want(SIZE, sent(fd[0], send(fd[0], b, SIZE, 0)));
	want(SIZE, peeked(fd[1], recv(fd[1], b, SIZE, MSG_PEEK | MSG_WAITALL)));
	want(0, rcvd(fd[1], recv(fd[1], b, 0, 0)));
}

static void recv_late(void)
{
	struct ticker t;
	int fd[2];

	pair(AF_INET, SOCK_STREAM, 0, fd);
	later(&t, 10, then_send, fd[0]);
	wait_recv(fd[1]);
	ticker_end(&t);
}

static void recv_eintr(void)
{
	struct ticker t = { 0 };
	int fd[2];
	char b[SIZE];

	pair(AF_INET, SOCK_STREAM, 0, fd);
	ticker_start(&t, 0);
	want(-EINTR, rcvd(fd[1], recv(fd[1], b, SIZE, 0)));
	ticker_end(&t);
}

static void recv_restart(void)
{
	int fd[2];
	char b[SIZE];

	pair(AF_INET, SOCK_STREAM, 0, fd);

	struct ticker t = { .ticks = 10, .then = then_send, .fd = fd[0] };

	ticker_start(&t, SA_RESTART);
	want(SIZE, rcvd(fd[1], recv(fd[1], b, SIZE, 0)));
	ticker_end(&t);
}

static void recv_stop(void)
{
	int fd[2];
	pid_t pid;

	pair(AF_INET, SOCK_STREAM, 0, fd);
	pid = waiting(wait_recv, fd[1]);
	stop_and_go(pid);
	then_send(fd[0]);
	ends_well(pid);
}

static void recv_killed(void)
{
	int fd[2];

	pair(AF_INET, SOCK_STREAM, 0, fd);
	dies(waiting(wait_recv, fd[1]));
}

/* Fewer messages than asked for: the last try of recvmmsg isn't a message. */
static void recvmmsg_short(void)
{
	int fd[2];
	char b[SIZE] = { 0 };
	struct iovec iov = { b, SIZE };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct mmsghdr msgs[3] = { { .msg_hdr = msg }, { .msg_hdr = msg }, { .msg_hdr = msg } };

	pair(AF_UNIX, SOCK_DGRAM, 0, fd);
	for (int i = 0; i < 2; i++)
		want(SIZE, sent(fd[0], send(fd[0], b, SIZE, 0)));
	want(2, recvmmsg(fd[1], msgs, 3, MSG_DONTWAIT, NULL));
	for (int i = 0; i < 2; i++)
		want(SIZE, rcvd(fd[1], msgs[i].msg_len));
}

/* ---- cases: io_uring ---- */

#ifndef TRAFFIC32
static struct io_uring ring;

static void ring_up(unsigned flags)
{
	int ret = io_uring_queue_init(64, &ring, flags);

	if (ret)
		skip("no io_uring here");
}

static struct io_uring_sqe *sqe(void)
{
	struct io_uring_sqe *s = io_uring_get_sqe(&ring);

	if (!s)
		fail("no room in the ring");
	return s;
}

static void submit(void)
{
	if (io_uring_submit(&ring) < 0)
		fail("io_uring_submit");
}

struct completion {
	int res;
	unsigned flags;
};

static struct completion next_cqe(void)
{
	struct completion copy;
	struct io_uring_cqe *c;
	int ret;

	do
		ret = io_uring_wait_cqe(&ring, &c);
	while (ret == -EINTR);
	if (ret)
		fail("io_uring_wait_cqe: %s", strerror(-ret));
	copy = (struct completion){ c->res, c->flags };
	io_uring_cqe_seen(&ring, c);
	return copy;
}

static long done(void)
{
	submit();
	return next_cqe().res;
}

/* io_uring has results where the C library has errno. */
static long ring_sent(int fd, long res)
{
	made(SEND, kind_of(fd), res, res);
	return res;
}

static long ring_rcvd(int fd, long res)
{
	made(RECV, kind_of(fd), res, res);
	return res;
}

static bool supported(int opcode)
{
	struct io_uring_probe *p = io_uring_get_probe();
	bool yes = p && io_uring_opcode_supported(p, opcode);

	io_uring_free_probe(p);
	return yes;
}

static void ring_msgs(int fd[2], unsigned flags)
{
	static char b[SIZE];
	struct iovec iov = { b, SIZE };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct io_uring_sqe *s;
	int sends = 4;

	io_uring_prep_send(s = sqe(), fd[0], b, SIZE, 0);
	io_uring_sqe_set_flags(s, flags);
	want(SIZE, ring_sent(fd[0], done()));
	io_uring_prep_sendmsg(s = sqe(), fd[0], &msg, 0);
	io_uring_sqe_set_flags(s, flags);
	want(SIZE, ring_sent(fd[0], done()));
	io_uring_prep_write(s = sqe(), fd[0], b, SIZE, 0);
	io_uring_sqe_set_flags(s, flags);
	want(SIZE, ring_sent(fd[0], done()));
	io_uring_prep_writev(s = sqe(), fd[0], &iov, 1, 0);
	io_uring_sqe_set_flags(s, flags);
	want(SIZE, ring_sent(fd[0], done()));
	if (kind_of(fd[0]).family == AF_INET && supported(IORING_OP_SEND_ZC)) {
		io_uring_prep_send_zc(s = sqe(), fd[0], b, SIZE, 0, 0);
		io_uring_sqe_set_flags(s, flags);
		submit();

		struct completion c = next_cqe();

		want(SIZE, ring_sent(fd[0], c.res));
		if (c.flags & IORING_CQE_F_MORE)
			next_cqe(); /* the buffer is free again: no message */
		sends++;
	}
	for (int i = 0; i < sends; i++) {
		static char in[SIZE];

		switch (i) {
		case 0:
		case 4:
			io_uring_prep_recv(s = sqe(), fd[1], in, SIZE, 0);
			break;
		case 1:
			io_uring_prep_recvmsg(s = sqe(), fd[1], &msg, 0);
			break;
		case 2:
			io_uring_prep_read(s = sqe(), fd[1], in, SIZE, 0);
			break;
		case 3:
			io_uring_prep_readv(s = sqe(), fd[1], &iov, 1, 0);
			break;
		}
		io_uring_sqe_set_flags(s, flags);
		want(SIZE, ring_rcvd(fd[1], done()));
	}
}

static void uring_msgs(void)
{
	int udp[2], local[2];

	ring_up(0);
	/* messages, so that none comes in pieces */
	pair(AF_INET, SOCK_DGRAM, 0, udp);
	pair(AF_UNIX, SOCK_SEQPACKET, 0, local);
	ring_msgs(udp, 0);
	ring_msgs(local, 0);
}

/* Done by io_uring's own threads. */
static void uring_async(void)
{
	int udp[2];

	ring_up(0);
	pair(AF_INET, SOCK_DGRAM, 0, udp);
	ring_msgs(udp, IOSQE_ASYNC);
}

static void uring_sqpoll(void)
{
	int udp[2], l;

	ring_up(IORING_SETUP_SQPOLL);
	pair(AF_INET, SOCK_DGRAM, 0, udp);
	ring_msgs(udp, 0);
	l = listener(AF_INET, SOCK_STREAM, 0);
	client(l);
	io_uring_prep_accept(sqe(), l, NULL, NULL, 0);

	long ret = done();

	accepted(l, ret);
	if (ret < 0)
		fail("accept: %ld", ret);
}

/* First a try of io_uring's own that would block; only then the message comes. */
static void uring_wait(void)
{
	static char b[SIZE];
	struct iovec iov = { b, SIZE };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct ticker t, end;
	int fd[2], other[2];

	ring_up(0);
	pair(AF_INET, SOCK_DGRAM, 0, fd);
	for (int i = 0; i < 3; i++) {
		switch (i) {
		case 0:
			io_uring_prep_recv(sqe(), fd[1], b, SIZE, 0);
			break;
		case 1:
			io_uring_prep_recvmsg(sqe(), fd[1], &msg, 0);
			break;
		case 2:
			io_uring_prep_read(sqe(), fd[1], b, SIZE, 0);
			break;
		}
		submit();
		nap(5);
		then_send(fd[0]); /* it runs on the way out of this call */
		want(SIZE, ring_rcvd(fd[1], next_cqe().res));
	}
	/* while this thread waits in another receive, which is interrupted by it and goes on */
	pair(AF_INET, SOCK_DGRAM, 0, other);
	io_uring_prep_recv(sqe(), fd[1], b, SIZE, 0);
	submit();
	later(&t, 5, then_send, fd[0]);
	later(&end, 20, then_send, other[0]);
	wait_recv(other[1]);
	want(SIZE, ring_rcvd(fd[1], next_cqe().res));
	ticker_end(&t);
	ticker_end(&end);
	/* a would-be receive of the program's own, in a thread that has a ring */
	for (int i = 0; i < 4; i++)
		want(-EAGAIN, rcvd(fd[1], recv(fd[1], b, SIZE, MSG_DONTWAIT)));
}

/* The program asked not to wait, and was told EAGAIN. */
static void uring_dontwait(void)
{
	static char b[SIZE];
	int fd[2];

	ring_up(0);
	pair(AF_INET, SOCK_DGRAM, 0, fd);
	for (int i = 0; i < 3; i++) {
		io_uring_prep_recv(sqe(), fd[1], b, SIZE, MSG_DONTWAIT);
		want(-EAGAIN, ring_rcvd(fd[1], done()));
	}
}

static void uring_fails(void)
{
	static char b[SIZE];
	int fd[2];

	ring_up(0);
	pair(AF_UNIX, SOCK_STREAM, 0, fd);
	close(fd[1]);
	io_uring_prep_send(sqe(), fd[0], b, SIZE, MSG_NOSIGNAL);
	want(-EPIPE, ring_sent(fd[0], done()));
	io_uring_prep_recv(sqe(), fd[0], b, SIZE, 0);
	want(0, ring_rcvd(fd[0], done()));
	io_uring_prep_accept(sqe(), fd[0], NULL, NULL, 0);

	long ret = done();

	accepted(fd[0], ret);
	want(-EINVAL, ret);
}

static void uring_multi_recv(void)
{
	static char room[16][64], b[64];
	struct io_uring_sqe *s;
	int fd[2];

	ring_up(0);
	if (!supported(IORING_OP_SEND_ZC)) /* of the same version */
		skip("no multishot receives before 6.0");
	pair(AF_INET, SOCK_STREAM, 0, fd);
	io_uring_prep_provide_buffers(sqe(), room, 64, 16, 1, 0);
	if (done() < 0)
		skip("no buffers");
	s = sqe();
	io_uring_prep_recv_multishot(s, fd[1], NULL, 0, 0);
	s->flags |= IOSQE_BUFFER_SELECT;
	s->buf_group = 1;
	submit();
	for (int i = 1; i <= 5; i++) {
		want(i * 10, sent(fd[0], send(fd[0], b, i * 10, 0)));
		want(i * 10, ring_rcvd(fd[1], next_cqe().res));
	}
	must(shutdown(fd[0], SHUT_WR));
	want(0, ring_rcvd(fd[1], next_cqe().res));
}

static void uring_accepts(void)
{
	int l = listener(AF_INET, SOCK_STREAM, 0), local = listener(AF_UNIX, SOCK_STREAM, 0);
	struct address a = { .len = sizeof(a.all) };
	long ret;

	ring_up(0);
	/* one is there already */
	client(l);
	io_uring_prep_accept(sqe(), l, &a.sa, &a.len, 0);
	ret = done();
	accepted(l, ret);
	/* one comes later */
	io_uring_prep_accept(sqe(), l, NULL, NULL, 0);
	submit();
	client(l);
	ret = next_cqe().res;
	accepted(l, ret);
	io_uring_prep_accept(sqe(), local, NULL, NULL, 0);
	submit();
	client(local);
	ret = next_cqe().res;
	accepted(local, ret);
	/* descriptor 0 */
	close(0);
	client(l); /* its own descriptor is 0 */
	close(must(dup(0)));
	must(dup2(0, 50));
	close(0);
	io_uring_prep_accept(sqe(), l, NULL, NULL, 0);
	ret = done();
	accepted(l, ret);
	want(0, ret);
	/* no listener */
	l = bound(AF_INET, SOCK_STREAM, 0);
	io_uring_prep_accept(sqe(), l, NULL, NULL, 0);
	ret = done();
	accepted(l, ret);
	want(-EINVAL, ret);
}

static void uring_bad(void)
{
	long ret;

	ring_up(0);
	if (!supported(IORING_OP_SOCKET))
		skip("before 5.19 io_uring tells of no request without a file");
	io_uring_prep_accept(sqe(), 9999, NULL, NULL, 0);
	ret = done();
	accepted(9999, ret);
	want(-EBADF, ret);
}

static void multi_accept(unsigned index)
{
	int l = listener(AF_INET, SOCK_STREAM, 0);
	struct kind k = kind_of(l);
	struct io_uring_sqe *s;
	long ret;

	ring_up(0);
	if (!supported(IORING_OP_SOCKET)) /* of the same version */
		skip("no multishot accepts before 5.19");
	if (index && io_uring_register_files_sparse(&ring, 16))
		skip("no direct descriptors");
	s = sqe();
	if (index)
		io_uring_prep_multishot_accept_direct(s, l, NULL, NULL, 0);
	else
		io_uring_prep_multishot_accept(s, l, NULL, NULL, 0);
	submit();
	for (int i = 0; i < 5; i++) {
		client(l);
		ret = next_cqe().res;
		if (ret < 0)
			fail("accept: %ld", ret);
		made(ACCEPT, k, ret, 0);
		tried(ACCEPT, k, ret);
	}
	must(shutdown(l, SHUT_RDWR));
	ret = next_cqe().res;
	accepted(l, ret);
	want(-EINVAL, ret);
}

static void uring_multi(void)
{
	multi_accept(0);
}

static void uring_multi_dir(void)
{
	multi_accept(1);
}

static void uring_direct(void)
{
	int l = listener(AF_INET, SOCK_STREAM, 0);
	struct kind k = kind_of(l);

	ring_up(0);
	if (io_uring_register_files_sparse(&ring, 16))
		skip("no direct descriptors");
	for (int i = 0; i < 5; i++) {
		client(l);
		io_uring_prep_accept_direct(sqe(), l, NULL, NULL, 0, i);
		want(0, done());
		made(ACCEPT, k, 0, 0);
		tried(ACCEPT, k, 0);
	}
	for (int i = 5; i < 8; i++) {
		io_uring_prep_socket_direct(sqe(), AF_INET, SOCK_STREAM, 0, i, 0);
		want(0, done());
		made(SOCKET, no_socket, 0, 0); /* it has no descriptor to ask */
	}
}

static void uring_socket(void)
{
	long fd, ret;

	ring_up(0);
	if (!supported(IORING_OP_SOCKET))
		skip("no IORING_OP_SOCKET");
	for (int i = 0; i < 3; i++) {
		io_uring_prep_socket(sqe(), AF_INET6, SOCK_STREAM, 0, 0);
		fd = done();
		if (fd < 0)
			fail("socket: %ld", fd);
		made(SOCKET, kind_of(fd), fd, 0);
	}
	io_uring_prep_socket(sqe(), 63, SOCK_STREAM, 0, 0);
	ret = done();
	made(SOCKET, no_socket, ret, 0);
	want(-EAFNOSUPPORT, ret);
}

static void uring_bind(void)
{
	enum { BIND_OP = 56, LISTEN_OP = 57 }; /* the header may be older than the kernel */
	int fd = new_socket(AF_INET, SOCK_STREAM, 0);
	struct address a = loopback(AF_INET);
	long ret;

	ring_up(0);
	if (!supported(BIND_OP) || !supported(LISTEN_OP))
		skip("no IORING_OP_BIND");
	io_uring_prep_rw(BIND_OP, sqe(), fd, &a.sa, 0, a.len);
	ret = done();
	made(BIND, kind_of(fd), ret, 0);
	want(0, ret);
	io_uring_prep_rw(LISTEN_OP, sqe(), fd, NULL, 16, 0);
	ret = done();
	made(LISTEN, kind_of(fd), ret, 0);
	want(0, ret);
	client(fd);
	io_uring_prep_rw(BIND_OP, sqe(), fd, &a.sa, 0, a.len);
	ret = done();
	made(BIND, kind_of(fd), ret, 0);
	want(-EINVAL, ret);
	fd = bound(AF_INET, SOCK_DGRAM, 0);
	io_uring_prep_rw(LISTEN_OP, sqe(), fd, NULL, 16, 0);
	ret = done();
	made(LISTEN, kind_of(fd), ret, 0);
	want(-EOPNOTSUPP, ret);
}

static long ring_connect(int fd, const struct address *a)
{
	long ret;

	io_uring_prep_connect(sqe(), fd, &a->sa, a->len);
	ret = done();
	made(CONNECT, kind_of(fd), ret, 0);
	connected(fd, &a->sa, ret);
	return ret;
}

static void uring_connects(void)
{
	int l = listener(AF_INET, SOCK_STREAM, 0);
	struct address a = address_of(l), none = nobody();
	struct address local = address_of(listener(AF_UNIX, SOCK_STREAM, 0));

	ring_up(0);
	for (int i = 0; i < 3; i++)
		want(0, ring_connect(new_socket(AF_INET, SOCK_STREAM, 0), &a));
	want(0, ring_connect(new_socket(AF_INET, SOCK_DGRAM, 0), &a));
	want(0, ring_connect(new_socket(AF_UNIX, SOCK_STREAM, 0), &local));
	want(-ECONNREFUSED, ring_connect(new_socket(AF_INET, SOCK_STREAM, 0), &none));
}

/* A ring that is gone while requests wait: nobody was told anything, nothing is counted. */
static void uring_exit(void)
{
	static char b[SIZE];
	int fd[2];

	ring_up(0);
	pair(AF_INET, SOCK_DGRAM, 0, fd);
	io_uring_prep_accept(sqe(), listener(AF_INET, SOCK_STREAM, 0), NULL, NULL, 0);
	io_uring_prep_recv(sqe(), fd[1], b, SIZE, 0);
	if (supported(IORING_OP_SOCKET)) /* as old as multishot accepts */
		io_uring_prep_multishot_accept(sqe(), listener(AF_INET, SOCK_STREAM, 0), NULL,
					       NULL, 0);
	submit();
	nap(10);
}

/* One request for 300 bytes that come in three parts is one message received. */
static void uring_waitall(void)
{
	static char b[3 * SIZE];
	int fd[2];

	ring_up(0);
	pair(AF_INET, SOCK_STREAM, 0, fd);
	io_uring_prep_recv(sqe(), fd[1], b, sizeof(b), MSG_WAITALL);
	submit();
	for (int i = 0; i < 3; i++) {
		then_send(fd[0]);
		nap(20);
	}
	want(3 * SIZE, ring_rcvd(fd[1], next_cqe().res));
}
#endif

/* ---- many ---- */

static int load_each; /* operations of a thread */

static void *load_thread(void *arg)
{
	struct outcome sums[CALLS] = { 0 }, accepts = { 0 }, udp = { 0 }, local = { 0 };
	struct address to = { .len = sizeof(to.all) }, a;
	int u = RAW(socket, 1, AF_INET, SOCK_DGRAM, 0, 0), p[2], l, c;
	char name[16], b[SIZE] = { 0 };
	struct kind k = { 0 };

	snprintf(name, sizeof(name), "thread %ld", (long)arg);
	prctl(PR_SET_NAME, name);
	l = RAW(socket, 1, AF_UNIX, SOCK_STREAM, 0, 0);
	a = loopback(AF_UNIX);
	if (u < 0 || l < 0 || RAW(bind, 2, l, &a.sa, a.len, 0) || RAW(listen, 4, l, 4, 0, 0) ||
	    RAW(socketpair, 8, AF_UNIX, SOCK_STREAM, 0, p))
		fail("a thread's sockets");
	must(getsockname(l, &to.sa, &to.len));
	/* as said: u, l, the pair; bind, listen */
	made(SOCKET, kind_of(u), 0, 0);
	made(SOCKET, kind_of(l), 0, 0);
	made(SOCKET, kind_of(p[0]), 0, 0);
	made(BIND, kind_of(l), 0, 0);
	made(LISTEN, kind_of(l), 0, 0);
	a = nobody();
	for (int i = 0; i < load_each / 6; i++) {
		long ret;

		ret = RAW(connect, 3, u, &a.sa, a.len, 0);
		add_result(&udp, ret, 0);
		ret = result(send(p[0], b, SIZE, 0));
		add_result(&sums[SEND], ret, ret);
		ret = result(recv(p[1], b, SIZE, MSG_WAITALL));
		add_result(&sums[RECV], ret, ret);
		c = RAW(socket, 1, AF_UNIX, SOCK_STREAM, 0, 0);
		add_result(&sums[SOCKET], c, 0);
		ret = RAW(connect, 3, c, &to.sa, to.len, 0);
		add_result(&local, ret, 0);
		ret = RAW(accept4, 18, l, NULL, NULL, 0);
		add_result(&accepts, ret, 0);
		close(ret);
		close(c);
	}
	k = kind_of(p[0]);
	enter(false, SEND, k, &sums[SEND]);
	enter(false, RECV, k, &sums[RECV]);
	enter(false, SOCKET, k, &sums[SOCKET]);
	enter(false, CONNECT, k, &local);
	enter(true, CONNECT, k, &local);
	enter(false, CONNECT, kind_of(u), &udp);
	enter(true, CONNECT, kind_of(u), &udp);
	enter(false, ACCEPT, k, &accepts);
	enter(true, ACCEPT, k, &accepts);
	return NULL;
}

static void load_process(void)
{
	pthread_t threads[8];

	for (long i = 0; i < 8; i++)
		if (pthread_create(&threads[i], NULL, load_thread, (void *)i))
			fail("pthread_create");
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
}

static bool load(int n)
{
	bool good = true;
	int status;

	load_each = n / 64 + 6;
	this_case = "load";
	for (int i = 0; i < 8; i++) {
		if (!must(fork())) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			prctl(PR_SET_NAME, this_case);
			alarm(2 * case_seconds());
			load_process();
			_exit(0);
		}
	}
	for (int i = 0; i < 8; i++) {
		must(wait(&status));
		good &= !status;
	}
	return good;
}

static void names(int n)
{
	static char name[16];
	struct address a = nobody();

	this_case = name;
	for (int i = 0; i < n; i++) {
		int fd;

		snprintf(name, sizeof(name), "name%d", i);
		prctl(PR_SET_NAME, name);
		fd = new_socket(AF_INET, SOCK_DGRAM, 0);
		for (int j = 0; j < 10; j++)
			want(0, do_connect(fd, &a.sa, a.len));
		close(fd);
	}
}

/* A listener to which no packet comes. */
static int silent_listener(int backlog)
{
	struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = { 1, &drop };
	int l = bound(AF_INET, SOCK_STREAM, 0);

	want(0, do_listen(l, backlog));
	must(setsockopt(l, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)));
	return l;
}

static void no_longer_silent(int l)
{
	int off = 0;

	must(setsockopt(l, SOL_SOCKET, SO_DETACH_FILTER, &off, sizeof(off)));
}

static void silent(void)
{
	int l, fd[2];
	struct address a;
	char c;

	this_case = "silent";
	prctl(PR_SET_NAME, this_case);
	alarm(case_seconds());
	l = silent_listener(64);
	a = address_of(l);
	for (int i = 0; i < 2; i++) {
		fd[i] = new_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		want(-EINPROGRESS, call_connect(fd[i], &a.sa, a.len));
	}
	fprintf(stderr, "undecided\n");
	if (read(0, &c, 1) != 1)
		fail("no line came");
	/* closed before it was decided: no connection came about */
	connected(fd[0], &a.sa, -ECANCELED);
	close(fd[0]);
	no_longer_silent(l);
	connected(fd[1], &a.sa, end_of_connect(fd[1]));
	fprintf(stderr, "decided\n");
	if (read(0, &c, 1) != 1)
		fail("no second line came");
}

/* Connects that come about at their second SYN, a second later: in interrupts, not in calls. */
static void late(int n)
{
	int l, *fd = calloc(n, sizeof(*fd));
	struct address a;

	this_case = "late";
	prctl(PR_SET_NAME, this_case);
	alarm(case_seconds());
	l = silent_listener(n);
	a = address_of(l);
	for (int i = 0; i < n; i++) {
		fd[i] = new_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		want(-EINPROGRESS, call_connect(fd[i], &a.sa, a.len));
		nap(1);
	}
	no_longer_silent(l);
	for (int i = 0; i < n; i++)
		connected(fd[i], &a.sa, end_of_connect(fd[i]));
	free(fd);
}

/* ---- all of them ---- */

static const struct {
	const char *name; /* at most 15 bytes: the process's name */
	void (*run)(void);
	bool special; /* not one of `all`: what is right needs a word of its own */
} cases[] = {
	{ "accept_ok", accept_ok, false },
	{ "accept_addr", accept_addr, false },
	{ "accept_null", accept_null, false },
	{ "accept_stale", accept_stale, false },
	{ "accept_fallback", accept_fallback, false },
	{ "accept_fd0", accept_fd0, false },
	{ "accept_again", accept_again, false },
	{ "accept_fails", accept_fails, false },
	{ "accept_eintr", accept_eintr, false },
	{ "accept_restart", accept_restart, false },
	{ "accept_stop", accept_stop, false },
	{ "accept_killed", accept_killed, false },
	{ "accept_reuse", accept_reuse, false },
	{ "threads", threads, false },
	{ "sockets", sockets, false },
	{ "binds", binds, false },
	{ "listens", listens, false },
	{ "connects", connects, false },
	{ "connects_failed", connects_failed, false },
	{ "connects_async", connects_async, false },
	{ "connects_mptcp", connects_mptcp, false },
	{ "connects_unspec", connects_unspec, false },
	{ "msgs_unix", msgs_unix, false },
	{ "msgs_tcp", msgs_tcp, false },
	{ "msgs_udp", msgs_udp, false },
	{ "msgs_mptcp", msgs_mptcp, false },
	{ "send_files", send_files, false },
	{ "peeks", peeks, false },
	{ "agains", agains, false },
	{ "ends", ends, false },
	{ "empty", empty, false },
	{ "recv_late", recv_late, false },
	{ "recv_eintr", recv_eintr, false },
	{ "recv_restart", recv_restart, false },
	{ "recv_stop", recv_stop, false },
	{ "recv_killed", recv_killed, false },
	/* is the third try, which found nothing, a would-be receive? */
	{ "recvmmsg_short", recvmmsg_short, true },
#ifndef TRAFFIC32
	{ "uring_msgs", uring_msgs, false },
	{ "uring_async", uring_async, false },
	{ "uring_sqpoll", uring_sqpoll, false },
	{ "uring_wait", uring_wait, false },
	{ "uring_dontwait", uring_dontwait, false },
	{ "uring_fails", uring_fails, false },
	{ "uring_multirecv", uring_multi_recv, false },
	{ "uring_accepts", uring_accepts, false },
	{ "uring_bad", uring_bad, false },
	{ "uring_multi", uring_multi, false },
	{ "uring_multi_dir", uring_multi_dir, false },
	{ "uring_direct", uring_direct, false },
	{ "uring_socket", uring_socket, false },
	{ "uring_bind", uring_bind, false },
	{ "uring_connects", uring_connects, false },
	{ "uring_exit", uring_exit, false },
	/* io_uring asks the socket three times */
	{ "uring_waitall", uring_waitall, true },
#endif
};

#define NCASES (int)(sizeof(cases) / sizeof(*cases))

/* In a process of its own, so that nothing of a case outlives it. */
static bool run_case(int i)
{
	int status;
	pid_t pid;

	this_case = cases[i].name;
	pid = must(fork());
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, this_case);
		signal(SIGPIPE, SIG_IGN);
		alarm(case_seconds());
		cases[i].run();
		_exit(0);
	}
	must(waitpid(pid, &status, 0));
	if (WIFSIGNALED(status))
		fprintf(stderr, "FAIL %s: signal %d\n", this_case, WTERMSIG(status));
	return WIFEXITED(status) &&
	       (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == EXIT_SKIP);
}

static int usage(void)
{
	fprintf(stderr, "usage: operations [--list] [--expect FILE] "
#ifdef TRAFFIC32
			"[--socketcall] "
#endif
			"CASE...|all|load N|names N|late N|silent\n");
	return 2;
}

static void open_book(void)
{
	pthread_mutexattr_t shared;

	book = mmap(NULL, sizeof(*book), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		    0);
	if (book == MAP_FAILED)
		fail("mmap");
	pthread_mutexattr_init(&shared);
	pthread_mutexattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&shared,
				    PTHREAD_MUTEX_ROBUST); /* a case may fail anywhere */
	pthread_mutex_init(&book->lock, &shared);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "expect", required_argument, NULL, 'e' },
		{ "list", no_argument, NULL, 'l' },
		{ "socketcall", no_argument, NULL, 's' },
		{ 0 },
	};
	bool good = true;
	int c;

	this_case = "operations";
	out = stdout;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'e':
			out = fopen(optarg, "we");
			if (!out)
				fail("%s: %s", optarg, strerror(errno));
			break;
		case 'l':
			for (int i = 0; i < NCASES; i++)
				if (!cases[i].special)
					puts(cases[i].name);
			return 0;
#ifdef TRAFFIC32
		case 's':
			opt_socketcall = true;
			break;
#endif
		default:
			return usage();
		}
	}
	open_book();
	argv += optind;
	argc -= optind;
	if (argc == 2 && !strcmp(argv[0], "load")) {
		good = load(atoi(argv[1]));
	} else if (argc == 2 && !strcmp(argv[0], "names")) {
		names(atoi(argv[1]));
	} else if (argc == 2 && !strcmp(argv[0], "late")) {
		late(atoi(argv[1]));
	} else if (argc == 1 && !strcmp(argv[0], "silent")) {
		silent();
	} else if (!argc) {
		return usage();
	} else {
		for (; argc; argv++, argc--) {
			bool all = !strcmp(*argv, "all"), found = false;

			for (int i = 0; i < NCASES; i++) {
				if (all ? cases[i].special : strcmp(*argv, cases[i].name) != 0)
					continue;
				found = true;
				good &= run_case(i);
			}
			if (!found)
				return usage();
		}
	}
	put_book();
	return !good;
}
