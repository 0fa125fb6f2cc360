/* SPDX-License-Identifier: GPL-2.0 */
/*
 * blocked - has 64 threads waiting in accept(2) and 64 in recv(2), says "ready", and lets them
 * return only when a line comes on stdin: by 64 connects and 64 sends of its first thread. So a tool
 * that starts in between has to see calls return that it did not see begin.
 *
 *	gcc -std=gnu11 -Wall -Wextra -O2 -pthread blocked.c -o blocked
 */
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define N 64

static int listener, pairs[N][2];
static pid_t tids[2 * N];

static void check(bool good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(1);
}

static void *accepts(void *arg)
{
	tids[(intptr_t)arg] = syscall(SYS_gettid);
	check(accept(listener, NULL, NULL) >= 0, "accept");
	return NULL;
}

static void *receives(void *arg)
{
	intptr_t i = (intptr_t)arg;
	char byte;

	tids[N + i] = syscall(SYS_gettid);
	check(recv(pairs[i][1], &byte, 1, 0) == 1, "recv");
	return NULL;
}

/* Does the thread sleep in a system call of this number? */
static bool is_in(pid_t tid, const char *call)
{
	char path[64], line[64] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", tid);
	f = fopen(path, "r");
	check(f, path);
	if (!fgets(line, sizeof(line), f))
		line[0] = 0;
	fclose(f);
	return !strncmp(line, call, strlen(call));
}

static void await(pid_t *tid, int call)
{
	char number[16];

	snprintf(number, sizeof(number), "%d ", call);
	while (!*(volatile pid_t *)tid || !is_in(*tid, number))
		usleep(1000);
}

int main(void)
{
	struct sockaddr_in here = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(here);
	pthread_t threads[2 * N];

	prctl(PR_SET_NAME, "blocked");
	listener = socket(AF_INET, SOCK_STREAM, 0);
	check(!bind(listener, (struct sockaddr *)&here, len) && !listen(listener, N) &&
		      !getsockname(listener, (struct sockaddr *)&here, &len),
	      "listen");
	for (intptr_t i = 0; i < N; i++) {
		check(!socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]), "socketpair");
		check(!pthread_create(&threads[i], NULL, accepts, (void *)i), "thread");
		check(!pthread_create(&threads[N + i], NULL, receives, (void *)i), "thread");
	}
	for (int i = 0; i < N; i++) {
		await(&tids[i], SYS_accept);
		await(&tids[N + i], SYS_recvfrom);
	}
	puts("ready");
	fflush(stdout);
	getchar();
	for (int i = 0; i < N; i++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		check(!connect(fd, (struct sockaddr *)&here, len), "connect");
		check(send(pairs[i][0], "", 1, 0) == 1, "send");
	}
	for (int i = 0; i < 2 * N; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
