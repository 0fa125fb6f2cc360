/* SPDX-License-Identifier: GPL-2.0 */
/*
 * complete.h - sockray complete: what the word at the cursor of a shell can become.
 */
#ifndef COMPLETE_H
#define COMPLETE_H

#include <stddef.h>

struct tool;

/*
 * WORDS are a command line up to the cursor, from the program's name on; the last may be empty.
 * Prints a line for each word that may stand there: the whole word, a tab, what it means. Or a
 * single line for the shell to do it: ":files", ":dirs" or, behind --, ":command".
 * VERBS, of sockray itself: word, meaning, word, ... up to NULL. Returns the exit code.
 */
int complete(int nwords, char **words, const char *const *verbs);

/* The tool that is called by that name: of a link, maybe with the suffix -sockray. */
const struct tool *tool_called(const char *path);

#endif
