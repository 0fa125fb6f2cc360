/* SPDX-License-Identifier: GPL-2.0 */
/*
 * opener.h - files of other processes, for a tool that has given up the right to open them. A helper
 * process keeps that right, and little else. It hands over maps of processes, and ELF files: a
 * tool that a stranger's bytes have taken over could read no other file by it.
 */
#ifndef OPENER_H
#define OPENER_H

#include <sys/types.h>

struct run;

/*
 * Before anything is given up. Returns its pid (0: --no-drop, none is needed), or -errno after a
 * message.
 */
pid_t opener_start(const struct run *run);
/* What it is asked by, a socket; -1: there is no helper. */
int opener_channel(void);
/* For reading, close-on-exec; by the helper, if there is one. -1 and errno. */
int opener_open(const char *path);
void opener_stop(void);

#endif
