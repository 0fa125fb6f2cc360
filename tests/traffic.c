/* SPDX-License-Identifier: GPL-2.0 */
/*
 * traffic - makes every kind of connect with a known outcome, and writes what soconnect has
 * to print about it (`soconnect -j -f all`): one JSON line for each expected row. Every
 * expectation comes from what this program itself asked for and saw: its own ids,
 * descriptors, return values, getsockname, getpeername, and clock readings before and after.
 * Nothing comes from the tool.
 *
 *	traffic [--final] [--named] [--list] [--expect FILE] CASE...|all
 *	traffic32 [--no-compat] [--socketcall] and the same
 *	traffic flood N		N connects, quickly; nothing is expected
 *	traffic processes N FILE	N processes that connect once, one after another; their numbers
 *
 *	gcc -std=gnu11 -Wall -Wextra -O2 -pthread traffic.c -o traffic -luring
 *	gcc -m32 -DTRAFFIC32 -std=gnu11 -Wall -Wextra -O2 -pthread traffic.c -o traffic32
 *
 * Each case runs in a process of its own, those that wait for seconds all at the same time;
 * with --named it has the case's name, else it is "traffic". Only loopback addresses and a
 * temporary directory are used. A key that an expected line doesn't have isn't to be
 * compared; lat_ns is a range, both ends included. A case that this kernel can't do says
 * `skip CASE: reason` on stderr. Exit code: 0, 1 when a case didn't go as it should.
 *
 * The black hole is a listener with a socket filter that drops every packet: a SYN gets no
 * answer on any kernel, whatever it does about a full backlog, and taking the filter off lets
 * the next SYN through.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
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
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifndef TRAFFIC32
#include <liburing.h>
#define VIA "syscall"
#else
#define VIA "compat"
#endif

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#define MSEC 1000000LL
#define SYN_TIMEOUT_MIN (1900 * MSEC) /* TCP_SYNCNT 1 is 2 s or 3 s, by kernel */
#define EXIT_SKIP 77

/* A case that takes longer is stuck: 60 s, times SLOW (tests/lib.sh). */
static int case_seconds(void)
{
	const char *slow = getenv("SLOW");

	return 60 * (slow && atoi(slow) > 0 ? atoi(slow) : 1);
}

/* A value of an expected row: not to be compared, null, or this. */
enum known { LEFT_OUT, NIL, SET };

struct num {
	enum known is;
	long v;
};

struct text {
	enum known is;
	size_t len;
	char s[128];
};

struct dest {
	socklen_t len;
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
		struct sockaddr_nl nl;
		struct sockaddr_storage all;
		char room[sizeof(struct sockaddr_un) + 2];
	};
};

/* A connect, as its caller saw it. */
struct row {
	bool second;	/* given by the caller: not the first call for this connection */
	bool syn;	/* it sent a SYN */
	int domain;	/* of the socket, -1 without one */
	int64_t t0, t1; /* before and after the call */
	int64_t begun;	/* by now it had begun for certain; t1 if nothing better is known */
	int64_t lo, hi;
	pid_t pid;
	struct num tid, fd, family, socktype, protocol, lport, rport, ret, err, async;
	struct text thread, laddr, raddr, via, addr_from, result;
};

static const char *this_case;
static char dir[sizeof("/tmp/traffic.XXXXXX")];
static int out = STDOUT_FILENO;
static bool opt_final, opt_named, opt_no_compat;
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

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return 1000 * MSEC * t.tv_sec + t.tv_nsec;
}

static void nap(int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * MSEC };

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

static struct num num(long v)
{
	return (struct num){ SET, v };
}

static struct text text(const char *s)
{
	struct text t = { .is = SET, .len = strlen(s) };

	memcpy(t.s, s, t.len);
	return t;
}

static const struct num nil = { .is = NIL };
static const struct text nil_text = { .is = NIL };

/* ---- writing an expectation ---- */

struct line {
	size_t len;
	char s[2048];
};

__attribute__((format(printf, 2, 3))) static void add(struct line *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	l->len += vsnprintf(l->s + l->len, sizeof(l->s) - l->len, fmt, ap);
	va_end(ap);
	if (l->len >= sizeof(l->s))
		fail("line too long");
}

static void add_text(struct line *l, const char *key, const struct text *t)
{
	if (t->is == LEFT_OUT)
		return;
	add(l, ", \"%s\": ", key);
	if (t->is == NIL) {
		add(l, "null");
		return;
	}
	add(l, "\"");
	for (size_t i = 0; i < t->len; i++) {
		unsigned char c = t->s[i];

		if (c < ' ' || c == '"' || c == '\\')
			add(l, "\\u%04x", c);
		else
			add(l, "%c", c);
	}
	add(l, "\"");
}

static void add_num(struct line *l, const char *key, struct num n)
{
	if (n.is == NIL)
		add(l, ", \"%s\": null", key);
	else if (n.is == SET)
		add(l, ", \"%s\": %ld", key, n.v);
}

static const char *family_name(int family)
{
	switch (family) {
	case AF_UNIX:
		return "AF_UNIX";
	case AF_INET:
		return "AF_INET";
	case AF_INET6:
		return "AF_INET6";
	case AF_NETLINK:
		return "AF_NETLINK";
	default:
		fail("no name for family %d", family);
	}
}

static void emit(const struct row *r)
{
	struct line l = { 0 };

	add(&l, "{\"case\": \"%s\", \"pid\": %d", this_case, r->pid);
	add_num(&l, "tid", r->tid);
	add(&l, ", \"comm\": \"%s\"", opt_named ? this_case : "traffic");
	add_text(&l, "thread", &r->thread);
	add(&l, ", \"uid\": %u", getuid());
	add_num(&l, "fd", r->fd);
	add_num(&l, "family", r->family);
	if (r->family.is == NIL)
		add(&l, ", \"family_name\": null");
	else if (r->family.is == SET)
		add(&l, ", \"family_name\": \"%s\"", family_name(r->family.v));
	add_num(&l, "socktype", r->socktype);
	add_num(&l, "protocol", r->protocol);
	add_text(&l, "laddr", &r->laddr);
	add_num(&l, "lport", r->lport);
	add_text(&l, "raddr", &r->raddr);
	add_num(&l, "rport", r->rport);
	add_text(&l, "via", &r->via);
	add_text(&l, "addr_from", &r->addr_from);
	add_num(&l, "ret", r->ret);
	if (r->err.is == SET && r->err.v)
		add(&l, ", \"errno\": \"%s\"", strerrorname_np(r->err.v));
	else if (r->err.is != LEFT_OUT)
		add(&l, ", \"errno\": null");
	add_text(&l, "result", &r->result);
	if (r->async.is == SET)
		add(&l, ", \"async\": %s", r->async.v ? "true" : "false");
	else if (r->async.is == NIL)
		add(&l, ", \"async\": null");
	add(&l, ", \"lat_ns\": [%lld, %lld]}\n", (long long)r->lo, (long long)r->hi);
	if (write(out, l.s, l.len) != (ssize_t)l.len)
		fail("write: %s", strerror(errno));
}

/* The result's words, where the contract fixes them. */
static struct text word(int err)
{
	switch (err) {
	case 0:
		return text("Success");
	case ECONNREFUSED:
		return text("Connect refused");
	case ETIMEDOUT:
		return text("Timeout");
	default:
		return (struct text){ .is = LEFT_OUT };
	}
}

/* The call has returned: that is the row, unless rows wait for the decision. */
static void returned(const struct row *r)
{
	if (!opt_final)
		emit(r);
}

/* The connection is decided: that is the row of --final. NULL result: the word for err. */
static void decided(const struct row *r, int err, const char *result, int64_t lo, int64_t hi)
{
	struct row f = *r;

	if (!opt_final || (opt_no_compat && !r->syn))
		return;
	f.err = num(err);
	if (result)
		f.result = text(result);
	else if (f.result.is == LEFT_OUT)
		f.result = word(err);
	f.lo = lo;
	f.hi = hi;
	if (opt_no_compat)
		f.fd = f.ret = f.async = nil;
	emit(&f);
}

/* The call's return was the decision. */
static void settled(const struct row *r)
{
	returned(r);
	decided(r, -r->ret.v, NULL, r->lo, r->hi);
}

/* ---- describing a socket, an address ---- */

static long option(int fd, int name)
{
	int v;
	socklen_t len = sizeof(v);

	return getsockopt(fd, SOL_SOCKET, name, &v, &len) ? -1 : v;
}

/* An address as the rows show it; LEFT_OUT for a family that has no form. */
static void show(const struct dest *d, struct num *family, struct text *addr, struct num *port)
{
	const size_t head = offsetof(struct sockaddr_un, sun_path);

	*family = num(d->sa.sa_family);
	*addr = (struct text){ .is = SET };
	switch (d->sa.sa_family) {
	case AF_INET:
		inet_ntop(AF_INET, &d->in.sin_addr, addr->s, sizeof(addr->s));
		addr->len = strlen(addr->s);
		*port = num(ntohs(d->in.sin_port));
		break;
	case AF_INET6:
		inet_ntop(AF_INET6, &d->in6.sin6_addr, addr->s, sizeof(addr->s));
		addr->len = strlen(addr->s);
		*port = num(ntohs(d->in6.sin6_port));
		break;
	case AF_UNIX:
		*port = nil;
		if (d->len <= head)
			break;
		addr->len = d->len - head;
		memcpy(addr->s, d->room + head, addr->len);
		if (addr->s[0])
			addr->len = strnlen(addr->s, addr->len);
		else
			addr->s[0] = '@';
		break;
	default:
		addr->is = port->is = LEFT_OUT;
	}
}

/* Who calls, and on what: all that is known before the call. */
static void prepare(struct row *r, int fd)
{
	char name[16];

	prctl(PR_GET_NAME, name);
	r->thread = text(name);
	r->pid = getpid();
	r->tid = num(syscall(SYS_gettid));
	r->fd = num(fd);
	r->via = text(VIA);
	r->domain = option(fd, SO_DOMAIN);
	r->socktype = r->domain < 0 ? nil : num(option(fd, SO_TYPE));
	r->protocol = r->domain < 0 ? nil : num(option(fd, SO_PROTOCOL));
}

static void learn_local(struct row *r, int fd)
{
	struct dest local = { .len = sizeof(local.room) };
	struct num family;

	if (r->domain != AF_INET && r->domain != AF_INET6) {
		r->laddr = nil_text;
		r->lport = nil;
		return;
	}
	must(getsockname(fd, &local.sa, &local.len));
	show(&local, &family, &r->laddr, &r->lport);
}

/* Is the socket connecting, or connected? */
static bool underway(int fd)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	return !getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) &&
	       (info.tcpi_state == TCP_SYN_SENT || info.tcpi_state == TCP_ESTABLISHED);
}

/*
 * All that is known after the call, which has left its result and its times in r. d is the
 * address that was given, NULL for none that could be read.
 */
static void learn(struct row *r, int fd, const struct dest *d)
{
	int err = -r->ret.v;
	bool inet = r->domain == AF_INET || r->domain == AF_INET6;

	r->err = num(err);
	r->async = num(0);
	r->lo = 0;
	r->hi = r->t1 - r->t0;
	r->begun = r->t1;
	if (!d || d->sa.sa_family == AF_UNSPEC) {
		r->family = num(r->domain);
		r->raddr = r->addr_from = nil_text;
		r->rport = nil;
		if (!err)
			r->result = text("Disconnected");
		return;
	}

	switch (err) {
	case EINPROGRESS:
	case EINTR:
	case ECANCELED:
	case EALREADY:
		r->async = num(1);
		/* fallthrough */
	case 0:
	case ECONNREFUSED:
	case ETIMEDOUT:
		r->syn = inet && r->socktype.v == SOCK_STREAM && !r->second;
		break;
	}
	show(d, &r->family, &r->raddr, &r->rport);
	if (!err) {
		struct dest peer = { .len = sizeof(peer.room) };

		must(getpeername(fd, &peer.sa, &peer.len));
		show(&peer, &r->family, &r->raddr, &r->rport);
	}
	if (r->raddr.is == SET)
		r->addr_from = text(!err || r->syn || r->second ? "kernel" : "user");
	if (r->domain < 0) {
		r->laddr = nil_text;
		r->lport = nil;
	} else if (!err || (err == EINPROGRESS && underway(fd))) {
		learn_local(r, fd);
	}
}

/* ---- the calls ---- */

static long raw_connect(int fd, const void *addr, socklen_t len)
{
	long ret;

#ifdef TRAFFIC32
	if (opt_socketcall) {
		unsigned long args[] = { fd, (unsigned long)addr, len };

		ret = syscall(SYS_socketcall, 3 /* SYS_CONNECT */, args);
	} else
#endif
		ret = syscall(SYS_connect, fd, addr, len);
	return ret < 0 ? -errno : ret;
}

/* One connect: addr is what the kernel gets, d what it says, NULL if the kernel can't read it.
 */
static void call(struct row *r, int fd, const void *addr, socklen_t len, const struct dest *d)
{
	prepare(r, fd);
	r->t0 = now();
	r->ret = num(raw_connect(fd, addr, len));
	r->t1 = now();
	learn(r, fd, d);
}

static void expect_ret(const struct row *r, int ret)
{
	if (r->ret.v != ret)
		fail("connect returned %ld, not %d", r->ret.v, ret);
}

/* The plain way: connect, see that it returned what it should, and that is the row. */
static void plain(int fd, const struct dest *d, int ret)
{
	struct row r = { 0 };

	call(&r, fd, &d->sa, d->len, d);
	expect_ret(&r, ret);
	settled(&r);
}

/* ---- things to connect to ---- */

static int new_socket(int family, int type, int protocol)
{
	return must(socket(family, type | SOCK_CLOEXEC, protocol));
}

static struct dest loopback(int family)
{
	struct dest d = { .len = sizeof(d.in) };

	d.sa.sa_family = family;
	if (family == AF_INET6) {
		d.len = sizeof(d.in6);
		d.in6.sin6_addr = in6addr_loopback;
	} else {
		d.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	}
	return d;
}

static struct dest unspec(void)
{
	struct dest d = { .len = sizeof(d.in) };

	d.sa.sa_family = AF_UNSPEC;
	return d;
}

/* A bound socket: for UDP the peer; for TCP, until it listens, a port that refuses. */
static int bound(int family, int type, int protocol, struct dest *d)
{
	int fd = socket(family, type | SOCK_CLOEXEC, protocol);

	*d = loopback(family);
	if (fd < 0 || bind(fd, &d->sa, d->len)) {
		if (family == AF_INET6 || protocol == IPPROTO_MPTCP)
			skip(strerror(errno));
		fail("bound: %s", strerror(errno));
	}
	must(getsockname(fd, &d->sa, &d->len));
	return fd;
}

static int listening(int family, struct dest *d)
{
	int fd = bound(family, SOCK_STREAM, 0, d);

	must(listen(fd, 128));
	return fd;
}

/* A listener that doesn't answer. */
static int black_hole(struct dest *d)
{
	int fd = bound(AF_INET, SOCK_STREAM, 0, d);
	struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog prog = { .len = 1, .filter = &drop };

	must(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)));
	must(listen(fd, 128));
	return fd;
}

/* From now on it answers. Returns when. */
static int64_t open_up(int listener)
{
	int64_t t = now();
	int none = 0;

	must(setsockopt(listener, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof(none)));
	return t;
}

/* Take what has arrived, so that the backlog doesn't fill. */
static void drain(int listener)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		close(fd);
}

static void no_block(int fd)
{
	must(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK));
}

/* Closing it sends a reset: no TIME_WAIT that would use up the ports. */
static void reset_on_close(int fd)
{
	struct linger l = { .l_onoff = 1 };

	must(setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l)));
}

static void give_up_soon(int fd)
{
	int n = 1;

	must(setsockopt(fd, IPPROTO_TCP, TCP_SYNCNT, &n, sizeof(n)));
}

static struct dest unix_at(const char *name)
{
	struct dest d = { 0 };
	int n;

	d.un.sun_family = AF_UNIX;
	n = snprintf(d.un.sun_path, sizeof(d.un.sun_path), "%s/%s.%s", dir, this_case, name);
	d.len = offsetof(struct sockaddr_un, sun_path) + n + 1;
	return d;
}

static int unix_server(int type, const struct dest *d)
{
	int fd = new_socket(AF_UNIX, type, 0);

	must(bind(fd, &d->sa, d->len));
	if (type != SOCK_DGRAM)
		must(listen(fd, 8));
	return fd;
}

/* ---- watching a connection from outside ---- */

/* Wait until a SYN to this port is on its way. Returns a time when it was. */
static int64_t await_syn(const struct dest *d)
{
	unsigned int port = ntohs(d->in.sin_port);

	for (int i = 0; i < 10000; i++) {
		FILE *f = fopen("/proc/net/tcp", "re");
		unsigned int rport, state;
		bool found = false;
		char row[256];

		if (!f)
			fail("/proc/net/tcp: %s", strerror(errno));
		while (!found && fgets(row, sizeof(row), f))
			found = sscanf(row, " %*u: %*x:%*x %*x:%x %x", &rport, &state) == 2 &&
				rport == port && state == TCP_SYN_SENT;
		fclose(f);
		if (found)
			return now();
		nap(1);
	}
	fail("no SYN was sent");
}

/* Wait for the end of a connect that didn't wait itself: its error, and when it was seen. */
static int await_end(int fd, int64_t *when)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	if (poll(&p, 1, 30000) != 1)
		fail("poll: no end");
	*when = now();
	return option(fd, SO_ERROR);
}

/* A thread that interrupts a connect, and later lets it through. */
struct meddler {
	struct dest d;
	pid_t tid;
	bool rescue;
	int listener;
	int64_t begun, signalled, opened;
};

static void *meddle(void *arg)
{
	struct meddler *m = arg;

	prctl(PR_SET_NAME, "meddler");
	m->begun = await_syn(&m->d);
	nap(150);
	m->signalled = now();
	must(syscall(SYS_tgkill, getpid(), m->tid, SIGUSR1));
	if (m->rescue) {
		nap(250);
		m->opened = open_up(m->listener);
	}
	return NULL;
}

static volatile sig_atomic_t signals;

static void on_signal(int sig)
{
	(void)sig;
	signals++;
}

static void start(pthread_t *t, void *(*fn)(void *), void *arg)
{
	int err = pthread_create(t, NULL, fn, arg);

	if (err)
		fail("pthread_create: %s", strerror(err));
}

/* A blocking connect into a black hole, interrupted by a signal. */
static int interrupted(struct row *r, struct meddler *m, int flags)
{
	struct sigaction act = { .sa_handler = on_signal, .sa_flags = flags };
	int fd = new_socket(AF_INET, SOCK_STREAM, 0);
	pthread_t thread;

	must(sigaction(SIGUSR1, &act, NULL));
	m->listener = black_hole(&m->d);
	m->tid = syscall(SYS_gettid);
	start(&thread, meddle, m);
	call(r, fd, &m->d.sa, m->d.len, &m->d);
	pthread_join(thread, NULL);
	if (signals != 1)
		fail("%d signals, not 1", (int)signals);
	r->begun = m->begun;
	return fd;
}

/* Memory that a forked child shares with its parent. */
static struct row *shared_row(void)
{
	struct row *r = mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (r == MAP_FAILED)
		fail("mmap: %s", strerror(errno));
	return r;
}

static void reap(pid_t pid)
{
	int status;

	must(waitpid(pid, &status, 0));
	if (WIFEXITED(status) && WEXITSTATUS(status))
		fail("child: exit code %d", WEXITSTATUS(status));
}

/* ---- TCP ---- */

static void tcp_ok(void)
{
	struct dest d;

	listening(AF_INET, &d);
	plain(new_socket(AF_INET, SOCK_STREAM, 0), &d, 0);
}

/* 0.0.0.0 is this host: the row has the address that the kernel made of it. */
static void tcp_any(void)
{
	struct dest d;

	listening(AF_INET, &d);
	d.in.sin_addr.s_addr = INADDR_ANY;
	plain(new_socket(AF_INET, SOCK_STREAM, 0), &d, 0);
}

static void tcp_refused(void)
{
	struct dest d;

	bound(AF_INET, SOCK_STREAM, 0, &d);
	plain(new_socket(AF_INET, SOCK_STREAM, 0), &d, -ECONNREFUSED);
}

static void tcp_timeout(void)
{
	int fd = new_socket(AF_INET, SOCK_STREAM, 0);
	struct row r = { 0 };
	struct dest d;

	black_hole(&d);
	give_up_soon(fd);
	call(&r, fd, &d.sa, d.len, &d);
	expect_ret(&r, -ETIMEDOUT);
	r.lo = SYN_TIMEOUT_MIN;
	settled(&r);
}

/* TCP to the broadcast address never sends a packet, with or without a default route. */
static void tcp_unreach(void)
{
	struct dest d = loopback(AF_INET);

	d.in.sin_addr.s_addr = INADDR_BROADCAST;
	d.in.sin_port = htons(4242);
	plain(new_socket(AF_INET, SOCK_STREAM, 0), &d, -ENETUNREACH);
}

static void tcp_isconn(void)
{
	int fd = new_socket(AF_INET, SOCK_STREAM, 0);
	struct dest d, other;

	listening(AF_INET, &d);
	listening(AF_INET, &other);
	plain(fd, &d, 0);
	plain(fd, &other, -EISCONN);
}

static void tcp6(void)
{
	struct dest d;

	listening(AF_INET6, &d);
	plain(new_socket(AF_INET6, SOCK_STREAM, 0), &d, 0);
}

static void v4mapped(void)
{
	struct dest d, mapped = { .len = sizeof(mapped.in6) };
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		skip(strerror(errno));
	listening(AF_INET, &d);
	mapped.in6.sin6_family = AF_INET6;
	mapped.in6.sin6_port = d.in.sin_port;
	inet_pton(AF_INET6, "::ffff:127.0.0.1", &mapped.in6.sin6_addr);
	plain(fd, &mapped, 0);
}

static void mptcp(void)
{
	struct dest d;
	int listener = bound(AF_INET, SOCK_STREAM, IPPROTO_MPTCP, &d);

	must(listen(listener, 8));
	plain(new_socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP), &d, 0);
}

/* ---- TCP that doesn't wait ---- */

/* Starts it; the row of the call itself is written, unless --final. */
static int begin(struct row *r, const struct dest *d)
{
	int fd = new_socket(AF_INET, SOCK_STREAM, 0);

	no_block(fd);
	call(r, fd, &d->sa, d->len, d);
	expect_ret(r, -EINPROGRESS);
	returned(r);
	return fd;
}

/* Waits for its end; the row of --final. */
static void finish(const struct row *r, int fd, int err, int64_t lo)
{
	int64_t end;
	int was = await_end(fd, &end);

	if (was != err)
		fail("ended with %s", strerror(was));
	decided(r, err, NULL, lo, end - r->t0);
}

static void close_pending(const struct row *r, int fd)
{
	int64_t from = now();

	must(close(fd));
	decided(r, 0, "Closed by caller", from - r->begun, now() - r->t0);
}

static void nb_ok(void)
{
	struct row r = { 0 };
	struct dest d;

	listening(AF_INET, &d);
	finish(&r, begin(&r, &d), 0, 0);
}

static void nb_ok_2nd(void)
{
	struct row r = { 0 }, again = { .second = true };
	struct dest d;
	int fd;

	listening(AF_INET, &d);
	fd = begin(&r, &d);
	finish(&r, fd, 0, 0);
	call(&again, fd, &d.sa, d.len, &d);
	expect_ret(&again, 0);
	returned(&again);
}

/* The second call asks while the first is still connecting. */
static void nb_already(void)
{
	struct row r = { 0 }, again = { .second = true };
	struct dest d;
	int fd;

	black_hole(&d);
	fd = begin(&r, &d);
	call(&again, fd, &d.sa, d.len, &d);
	expect_ret(&again, -EALREADY);
	returned(&again);
	close_pending(&r, fd);
}

static void nb_refused(void)
{
	struct row r = { 0 };
	struct dest d;

	bound(AF_INET, SOCK_STREAM, 0, &d);
	finish(&r, begin(&r, &d), ECONNREFUSED, 0);
}

static void nb_late(void)
{
	struct row r = { 0 };
	struct dest d;
	int listener = black_hole(&d), fd = begin(&r, &d);

	nap(300);
	finish(&r, fd, 0, open_up(listener) - r.begun);
}

static void nb_timeout(void)
{
	struct row r = { 0 };
	struct dest d;
	int fd;

	black_hole(&d);
	fd = begin(&r, &d);
	give_up_soon(fd);
	finish(&r, fd, ETIMEDOUT, SYN_TIMEOUT_MIN);
}

static void stay_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	must(sched_setaffinity(0, sizeof(set), &set));
}

static bool taken;

/* Keeps the CPU that the timer is on awake, so that it fires there. */
static void *awake(void *cpu)
{
	stay_on(*(int *)cpu);
	nap(SYN_TIMEOUT_MIN / MSEC);
	while (!__atomic_load_n(&taken, __ATOMIC_RELAXED))
		;
	return NULL;
}

/* The error is taken as soon as the timer tells it, from another CPU: before the connection ends. */
static void nb_taken(void)
{
	struct row r = { 0 };
	struct dest d;
	cpu_set_t set;
	pthread_t t;
	int fd, err, cpus[2], n = 0;

	must(sched_getaffinity(0, sizeof(set), &set));
	for (int cpu = 0; cpu < CPU_SETSIZE && n < 2; cpu++)
		if (CPU_ISSET(cpu, &set))
			cpus[n++] = cpu;
	if (n < 2)
		skip("one CPU");
	stay_on(cpus[0]);
	black_hole(&d);
	fd = begin(&r, &d);
	give_up_soon(fd);
	start(&t, awake, &cpus[0]);
	stay_on(cpus[1]);
	nap(SYN_TIMEOUT_MIN / MSEC);
	while (!(err = option(fd, SO_ERROR)))
		;
	if (err != ETIMEDOUT)
		fail("ended with %s", strerror(err));
	/* it may end a little later */
	decided(&r, err, NULL, SYN_TIMEOUT_MIN, now() + 100 * MSEC - r.t0);
	__atomic_store_n(&taken, true, __ATOMIC_RELAXED);
	pthread_join(t, NULL);
}

static void nb_closed(void)
{
	struct row r = { 0 };
	struct dest d;
	int fd;

	black_hole(&d);
	fd = begin(&r, &d);
	nap(100);
	close_pending(&r, fd);
}

static void nb_unspec(void)
{
	struct dest d, none = unspec();
	struct row r = { 0 }, end = { .second = true };
	int fd;

	black_hole(&d);
	fd = begin(&r, &d);
	nap(100);
	call(&end, fd, &none.sa, none.len, &none);
	expect_ret(&end, 0);
	returned(&end);
	decided(&r, 0, "Closed by caller", end.t0 - r.begun, end.t1 - r.t0);
}

static void nb_exit(void)
{
	struct row *r = shared_row();
	struct dest d;
	pid_t pid;

	black_hole(&d);
	pid = must(fork());
	if (!pid) {
		begin(r, &d);
		nap(100);
		r->lo = now() - r->begun;
		_exit(0);
	}
	reap(pid);
	decided(r, 0, "Process exited", r->lo, now() - r->t0);
}

/* ---- TCP that is interrupted ---- */

static void killed(void)
{
	struct row *r = shared_row();
	int64_t begun, kill_at;
	struct dest d;
	pid_t pid;

	black_hole(&d);
	pid = must(fork());
	if (!pid) {
		int fd = new_socket(AF_INET, SOCK_STREAM, 0);

		prepare(r, fd);
		r->t0 = now();
		raw_connect(fd, &d.sa, d.len);
		fail("connect returned");
	}
	begun = await_syn(&d);
	nap(200);
	kill_at = now();
	must(kill(pid, SIGKILL));
	reap(pid);
	show(&d, &r->family, &r->raddr, &r->rport);
	r->addr_from = text("kernel");
	r->syn = true;
	r->ret = r->err = r->async = nil;
	r->result = text("Process killed");
	r->lo = kill_at - begun;
	r->hi = now() - r->t0;
	returned(r);
	decided(r, 0, "Process killed", r->lo, r->hi);
}

static void sndtimeo(void)
{
	int fd = new_socket(AF_INET, SOCK_STREAM, 0);
	struct timeval t = { .tv_usec = 300000 };
	struct row r = { 0 };
	struct dest d;

	black_hole(&d);
	must(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t)));
	call(&r, fd, &d.sa, d.len, &d);
	expect_ret(&r, -EINPROGRESS);
	r.lo = 280 * MSEC;
	returned(&r);
	r.begun = r.t0 + (r.hi - r.lo);
	close_pending(&r, fd);
}

static void eintr(void)
{
	struct meddler m = { 0 };
	struct row r = { 0 };
	int fd = interrupted(&r, &m, 0);

	expect_ret(&r, -EINTR);
	r.lo = m.signalled - m.begun;
	returned(&r);
	close_pending(&r, fd);
}

static void sa_restart(void)
{
	struct meddler m = { .rescue = true };
	struct row r = { 0 };

	interrupted(&r, &m, SA_RESTART);
	expect_ret(&r, 0);
	r.lo = m.opened - m.begun;
	settled(&r);
}

/* ---- disconnecting ---- */

static void unspec_tcp(void)
{
	int fd = new_socket(AF_INET, SOCK_STREAM, 0);
	struct dest d, none = unspec();

	listening(AF_INET, &d);
	plain(fd, &d, 0);
	plain(fd, &none, 0);
}

static void unspec_udp(void)
{
	int fd = new_socket(AF_INET, SOCK_DGRAM, 0);
	struct dest d, none = unspec();

	bound(AF_INET, SOCK_DGRAM, 0, &d);
	plain(fd, &d, 0);
	plain(fd, &none, 0);
}

/* ---- UDP ---- */

static void udp(void)
{
	struct dest d;

	bound(AF_INET, SOCK_DGRAM, 0, &d);
	plain(new_socket(AF_INET, SOCK_DGRAM, 0), &d, 0);
}

static void udp6(void)
{
	struct dest d;

	bound(AF_INET6, SOCK_DGRAM, 0, &d);
	plain(new_socket(AF_INET6, SOCK_DGRAM, 0), &d, 0);
}

/* An AF_INET address, but an AF_INET6 socket. */
static void dup_family(void)
{
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct dest d;

	if (fd < 0)
		skip(strerror(errno));
	bound(AF_INET, SOCK_DGRAM, 0, &d);
	plain(fd, &d, 0);
}

/* ---- AF_UNIX and netlink ---- */

static void unix_path(void)
{
	struct dest d = unix_at("sock");

	unix_server(SOCK_STREAM, &d);
	plain(new_socket(AF_UNIX, SOCK_STREAM, 0), &d, 0);
}

/* The row has the name that the peer is bound to, not the one that led there. */
static void unix_link(void)
{
	struct dest d = unix_at("sock"), link = unix_at("link");

	unix_server(SOCK_STREAM, &d);
	must(symlink(d.un.sun_path, link.un.sun_path));
	plain(new_socket(AF_UNIX, SOCK_STREAM, 0), &link, 0);
}

/* A path of 108 bytes, which leaves no room for its NUL. */
static void unix_long(void)
{
	struct dest d = unix_at("");
	size_t len = strlen(d.un.sun_path);

	memset(d.un.sun_path + len, 'x', sizeof(d.un.sun_path) - len);
	d.len = sizeof(d.un);
	unix_server(SOCK_SEQPACKET, &d);
	plain(new_socket(AF_UNIX, SOCK_SEQPACKET, 0), &d, 0);
}

/* With bytes that a line of JSON can't hold as they are. */
static void unix_abstract(void)
{
	static const char odd[] = "in\0side\"\\\n";
	struct dest d = { 0 };
	int n;

	d.un.sun_family = AF_UNIX;
	n = snprintf(d.un.sun_path + 1, 40, "traffic.%d.", getpid()) + 1;
	memcpy(d.un.sun_path + n, odd, sizeof(odd) - 1);
	d.len = offsetof(struct sockaddr_un, sun_path) + n + sizeof(odd) - 1;
	unix_server(SOCK_STREAM, &d);
	plain(new_socket(AF_UNIX, SOCK_STREAM, 0), &d, 0);
}

static void unix_dgram(void)
{
	struct dest d = unix_at("sock");

	unix_server(SOCK_DGRAM, &d);
	plain(new_socket(AF_UNIX, SOCK_DGRAM, 0), &d, 0);
}

static void unix_missing(void)
{
	struct dest d = unix_at("none");

	plain(new_socket(AF_UNIX, SOCK_STREAM, 0), &d, -ENOENT);
}

static void unix_unnamed(void)
{
	struct dest d = { .len = sizeof(sa_family_t) };

	d.sa.sa_family = AF_UNIX;
	plain(new_socket(AF_UNIX, SOCK_STREAM, 0), &d, -EINVAL);
}

static void netlink(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct dest d = { .len = sizeof(d.nl) };

	if (fd < 0)
		skip(strerror(errno));
	d.nl.nl_family = AF_NETLINK;
	plain(fd, &d, 0);
}

/* ---- calls that are wrong ---- */

static void badfd(void)
{
	struct dest d;

	bound(AF_INET, SOCK_STREAM, 0, &d);
	close(999);
	plain(999, &d, -EBADF);
}

static void notsock(void)
{
	int fd = must(open("/dev/null", O_RDWR | O_CLOEXEC));
	struct dest d;

	bound(AF_INET, SOCK_STREAM, 0, &d);
	plain(fd, &d, -ENOTSOCK);
}

static void efault(void)
{
	int fd = new_socket(AF_INET, SOCK_STREAM, 0);
	struct row r = { 0 };

	call(&r, fd, NULL, sizeof(struct sockaddr_in), NULL);
	expect_ret(&r, -EFAULT);
	settled(&r);
}

static void badlen(void)
{
	int fd = new_socket(AF_INET, SOCK_STREAM, 0);
	struct row r = { 0 };
	struct dest d;

	listening(AF_INET, &d);
	call(&r, fd, &d.sa, 4, &d);
	expect_ret(&r, -EINVAL);
	r.raddr.is = r.rport.is = r.addr_from.is = LEFT_OUT;
	settled(&r);
}

/* ---- addresses that are hard to read ---- */

static bool resident(const void *page)
{
	int fd = must(open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
	off64_t at = (uintptr_t)page / sysconf(_SC_PAGESIZE) * sizeof(uint64_t);
	uint64_t entry = 0;

	if (pread64(fd, &entry, sizeof(entry), at) != sizeof(entry))
		fail("pagemap: %s", strerror(errno));
	close(fd);
	return entry >> 63;
}

/* The address in a page of a file that nobody has touched since it was mapped. */
static const void *untouched(const struct dest *d, const char *name)
{
	struct dest path = unix_at(name);
	int fd = must(open(path.un.sun_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
	void *page;

	must(write(fd, &d->sa, d->len));
	page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	if (page == MAP_FAILED)
		fail("mmap: %s", strerror(errno));
	if (resident(page))
		fail("the page of the address is resident");
	return page;
}

static void nonresident(void)
{
	int fd = new_socket(AF_INET, SOCK_DGRAM, 0);
	struct row good = { 0 }, bad = { 0 };
	struct dest d, other;

	bound(AF_INET, SOCK_DGRAM, 0, &d);
	call(&good, fd, untouched(&d, "good"), d.len, &d);
	expect_ret(&good, 0);
	settled(&good);

	fd = new_socket(AF_INET, SOCK_STREAM, 0);
	listening(AF_INET, &d);
	listening(AF_INET, &other);
	plain(fd, &d, 0);
	call(&bad, fd, untouched(&other, "bad"), other.len, &other);
	expect_ret(&bad, -EISCONN);
	settled(&bad);
}

struct flipper {
	struct dest d;
	in_port_t ports[2];
	bool stop;
};

static void *flip_ports(void *arg)
{
	struct flipper *f = arg;

	prctl(PR_SET_NAME, "flipper");
	for (unsigned int i = 0; !__atomic_load_n(&f->stop, __ATOMIC_RELAXED); i++)
		__atomic_store_n(&f->d.in.sin_port, f->ports[i & 1], __ATOMIC_RELAXED);
	return NULL;
}

static void flip(void)
{
	struct flipper f = { 0 };
	struct dest ends[2];
	int listeners[2];
	pthread_t thread;

	for (int i = 0; i < 2; i++) {
		listeners[i] = listening(AF_INET, &ends[i]);
		no_block(listeners[i]);
		f.ports[i] = ends[i].in.sin_port;
	}
	f.d = ends[0];
	start(&thread, flip_ports, &f);
	for (int i = 0; i < 200; i++) {
		int fd = new_socket(AF_INET, SOCK_STREAM, 0);

		reset_on_close(fd);
		plain(fd, &f.d, 0);
		close(fd);
		drain(listeners[0]);
		drain(listeners[1]);
	}
	__atomic_store_n(&f.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
}

/* ---- many threads ---- */

#define THREADS 8
#define CONNECTS 125

struct worker {
	pthread_t thread;
	int n, listener;
	struct dest tcp, udp;
};

static void *work(void *arg)
{
	struct worker *w = arg;
	char name[16];

	snprintf(name, sizeof(name), "worker-%d", w->n);
	prctl(PR_SET_NAME, name);
	for (int i = 0; i < CONNECTS; i++) {
		int fd = new_socket(AF_INET, i & 1 ? SOCK_STREAM : SOCK_DGRAM, 0);

		if (i & 1)
			reset_on_close(fd);
		plain(fd, i & 1 ? &w->tcp : &w->udp, 0);
		close(fd);
		drain(w->listener);
	}
	return NULL;
}

static void threads(void)
{
	struct worker workers[THREADS] = { 0 };
	struct dest tcp, udp;
	int listener = listening(AF_INET, &tcp);

	no_block(listener);
	bound(AF_INET, SOCK_DGRAM, 0, &udp);
	for (int i = 0; i < THREADS; i++) {
		struct worker *w = &workers[i];

		*w = (struct worker){ .n = i, .listener = listener, .tcp = tcp, .udp = udp };
		start(&w->thread, work, w);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(workers[i].thread, NULL);
}

/* ---- very many ---- */

/* UDP connects, as fast as one thread can. No row is told: it is for what gets lost. */
static int flood(const char *count)
{
	long n = strtol(count, NULL, 10);
	struct dest d;
	int fd;

	this_case = "flood";
	if (n <= 0)
		fail("how many?");
	bound(AF_INET, SOCK_DGRAM, 0, &d);
	fd = new_socket(AF_INET, SOCK_DGRAM, 0);
	while (n--)
		must(connect(fd, &d.sa, d.len));
	return 0;
}

/* By vfork, as to copy a process's memory may take 20 ms. */
static int processes(const char *count, const char *path)
{
	long n = strtol(count, NULL, 10);
	FILE *f = fopen(path, "w");
	struct dest d;
	int fd;

	this_case = "processes";
	if (n <= 0 || !f)
		fail("how many, and where to?");
	bound(AF_INET, SOCK_DGRAM, 0, &d);
	fd = new_socket(AF_INET, SOCK_DGRAM, 0);
	while (n--) {
		pid_t pid = vfork();

		if (!pid)
			_exit(connect(fd, &d.sa, d.len) != 0);
		must(pid);
		waitpid(pid, NULL, 0);
		fprintf(f, "%d\n", pid);
	}
	return fclose(f) != 0;
}

/* ---- TCP Fast Open: a connect without connect(2) ---- */

static void fast_open(const struct dest *d, int err)
{
	int fd = new_socket(AF_INET, SOCK_STREAM, 0);
	struct row r = { 0 };

	prepare(&r, fd);
	r.t0 = now();
	if (sendto(fd, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL, &d->sa, d->len) < 0) {
		if (errno == EOPNOTSUPP)
			skip("net.ipv4.tcp_fastopen is off");
		r.ret = num(-errno);
	} else {
		r.ret = num(0);
	}
	r.t1 = now();
	expect_ret(&r, -err);
	learn(&r, fd, d);
	r.fd = r.ret = r.async = nil;
#ifdef TRAFFIC32
	r.via.is = LEFT_OUT; /* the contract doesn't say whether "tfo" or "compat" */
#else
	r.via = text("tfo");
#endif
	returned(&r);
	decided(&r, err, NULL, r.lo, r.hi);
}

static void tfo_ok(void)
{
	struct dest d;

	listening(AF_INET, &d);
	fast_open(&d, 0);
}

static void tfo_refused(void)
{
	struct dest d;

	bound(AF_INET, SOCK_STREAM, 0, &d);
	fast_open(&d, ECONNREFUSED);
}

/* ---- io_uring ---- */

#ifndef TRAFFIC32
static struct io_uring ring;
static bool fd_told;

enum { TAG_CONNECT = 1, TAG_CANCEL, TAG_TIMEOUT };

static void uring_open(void)
{
	int err = io_uring_queue_init(8, &ring, 0);
	struct io_uring_probe *probe;

	if (err == -ENOSYS || err == -EPERM)
		skip(strerror(-err));
	if (err)
		fail("io_uring_queue_init: %s", strerror(-err));
	probe = io_uring_get_probe_ring(&ring);
	if (!probe || !io_uring_opcode_supported(probe, IORING_OP_CONNECT))
		skip("io_uring has no connect");
	/* both since 5.19: until then no hook could know it before the file is looked up */
	fd_told = io_uring_opcode_supported(probe, IORING_OP_SOCKET);
	io_uring_free_probe(probe);
}

static void uring_submit(struct row *r, int fd, const struct dest *d, unsigned int flags)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

	prepare(r, fd);
	r->via = text("io_uring");
	io_uring_prep_connect(sqe, fd, &d->sa, d->len);
	sqe->flags |= flags;
	sqe->user_data = TAG_CONNECT;
	r->t0 = now();
	if (io_uring_submit(&ring) < 1)
		fail("io_uring_submit");
	r->begun = now();
}

static void uring_reap(struct row *r, int fd, const struct dest *d)
{
	int64_t begun = r->begun;

	for (;;) {
		struct io_uring_cqe *cqe;
		uint64_t tag;
		int err = io_uring_wait_cqe(&ring, &cqe);

		if (err)
			fail("io_uring_wait_cqe: %s", strerror(-err));
		tag = cqe->user_data;
		r->ret = num(cqe->res);
		io_uring_cqe_seen(&ring, cqe);
		if (tag == TAG_CONNECT)
			break;
	}
	r->t1 = now();
	learn(r, fd, d);
	r->begun = begun;
	if (!fd_told)
		r->fd = nil;
}

static void uring_plain(int fd, const struct dest *d, int ret)
{
	struct row r = { 0 };

	uring_open();
	uring_submit(&r, fd, d, 0);
	uring_reap(&r, fd, d);
	expect_ret(&r, ret);
	settled(&r);
}

static void uring_ok(void)
{
	struct dest d;

	listening(AF_INET, &d);
	uring_plain(new_socket(AF_INET, SOCK_STREAM, 0), &d, 0);
}

static void uring_refused(void)
{
	struct dest d;

	bound(AF_INET, SOCK_STREAM, 0, &d);
	uring_plain(new_socket(AF_INET, SOCK_STREAM, 0), &d, -ECONNREFUSED);
}

static void uring_wait(void)
{
	int fd = new_socket(AF_INET, SOCK_STREAM, 0);
	struct row r = { 0 };
	struct dest d;
	int listener = black_hole(&d);
	int64_t opened;

	uring_open();
	uring_submit(&r, fd, &d, 0);
	nap(300);
	opened = open_up(listener);
	uring_reap(&r, fd, &d);
	expect_ret(&r, 0);
	r.lo = opened - r.begun;
	settled(&r);
}

static void uring_udp(void)
{
	struct dest d;

	bound(AF_INET, SOCK_DGRAM, 0, &d);
	uring_plain(new_socket(AF_INET, SOCK_DGRAM, 0), &d, 0);
}

static void uring_unix(void)
{
	struct dest d = unix_at("sock");

	unix_server(SOCK_STREAM, &d);
	uring_plain(new_socket(AF_UNIX, SOCK_STREAM, 0), &d, 0);
}

static void uring_missing(void)
{
	struct dest d = unix_at("none");

	uring_plain(new_socket(AF_UNIX, SOCK_STREAM, 0), &d, -ENOENT);
}

static void uring_cancel(void)
{
	int fd = new_socket(AF_INET, SOCK_STREAM, 0);
	struct io_uring_sqe *sqe;
	struct row r = { 0 };
	int64_t cancelled;
	struct dest d;

	black_hole(&d);
	uring_open();
	uring_submit(&r, fd, &d, 0);
	nap(200);
	sqe = io_uring_get_sqe(&ring);
	io_uring_prep_cancel64(sqe, TAG_CONNECT, 0);
	sqe->user_data = TAG_CANCEL;
	cancelled = now();
	if (io_uring_submit(&ring) != 1)
		fail("io_uring_submit");
	uring_reap(&r, fd, &d);
	if (r.ret.v != -EINTR) /* where a worker thread waits, it gets a signal */
		expect_ret(&r, -ECANCELED);
	r.lo = cancelled - r.begun;
	returned(&r);
	nap(100);
	close_pending(&r, fd);
}

/* A worker thread makes it; which thread the row names is open. */
static void uring_async(void)
{
	int fd = new_socket(AF_INET, SOCK_STREAM, 0);
	struct row r = { 0 };
	struct dest d;

	listening(AF_INET, &d);
	uring_open();
	uring_submit(&r, fd, &d, IOSQE_ASYNC);
	uring_reap(&r, fd, &d);
	expect_ret(&r, 0);
	r.tid.is = r.thread.is = LEFT_OUT;
	settled(&r);
}

/* A request that waits while connect(2) begins a connection on its socket is no part of that. */
static void uring_linked(void)
{
	struct __kernel_timespec wait = { .tv_sec = 1 };
	int fd = new_socket(AF_INET, SOCK_STREAM, 0);
	struct row r = { 0 }, again = { 0 };
	struct io_uring_sqe *sqe;
	struct dest d;

	black_hole(&d);
	no_block(fd);
	uring_open();
	sqe = io_uring_get_sqe(&ring);
	io_uring_prep_timeout(sqe, &wait, 0, 0);
	sqe->flags |= IOSQE_IO_HARDLINK;
	sqe->user_data = TAG_TIMEOUT;
	uring_submit(&again, fd, &d, 0);
	call(&r, fd, &d.sa, d.len, &d);
	expect_ret(&r, -EINPROGRESS);
	returned(&r);
	uring_reap(&again, fd, &d);
	expect_ret(&again, -EALREADY);
	again.addr_from = text("user");
	settled(&again);
	close_pending(&r, fd);
}
#endif

/* ---- running the cases ---- */

static const struct {
	const char *name;
	void (*run)(void);
	bool slow; /* runs beside the others */
} cases[] = {
	{ "tcp_timeout", tcp_timeout, true },
	{ "nb_timeout", nb_timeout, true },
	{ "nb_taken", nb_taken, true },
	{ "nb_late", nb_late, true },
	{ "sa_restart", sa_restart, true },
	{ "eintr", eintr, true },
	{ "sndtimeo", sndtimeo, true },
	{ "killed", killed, true },
	{ "nb_closed", nb_closed, true },
	{ "nb_unspec", nb_unspec, true },
	{ "nb_exit", nb_exit, true },
#ifndef TRAFFIC32
	{ "uring_wait", uring_wait, true },
	{ "uring_cancel", uring_cancel, true },
	{ "uring_linked", uring_linked, true },
#endif
	{ "tcp_ok", tcp_ok, false },
	{ "tcp_any", tcp_any, false },
	{ "tcp_refused", tcp_refused, false },
	{ "tcp_unreach", tcp_unreach, false },
	{ "tcp_isconn", tcp_isconn, false },
	{ "tcp6", tcp6, false },
	{ "v4mapped", v4mapped, false },
	{ "mptcp", mptcp, false },
	{ "nb_ok", nb_ok, false },
	{ "nb_ok_2nd", nb_ok_2nd, false },
	{ "nb_already", nb_already, false },
	{ "nb_refused", nb_refused, false },
	{ "unspec_tcp", unspec_tcp, false },
	{ "unspec_udp", unspec_udp, false },
	{ "udp", udp, false },
	{ "udp6", udp6, false },
	{ "dup_family", dup_family, false },
	{ "unix_path", unix_path, false },
	{ "unix_link", unix_link, false },
	{ "unix_long", unix_long, false },
	{ "unix_abstract", unix_abstract, false },
	{ "unix_dgram", unix_dgram, false },
	{ "unix_missing", unix_missing, false },
	{ "unix_unnamed", unix_unnamed, false },
	{ "netlink", netlink, false },
	{ "badfd", badfd, false },
	{ "notsock", notsock, false },
	{ "efault", efault, false },
	{ "badlen", badlen, false },
	{ "nonresident", nonresident, false },
	{ "flip", flip, false },
	{ "threads", threads, false },
	{ "tfo_ok", tfo_ok, false },
	{ "tfo_refused", tfo_refused, false },
#ifndef TRAFFIC32
	{ "uring_ok", uring_ok, false },
	{ "uring_refused", uring_refused, false },
	{ "uring_udp", uring_udp, false },
	{ "uring_unix", uring_unix, false },
	{ "uring_missing", uring_missing, false },
	{ "uring_async", uring_async, false },
#endif
};

#define NCASES (int)(sizeof(cases) / sizeof(cases[0]))

/* In a process of its own, so that nothing of a case outlives it. */
static pid_t start_case(int i)
{
	pid_t pid;

	this_case = cases[i].name;
	pid = must(fork());
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(case_seconds());
		if (opt_named)
			prctl(PR_SET_NAME, this_case);
		cases[i].run();
		_exit(0);
	}
	return pid;
}

static bool end_case(int i, pid_t pid)
{
	int status;

	this_case = cases[i].name;
	must(waitpid(pid, &status, 0));
	if (WIFSIGNALED(status))
		fprintf(stderr, "FAIL %s: signal %d\n", this_case, WTERMSIG(status));
	return WIFEXITED(status) &&
	       (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == EXIT_SKIP);
}

static void remove_dir(void)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d)))
		unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
	rmdir(dir);
}

static int usage(const char *why)
{
	fprintf(stderr,
		"traffic: %s\n"
		"usage: traffic [--final] [--named] [--list] [--expect FILE] "
#ifdef TRAFFIC32
		"[--no-compat] [--socketcall] "
#endif
		"CASE...|all\n",
		why);
	return 2;
}

static bool choose(const char *name, bool chosen[])
{
	bool found = false;

	for (int i = 0; i < NCASES; i++) {
		if (!strcmp(name, "all") || !strcmp(name, cases[i].name))
			found = chosen[i] = true;
	}
	return found;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "final", no_argument, NULL, 'f' },
		{ "list", no_argument, NULL, 'l' },
		{ "expect", required_argument, NULL, 'e' },
		{ "named", no_argument, NULL, 'c' },
#ifdef TRAFFIC32
		{ "no-compat", no_argument, NULL, 'n' },
		{ "socketcall", no_argument, NULL, 's' },
#endif
		{ 0 },
	};
	bool chosen[NCASES] = { false };
	pid_t pids[NCASES];
	bool good = true;
	int c;

	this_case = "traffic";
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'f':
			opt_final = true;
			break;
		case 'l':
			for (int i = 0; i < NCASES; i++)
				puts(cases[i].name);
			return 0;
		case 'c':
			opt_named = true;
			break;
		case 'e':
			out = must(open(optarg,
					O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC,
					0644));
			break;
#ifdef TRAFFIC32
		case 'n':
			opt_no_compat = opt_final = true;
			break;
		case 's':
			opt_socketcall = true;
			break;
#endif
		default:
			return usage("unknown option");
		}
	}
	if (optind == argc)
		return usage("no case given");
	if (!strcmp(argv[optind], "flood") && optind + 2 == argc) {
		prctl(PR_SET_NAME, "traffic");
		return flood(argv[optind + 1]);
	}
	if (!strcmp(argv[optind], "processes") && optind + 3 == argc) {
		prctl(PR_SET_NAME, "traffic");
		return processes(argv[optind + 1], argv[optind + 2]);
	}
	for (; optind < argc; optind++) {
		if (!choose(argv[optind], chosen))
			return usage("no such case, see --list");
	}

	prctl(PR_SET_NAME, "traffic");
	strcpy(dir, "/tmp/traffic.XXXXXX");
	if (!mkdtemp(dir))
		fail("%s: %s", dir, strerror(errno));
	for (int i = 0; i < NCASES; i++) {
		if (chosen[i])
			pids[i] = start_case(i);
		if (chosen[i] && !cases[i].slow)
			good &= end_case(i, pids[i]);
	}
	for (int i = 0; i < NCASES; i++) {
		if (chosen[i] && cases[i].slow)
			good &= end_case(i, pids[i]);
	}
	remove_dir();
	return !good;
}
