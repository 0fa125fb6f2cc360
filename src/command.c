/* SPDX-License-Identifier: GPL-2.0 */
/*
 * command.c - the program behind --. The child waits at a pipe until the tool is attached, so
 * that not one of its calls is missed; if the tool ends before, the pipe closes and the child
 * never becomes the program.
 */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <sys/wait.h>

#include "util.h"

static void child(int gate, char **argv)
{
	char go;

	if (read(gate, &go, 1) != 1)
		_exit(0);
	execvp(argv[0], argv);
	fail(-errno, "can't run \"%s\"", argv[0]);
	_exit(errno == ENOENT ? 127 : 126);
}

int command_hold(struct command *c, char **argv)
{
	int gate[2];

	if (pipe2(gate, O_CLOEXEC))
		return fail(-errno, "can't make a pipe");
	c->pid = fork();
	if (c->pid < 0)
		return fail(-errno, "can't fork");
	if (!c->pid) {
		close(gate[1]);
		child(gate[0], argv);
	}
	close(gate[0]);
	c->gate = gate[1];
	return 0;
}

void command_release(struct command *c)
{
	if (!c->pid)
		return;
	/* a child that is gone already is seen by command_ended() */
	if (write(c->gate, "", 1) < 0 && errno != EPIPE)
		warn("can't start the command: %s", strerror(errno));
	close(c->gate);
	c->gate = -1;
}

bool command_ended(struct command *c)
{
	int status;

	if (!c->pid || c->ended)
		return c->ended;
	if (waitpid(c->pid, &status, WNOHANG) != c->pid)
		return false;
	c->ended = true;
	c->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return true;
}

void command_drop(struct command *c)
{
	if (!c->pid || c->gate < 0)
		return;
	close(c->gate);
	c->gate = -1;
	waitpid(c->pid, NULL, 0);
}
