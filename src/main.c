/* SPDX-License-Identifier: GPL-2.0 */
/*
 * main.c - from argv to a verb or a tool. A link to the program that is named after a tool is
 * that tool; "sockray TOOL" always works.
 */
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "complete.h"
#include "doctor.h"
#include "option.h"
#include "suggest.h"
#include "version.h"

static void list_tools(void)
{
	for_each_tool(t)
		printf("%-12s %s\n", (*t)->name, (*t)->help);
}

/* What may stand in a tool's place, and what it is. */
static const char *const verbs[] = {
	"list", "the tools, a line each",
	"doctor", "what this host lets them see",
	"help", "all options of a tool",
	"--help", "this program",
	"--version", "version",
	NULL,
};

static int help(void)
{
	printf("sockray - an X-ray for sockets: what processes do at the socket layer\n\n"
	       "Usage: sockray TOOL [OPTIONS]   (sockray TOOL -h: its main options, and examples)\n"
	       "       sockray list             the tools, a line each\n"
	       "       sockray doctor           what this host lets them see\n"
	       "       sockray help TOOL        all options of one\n\n");
	list_tools();
	return EXIT_OK;
}

/* NAME is no tool nor, with VERB, a verb. */
static int unknown(const char *name, bool verb)
{
	struct suggestion near;

	suggest_for(&near, name, strlen(name));
	for_each_tool(t) {
		suggest_word(&near, (*t)->name);
		suggest_alias(&near, (*t)->name + strlen("so"), (*t)->name);
	}
	for (const char *const *v = verbs; verb && *v; v += 2)
		suggest_word(&near, *v);
	fail(0, "there is no tool %s\"%.64s\" (\"sockray%s\" names them)%s", verb ? "or verb " : "",
	     name, verb ? "" : " list", suggest_end(&near, ""));
	return EXIT_USAGE;
}

/* LINK: by a link to this program, whose name is the user's name for the tool. */
static int run(const struct tool *tool, bool link, int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	static char words[32];
	struct run run;
	int code;

	util_program(link ? slash ? slash + 1 : argv[0] : tool->name);
	snprintf(words, sizeof(words), "sockray %s", tool->name);
	util_called(link ? NULL : words);
	code = option_parse(&run, tool, argc, argv);
	return code >= 0 ? code : run_tool(&run);
}

/* A closed descriptor 0, 1 or 2 would become our output file's, and messages go into it. */
static void keep_standard_files(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY); /* so that writing to them fails */
	while (fd >= 0 && fd <= 2);
	if (fd > 2)
		close(fd);
}

/* What was printed to stdout must have got there. */
static int flushed(int code)
{
	if (fflush(stdout) || ferror(stdout)) {
		fail(0, "can't write stdout");
		return EXIT_ERROR;
	}
	return code;
}

int main(int argc, char **argv)
{
	const struct tool *tool;

	if (!argc)
		return EXIT_USAGE;
	keep_standard_files();
	/*
	 * Large blocks come and go at the start, once for each try: objects, and for fentry the
	 * kernel's BTF, twice 5 MiB. By
	 * default malloc() takes that for a habit, and keeps the room for the rest of the run.
	 */
	mallopt(M_MMAP_THRESHOLD, 128 * 1024);
	tool = tool_called(argv[0]);
	if (tool)
		return flushed(run(tool, true, argc, argv));
	if (argc < 2)
		return flushed(help());
	tool = tool_called(argv[1]);
	if (tool)
		return flushed(run(tool, false, argc - 1, argv + 1));
	if (!strcmp(argv[1], "list")) {
		list_tools();
		return flushed(EXIT_OK);
	}
	if (!strcmp(argv[1], "doctor"))
		return flushed(doctor(argc - 1, argv + 1));
	if (!strcmp(argv[1], "complete"))
		return flushed(complete(argc - 2, argv + 2, verbs));
	if (!strcmp(argv[1], "-V") || !strcmp(argv[1], "--version")) {
		puts("sockray " VERSION);
		return flushed(EXIT_OK);
	}
	if (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help") ||
	    (!strcmp(argv[1], "help") && argc == 2))
		return flushed(help());
	if (!strcmp(argv[1], "help")) {
		tool = tool_called(argv[2]);
		if (tool) {
			option_help(tool);
			return flushed(EXIT_OK);
		}
		return unknown(argv[2], false);
	}
	return unknown(argv[1], true);
}
