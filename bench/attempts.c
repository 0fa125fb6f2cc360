// SPDX-License-Identifier: GPL-2.0
/*
 * attempts.c - attaches the programs of attempts.bpf.c for one tool by one route, says "attached",
 * and takes what rows come, until a signal; with a command, runs that once it is attached, and ends
 * with it.
 *
 *	attempts sofamily fentry|tracepoint|raw [COMMAND [ARGS]]
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "../src/types.h"

extern const char attempts_bpf[], attempts_bpf_end[];

static int fail(const char *what)
{
	fprintf(stderr, "attempts: %s: %s\n", what, strerror(errno));
	return 1;
}

static int drop(void *ctx, void *row, size_t size)
{
	(void)ctx, (void)row, (void)size;
	return 0;
}

int main(int argc, char **argv)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "attempts");
	struct bpf_object *object;
	struct bpf_program *program;
	struct ring_buffer *ring;
	struct filled half;
	char first[64], second[64];

	/* as the tools do */
	types_fill(&half, attempts_bpf, attempts_bpf_end - attempts_bpf);
	options.btf_custom_path = *half.btf ? half.btf : NULL;
	object = bpf_object__open_mem(half.object, half.size, &options);
	if (argc < 3 || !object)
		return fail("usage: attempts TOOL ROUTE [COMMAND]");
	libbpf_set_print(NULL);
	snprintf(first, sizeof(first), "%s__%s", argv[1], argv[2]);
	snprintf(second, sizeof(second), "%s_ret__%s", argv[1], argv[2]);
	bpf_object__for_each_program(program, object) {
		const char *name = bpf_program__name(program);

		bpf_program__set_autoload(program, !strcmp(name, first) || !strcmp(name, second));
	}
	if (bpf_object__load(object))
		return fail("does not load");
	types_free(&half);
	bpf_object__for_each_program(program, object)
		if (bpf_program__autoload(program) && !bpf_program__attach(program))
			return fail(bpf_program__name(program));
	ring = ring_buffer__new(bpf_object__find_map_fd_by_name(object, "rows"), drop, NULL, NULL);
	if (!ring)
		return fail("rows");
	fprintf(stderr, "attached\n");
	if (argc > 3) {
		pid_t child = fork();

		if (!child) {
			execv(argv[3], argv + 3);
			_exit(fail(argv[3]));
		}
		return waitpid(child, NULL, 0) != child;
	}
	for (;;) {
		ring_buffer__consume(ring);
		usleep(20000);
	}
}
