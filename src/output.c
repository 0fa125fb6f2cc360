/* SPDX-License-Identifier: GPL-2.0 */
/*
 * output.c - every byte that a tool prints goes through here, and every failure to write one
 * is told: a full disk must not look like silence.
 */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <sys/stat.h>

int output_open(struct output *o, const char *path, int fd)
{
	sigset_t none, before;

	memset(o, 0, sizeof(*o));
	o->fd = fd;
	o->name = fd == STDERR_FILENO ? "stderr" : "stdout";
	if (!path)
		return 0;
	o->name = path;
	o->ours = true;
	/* a FIFO waits here for its reader: let signals through */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, &before);
	o->fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (o->fd < 0) {
		o->ours = false;
		return fail(-errno, "can't write %s", path);
	}
	return 0;
}

void output_start(struct output *o)
{
	/* a FIFO or a device has nothing to cut */
	if (o->ours && ftruncate(o->fd, 0) && errno != EINVAL) {
		o->state = OUTPUT_FAILED;
		fail(-errno, "can't write %s", o->name);
	}
}

/* We are to end: is there room for some bytes within a second? */
static bool has_room(const struct output *o)
{
	struct pollfd p = { .fd = o->fd, .events = POLLOUT };

	return poll(&p, 1, 1000) > 0;
}

/* A file keeps whole lines only, if we are at its end: of the first DONE bytes the last may be none. */
static void cut_line(struct output *o, size_t done)
{
	const char *end = memrchr(o->buf.p, '\n', done);
	size_t part = done - (end ? end + 1 - o->buf.p : 0);
	off_t at = lseek(o->fd, 0, SEEK_CUR);
	struct stat st;

	if (part && !fstat(o->fd, &st) && S_ISREG(st.st_mode) && st.st_size == at &&
	    !ftruncate(o->fd, at - part)) {
		lseek(o->fd, at - part, SEEK_SET);
		o->written -= part;
	}
}

void output_flush(struct output *o, const volatile bool *stop)
{
	sigset_t none, before;
	size_t done = 0;

	if (!o->buf.len || o->state != OUTPUT_GOOD) {
		o->buf.len = 0;
		return;
	}
	/* the reader may be slow or stopped: let signals through while we wait for it */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, &before);
	while (done < o->buf.len) {
		size_t len = o->buf.len - done;
		ssize_t n;

		/* a pipe that can be written takes PIPE_BUF bytes without waiting */
		if (*stop && len > PIPE_BUF)
			len = PIPE_BUF;
		if (*stop && !has_room(o)) {
			fail(0, "interrupted while %s took no more: %zu bytes are not written",
			     o->name, o->buf.len - done);
			o->state = OUTPUT_FAILED;
			cut_line(o, done);
			break;
		}
		n = write(o->fd, o->buf.p + done, len);
		if (n == 0) {
			/* a device that takes nothing, ever, and doesn't say why */
			n = -1;
			errno = EIO;
		}
		if (n > 0) {
			done += n;
			o->written += n;
		} else if (errno == EPIPE) {
			o->state = OUTPUT_CLOSED;
			break;
		} else if (errno == EAGAIN) {
			/* somebody set O_NONBLOCK on the terminal or pipe that we share */
			struct pollfd p = { .fd = o->fd, .events = POLLOUT };

			poll(&p, 1, 1000);
		} else if (errno != EINTR) {
			o->state = OUTPUT_FAILED;
			fail(-errno, "can't write %s", o->name);
			cut_line(o, done);
			break;
		}
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	o->buf.len = 0;
}

void output_close(struct output *o)
{
	if (o->ours && close(o->fd) && o->state == OUTPUT_GOOD) {
		o->state = OUTPUT_FAILED;
		fail(-errno, "can't write %s", o->name);
	}
	o->ours = false;
	buf_free(&o->buf);
}
