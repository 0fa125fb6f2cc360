// SPDX-License-Identifier: GPL-2.0
/*
 * generate.c - the benchmarks' traffic: one thread does one thing over and over, and says what
 * that cost.
 *
 *	generate [OPTIONS] WORKLOAD...	  "WORKLOAD COST" for each: CPU time of an operation, ns
 *	generate --seconds S WORKLOAD...  all it can in that time: "WORKLOAD OPERATIONS SECONDS"
 *	generate now			  CLOCK_MONOTONIC in ns: when it came to run; and the most
 *					  memory that the process had which started it, KiB
 *
 *	--cpu N		on that CPU
 *	--rate N	that many a second; between them it spins, and isn't timed
 *	--instructions	cost by the time-stamp counter: instructions under QEMU's -icount
 *
 * A workload is 25 chunks of operations after one to warm up, and its cost is that of the chunk
 * at the first quartile: what else happens on the machine makes chunks dearer, never cheaper. By
 * instructions it is that of the cheapest chunk, which repeats best.
 */
#include <netinet/in.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CHUNKS 25

static int fds[2];
static struct sockaddr_in inet_addr_ = { .sin_family = AF_INET };
static struct sockaddr_un unix_addr = { .sun_family = AF_UNIX, .sun_path = "\0sockray-bench" };

static bool by_instructions;
static long rate;

static int check(int result, const char *what)
{
	if (result < 0) {
		perror(what);
		exit(1);
	}
	return result;
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static uint64_t cost_now(void)
{
#ifdef __x86_64__
	if (by_instructions)
		return __builtin_ia32_rdtsc();
#endif
	return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

static void udp_begin(void)
{
	inet_addr_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	inet_addr_.sin_port = htons(9);
	fds[0] = check(socket(AF_INET, SOCK_DGRAM, 0), "socket");
}

static void udp(void)
{
	check(connect(fds[0], (void *)&inet_addr_, sizeof(inet_addr_)), "connect");
}

static void unix_begin(void)
{
	fds[1] = check(socket(AF_UNIX, SOCK_DGRAM, 0), "socket");
	snprintf(unix_addr.sun_path + 1, sizeof(unix_addr.sun_path) - 1, "sockray-bench-%d",
		 getpid());
	check(bind(fds[1], (void *)&unix_addr, sizeof(unix_addr)), "bind");
	fds[0] = check(socket(AF_UNIX, SOCK_DGRAM, 0), "socket");
}

static void unix_(void)
{
	check(connect(fds[0], (void *)&unix_addr, sizeof(unix_addr)), "connect");
}

static void sendrecv_begin(void)
{
	check(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), "socketpair");
}

static void sendrecv(void)
{
	char byte = 0;

	check(send(fds[0], &byte, 1, 0), "send");
	check(recv(fds[1], &byte, 1, 0), "recv");
}

static void tcp_begin(void)
{
	socklen_t len = sizeof(inet_addr_);

	inet_addr_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	inet_addr_.sin_port = 0;
	fds[0] = check(socket(AF_INET, SOCK_STREAM, 0), "socket");
	check(bind(fds[0], (void *)&inet_addr_, sizeof(inet_addr_)), "bind");
	check(listen(fds[0], 16), "listen");
	check(getsockname(fds[0], (void *)&inet_addr_, &len), "getsockname");
	fds[1] = -1;
}

static void tcp(void)
{
	struct linger reset = { .l_onoff = 1 };
	int client = check(socket(AF_INET, SOCK_STREAM, 0), "socket"), server;

	check(connect(client, (void *)&inet_addr_, sizeof(inet_addr_)), "connect");
	server = check(accept(fds[0], NULL, NULL), "accept");
	setsockopt(client, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(client);
	close(server);
}

static void getppid_begin(void)
{
	fds[0] = fds[1] = -1;
}

static void getppid_(void)
{
	syscall(SYS_getppid);
}

static const struct workload {
	const char *name;
	void (*begin)(void), (*op)(void);
	int ops; /* a chunk of them takes some 8 ms, or 300,000 instructions */
	int ops_emulated;
} workloads[] = {
	{ "udp", udp_begin, udp, 8000, 150 },
	{ "unix", unix_begin, unix_, 12000, 150 },
	{ "sendrecv", sendrecv_begin, sendrecv, 4000, 100 },
	{ "tcp", tcp_begin, tcp, 250, 20 },
	{ "getppid", getppid_begin, getppid_, 40000, 1000 },
	{},
};

static uint64_t slot; /* when the next operation is due, with a rate */

static void await_slot(void)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);

	/* a rate that can't be kept isn't made up for */
	slot = slot + 1000000000 / rate > now ? slot + 1000000000 / rate : now;
	while (clock_ns(CLOCK_MONOTONIC) < slot)
		;
}

static double chunk(const struct workload *w, int ops)
{
	uint64_t start = cost_now(), sum = 0;

	if (!rate) {
		for (int i = 0; i < ops; i++)
			w->op();
		return (double)(cost_now() - start) / ops;
	}
	for (int i = 0; i < ops; i++) {
		await_slot();
		start = cost_now();
		w->op();
		sum += cost_now() - start;
	}
	return (double)sum / ops;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void measure(const struct workload *w)
{
	double cost[CHUNKS];
	int ops = by_instructions ? w->ops_emulated : w->ops;

	/* of what comes slowly there can't be as many: 20 ms a chunk */
	if (rate)
		ops = rate / 50 > 0 ? rate / 50 : 1;
	chunk(w, ops);
	for (int i = 0; i < CHUNKS; i++)
		cost[i] = chunk(w, ops);
	qsort(cost, CHUNKS, sizeof(*cost), by_size);
	printf("%s %.1f\n", w->name, cost[by_instructions ? 0 : CHUNKS / 4]);
}

static void flood(const struct workload *w, double seconds)
{
	uint64_t start = clock_ns(CLOCK_MONOTONIC), now, end = start + seconds * 1e9, ops = 0;

	do {
		for (int i = 0; i < 64; i++) {
			if (rate)
				await_slot();
			w->op();
		}
		ops += 64;
		now = clock_ns(CLOCK_MONOTONIC);
	} while (now < end);
	printf("%s %llu %.6f\n", w->name, (unsigned long long)ops, (now - start) / 1e9);
}

static void run(const char *name, double seconds)
{
	const struct workload *w = workloads;

	while (w->name && strcmp(w->name, name))
		w++;
	if (!w->name) {
		fprintf(stderr, "generate: no workload \"%s\"\n", name);
		exit(2);
	}
	w->begin();
	slot = 0;
	if (seconds > 0)
		flood(w, seconds);
	else
		measure(w);
	fflush(stdout);
	for (int i = 0; i < 2; i++)
		if (fds[i] > 0)
			close(fds[i]);
	fds[0] = fds[1] = -1;
}

/* Not by getrusage, where a process begins with the memory of the one that it was forked from. */
static long peak_memory(int pid)
{
	char name[32], line[128];
	long kib = 0;
	FILE *f;

	snprintf(name, sizeof(name), "/proc/%d/status", pid);
	f = fopen(name, "r");
	while (f && !kib && fgets(line, sizeof(line), f))
		sscanf(line, "VmHWM: %ld", &kib);
	if (f)
		fclose(f);
	return kib;
}

int main(int argc, char **argv)
{
	double seconds = 0;
	int i;

	if (argc == 2 && !strcmp(argv[1], "now")) {
		printf("%llu", (unsigned long long)clock_ns(CLOCK_MONOTONIC));
		printf(" %ld\n", peak_memory(getppid()));
		return 0;
	}
	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "--instructions")) {
			by_instructions = true;
		} else if (i + 1 < argc && !strcmp(argv[i], "--cpu")) {
			cpu_set_t cpus;

			CPU_ZERO(&cpus);
			CPU_SET(atoi(argv[++i]), &cpus);
			check(sched_setaffinity(0, sizeof(cpus), &cpus), "--cpu");
		} else if (i + 1 < argc && !strcmp(argv[i], "--rate")) {
			rate = atol(argv[++i]);
		} else if (i + 1 < argc && !strcmp(argv[i], "--seconds")) {
			seconds = atof(argv[++i]);
		} else {
			i = argc;
		}
	}
	if (i >= argc) {
		fprintf(stderr, "usage: generate [--cpu N] [--rate N] [--instructions] "
				"[--seconds S] WORKLOAD... | now\n");
		return 2;
	}
	for (; i < argc; i++)
		run(argv[i], seconds);
	return 0;
}
