// SPDX-License-Identifier: GPL-2.0
/*
 * callpath.c - sends messages from call paths that the tests know: main -> outer -> middle -> leaf
 * -> send(2), from its first thread and from another one. Built with and without frame pointers.
 *
 *	callpath [-w] ONE [TWO [THREE]] [-x PROGRAM [ARGUMENTS...]]
 *
 * ONE messages from main before there are threads, TWO from another thread, THREE from main
 * afterwards. -w: and then wait for the end of standard input. -x: and then become PROGRAM.
 *
 * LEAF chooses how leaf sends: SEND; or, on x86-64, by functions in assembler: GLUE, one that has
 * no unwind table calls it; STALE, one without a frame, and above its stack pointer lies a return
 * address that isn't its own; SAVED, one that has saved the frame pointer, and a false one before.
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

#define SEND 0
#define GLUE 1
#define STALE 2
#define SAVED 3
#ifndef LEAF
#define LEAF SEND
#endif

long raw_send(int fd, const char *byte);
void glue(void);
void leaf(void);

#if LEAF == STALE || LEAF == SAVED
#define FRAME(name, before, after)                                                             \
	__asm__(".text\n.type raw_send, @function\n"                                           \
		"stray: call stray\n1: ret\n"                                                  \
		"raw_send: .cfi_startproc\n" before                                            \
		"mov $44, %eax\nmov $1, %edx\nxor %r10, %r10\nxor %r8, %r8\nxor %r9, %r9\n"   \
		"syscall\n" after "ret\n.cfi_endproc\n.size raw_send, .-raw_send\n")
#if LEAF == STALE
FRAME(stale,
      "sub $24, %rsp\n.cfi_adjust_cfa_offset 24\n"
      "lea 1b(%rip), %rax\nmov %rax, (%rsp)\nmovq $0, 8(%rsp)\nmovq $0, 16(%rsp)\n",
      "add $24, %rsp\n.cfi_adjust_cfa_offset -24\n");
#else
FRAME(saved,
      "push (%rbp)\n.cfi_adjust_cfa_offset 8\n"
      "push %rbp\n.cfi_adjust_cfa_offset 8\n.cfi_rel_offset rbp, 0\nxor %ebp, %ebp\n",
      "pop %rbp\n.cfi_adjust_cfa_offset -8\n.cfi_restore rbp\n"
      "pop %rax\n.cfi_adjust_cfa_offset -8\n");
#endif
#define send_byte(byte) raw_send(ends[0], byte)
#else
#define send_byte(byte) send(ends[0], byte, 1, 0)
#endif

__attribute__((noinline, noclone)) void leaf(void)
{
	char byte = 0;

	if (send_byte(&byte) < 0 || read(ends[1], &byte, 1) != 1)
		abort();
	RETURN;
}

#if LEAF == GLUE
__asm__(".text\n.type glue, @function\n"
	"glue: sub $8, %rsp\ncall leaf\nadd $8, %rsp\nret\n.size glue, .-glue\n");
#else
#define glue leaf
#endif

FUNCTION middle(void)
{
	glue();
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
	char **program = NULL, byte;
	pthread_t other;

	argv += waits;
	argc -= waits;
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "-x")) {
			program = argv + i + 1;
			argc = i;
		}
	}
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
	if (program)
		execv(*program, program);
	return program != NULL;
}
