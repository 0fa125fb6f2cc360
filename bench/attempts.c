// SPDX-License-Identifier: GPL-2.0
/*
 * attempts.c - attaches the programs of attempts.bpf.c for one tool by one route, or those of
 * truths.bpf.c up to a rung (truths.h), says "attached", and takes what rows come, until a signal; with
 * a command, runs that once it is attached, and ends with it. With $KEPT, a folder, what the kernel's
 * BTF says is read once: it is kept there for the next time.
 *
 *	attempts sofamily fentry|tracepoint|raw [COMMAND [ARGS]]
 *	attempts sofamily+RUNG fentry|tracepoint [COMMAND [ARGS]]
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "../src/types.h"
#include "truths.h"

extern const char attempts_bpf[], attempts_bpf_end[], truths_bpf[], truths_bpf_end[];

static int fail(const char *what)
{
	fprintf(stderr, "attempts: %s: %s\n", what, strerror(errno));
	return 1;
}

static int keep(const char *folder, const struct filled *half)
{
	char path[PATH_MAX], command[PATH_MAX];
	FILE *f;

	snprintf(path, sizeof(path), "%s/object", folder);
	snprintf(command, sizeof(command), "cp /proc/%d/fd/%d '%s/btf'", getpid(), half->fd, folder);
	f = fopen(path, "w");
	return !f || fwrite(half->object, half->size, 1, f) != 1 || fclose(f) || system(command);
}

static int take_kept(const char *folder, struct filled *half)
{
	char path[PATH_MAX];
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "%s/object", folder);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		return 1;
	half->size = st.st_size;
	half->object = mmap(NULL, half->size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	close(fd);
	return half->object == MAP_FAILED;
}

/* The programs up to a rung, on as many CPUs as there are. */
static int climb(struct bpf_object *object, const char *number)
{
	uint32_t rung = atoi(number);

	bpf_map__set_max_entries(bpf_object__find_map_by_name(object, "tally"),
				 libbpf_num_possible_cpus());
	return bpf_map__set_initial_value(bpf_object__find_map_by_name(object, ".rodata.rung"), &rung,
					  sizeof(rung));
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
	const char *kept = getenv("KEPT");
	struct filled half;
	char first[64], second[64], btf[PATH_MAX], *tool, *rung;
	bool returns;

	if (argc < 3) {
		fprintf(stderr, "usage: attempts TOOL[+RUNG] ROUTE [COMMAND]\n");
		return 2;
	}
	tool = argv[1];
	rung = strchr(tool, '+');
	if (rung)
		*rung++ = 0;
	if (kept && !take_kept(kept, &half)) {
		snprintf(btf, sizeof(btf), "%s/btf", kept);
	} else {
		/* as the tools do */
		if (rung)
			types_fill(&half, truths_bpf, truths_bpf_end - truths_bpf);
		else
			types_fill(&half, attempts_bpf, attempts_bpf_end - attempts_bpf);
		snprintf(btf, sizeof(btf), "%s", half.btf);
		if (kept && keep(kept, &half))
			return fail(kept);
	}
	options.btf_custom_path = *btf ? btf : NULL;
	object = bpf_object__open_mem(half.object, half.size, &options);
	if (!object)
		return fail("its object");
	returns = !rung || atoi(rung) >= RUNG_RETURN;
	if (rung && climb(object, rung))
		return fail("its rung");
	/* the other tools send nothing */
	if (strcmp(tool, "soconnect"))
		bpf_map__set_max_entries(bpf_object__find_map_by_name(object, "rows"), getpagesize());
	libbpf_set_print(NULL);
	snprintf(first, sizeof(first), "%s__%s", tool, argv[2]);
	snprintf(second, sizeof(second), "%s_ret__%s", tool, argv[2]);
	bpf_object__for_each_program(program, object) {
		const char *name = bpf_program__name(program);

		bpf_program__set_autoload(program, !strcmp(name, first) ||
							   (!strcmp(name, second) && returns));
	}
	if (bpf_object__load(object))
		return fail("does not load");
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
