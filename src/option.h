/* SPDX-License-Identifier: GPL-2.0 */
/*
 * option.h - the command line into a struct run.
 */
#ifndef OPTION_H
#define OPTION_H

#include "run.h"

/*
 * Parse a tool's command line. -1: go on and run it; otherwise the exit code, after a message,
 * --help, --version or --fields help.
 */
int option_parse(struct run *run, const struct tool *tool, int argc, char **argv);

/* --help of a tool, on stdout. */
void option_help(const struct tool *tool);

#endif
