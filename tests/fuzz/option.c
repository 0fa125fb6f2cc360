/* SPDX-License-Identifier: GPL-2.0 */
/*
 * option.c - fuzzes whole command lines: option_parse() and the columns of --fields. A line of the
 * input is an argument, the first is the tool's name.
 */
#include "fuzz.h"

#include <errno.h>
#include <getopt.h>

#include "../../src/option.h"
#include "../../src/sink.h"

static void check(const struct run *run)
{
	const struct conf *c = &run->conf;
	struct sink sink;
	struct buf out = {};
	int err;

	must(c->npids <= CONF_PIDS && c->ntids <= CONF_PIDS && c->nprotocols <= CONF_PROTOCOLS);
	must(c->nports <= CONF_PORTS && c->naddrs <= CONF_ADDRS);
	must(!(c->filters & FILTER_PID) || c->npids);
	must(!(c->filters & FILTER_TID) || c->ntids);
	must(!(c->filters & FILTER_PORT) || c->nports);
	must(!(c->filters & FILTER_ADDR) || c->naddrs);
	must(!(c->filters & FILTER_PROTOCOL) || c->nprotocols);
	must(!(c->filters & FILTER_FAMILY) || c->families);
	must(run->backends && run->backends < 1U << BACKENDS);
	must(c->ops && c->ops < 1U << OPS);
	must(c->by < BY_KSTACK << 1);
	must(run->form <= FORM_FOLDED && run->stamp <= STAMP_MONO);
	must(!run->command || *run->command);
	must(!c->by || run->tool->can & CAN_BY);
	must(!run->count || run->tool->can & CAN_COUNT);
	must(!c->final || run->tool->can & CAN_FINAL);
	must(run_table(run));

	err = sink_for(&sink, run, &out);
	if (err)
		must(err == -EINVAL && run->fields && lines_in(heard()) == 1);
	else
		must(sink.cells && sink.ops && !*heard());
	sink_free(&sink);
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char *nothing[] = { "", NULL };
	char *text = exact(data, size), *argv[64] = {};
	const struct tool *tool = *__start_tools;
	struct run run;
	int argc = 0, code;

	for (char *p = text; p && argc < 63;) {
		argv[argc++] = p;
		p = strchr(p, '\n');
		if (p)
			*p++ = 0;
	}
	for_each_tool(t)
		if (!strcmp((*t)->name, argv[0]))
			tool = *t;
	/* getopt(3) forgets the last command line, of which it may be in the middle */
	optind = 0;
	getopt(1, nothing, "");
	util_program(tool->name);
	code = option_parse(&run, tool, argc, argv);
	switch (code) {
	case -1:
		must(!*heard());
		check(&run);
		break;
	case EXIT_OK:
		must(!*heard());
		break;
	default:
		must(code == EXIT_USAGE);
		must(lines_in(heard()) == 2);
		break;
	}
	free(text);
	return 0;
}
