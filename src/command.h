/* SPDX-License-Identifier: GPL-2.0 */
/*
 * command.h - the program behind --: started early, held until its events can be seen.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include <stdbool.h>

#include <sys/types.h>

struct command {
	pid_t pid;  /* 0: none */
	int gate;   /* closing it without a byte ends the held child */
	bool ended; /* and status is known */
	int status; /* as an exit code: its own, or 128 + signal */
};

/* Fork it, held. 0, or -errno after a message. */
int command_hold(struct command *c, char **argv);
void command_release(struct command *c);
/* After SIGCHLD: has it ended? */
bool command_ended(struct command *c);
/* Not to be started after all: end the held child. */
void command_drop(struct command *c);

#endif
