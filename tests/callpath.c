// SPDX-License-Identifier: GPL-2.0
/*
 * callpath.c - sends messages from call paths that the tests know: main -> outer -> middle -> leaf
 * -> send(2), from its first thread and from another one. Built with and without frame pointers.
 *
 *	callpath [-w] ONE [TWO [THREE]]
 *
 * ONE messages from main before there are threads, TWO from another thread, THREE from main
 * afterwards. -w: and then wait for the end of standard input. Prints nothing.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>

static int ends[2];

/* Not to be inlined, and not to end with a jump. */
#define FUNCTION __attribute__((noinline, noclone)) static void
#define RETURN __asm__ volatile("")

FUNCTION leaf(void)
{
	char byte = 0;

	if (send(ends[0], &byte, 1, 0) != 1 || read(ends[1], &byte, 1) != 1)
		abort();
	RETURN;
}

FUNCTION middle(void)
{
	leaf();
	RETURN;
}

FUNCTION outer(int n)
{
	while (n-- > 0)
		middle();
	RETURN;
}

static void *thread(void *n)
{
	outer(atoi(n));
	RETURN;
	return NULL;
}

int main(int argc, char **argv)
{
	int waits = argc > 1 && !strcmp(argv[1], "-w");
	pthread_t other;
	char byte;

	argv += waits;
	argc -= waits;
	if (argc < 2 || socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		return 1;
	outer(atoi(argv[1]));
	if (argc > 2) {
		if (pthread_create(&other, NULL, thread, argv[2]))
			return 1;
		pthread_join(other, NULL);
	}
	if (argc > 3)
		outer(atoi(argv[3]));
	while (waits && read(0, &byte, 1) == 1)
		;
	return 0;
}
