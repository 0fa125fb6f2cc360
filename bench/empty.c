// SPDX-License-Identifier: GPL-2.0
/*
 * empty.c - attaches a program that does nothing to each hook that is named, as a tool's -v
 * names them, says "attached", and waits for a signal; or for a command, which it runs then.
 *
 *	empty tracepoint:syscalls:sys_enter_connect fentry:__sys_connect ... [-- COMMAND [ARGS]]
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/libbpf.h>

extern const char empty_bpf[], empty_bpf_end[];

static void die(const char *hook, const char *what)
{
	fprintf(stderr, "empty: %s: %s: %s\n", hook, what, strerror(errno));
	exit(1);
}

/* KIND:TARGET, of a tracepoint KIND:CATEGORY:NAME. Each gets a program of its own. */
static void attach(const char *hook)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "empty");
	struct bpf_object *object =
		bpf_object__open_mem(empty_bpf, empty_bpf_end - empty_bpf, &options);
	char *kind = strdup(hook), *target = strchr(kind, ':'), *name;
	struct bpf_program *program;
	struct bpf_link *link;

	if (!object || !target)
		die(hook, "not a hook");
	*target++ = 0;
	program = bpf_object__find_program_by_name(object, kind);
	if (!program)
		die(hook, "no such kind of program");
	bpf_program__set_autoload(program, true);
	if (kind[0] == 'f' && bpf_program__set_attach_target(program, 0, target))
		die(hook, "no such function");
	if (bpf_object__load(object))
		die(hook, "does not load");
	if (!strcmp(kind, "tracepoint")) {
		name = strchr(target, ':');
		if (!name)
			die(hook, "not a tracepoint");
		*name++ = 0;
		link = bpf_program__attach_tracepoint(program, target, name);
	} else if (!strcmp(kind, "raw_tp")) {
		link = bpf_program__attach_raw_tracepoint(program, target);
	} else if (!strcmp(kind, "kprobe")) {
		link = bpf_program__attach_kprobe(program, false, target);
	} else {
		link = bpf_program__attach(program);
	}
	if (!link)
		die(hook, "does not attach");
	free(kind);
}

int main(int argc, char **argv)
{
	char **hook = argv + 1;

	libbpf_set_print(NULL);
	for (; *hook && strcmp(*hook, "--"); hook++)
		attach(*hook);
	fprintf(stderr, "attached\n");
	if (hook < argv + argc) {
		pid_t child = fork();

		if (!child) {
			execv(hook[1], hook + 1);
			die(hook[1], "can't be run");
		}
		return waitpid(child, NULL, 0) != child;
	}
	pause();
	return 0;
}
