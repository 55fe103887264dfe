#include "source/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/ansi.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/strbuf.h"
#include "base/xalloc.h"

enum { BUFFER = 256 << 10, PORTION = 16 << 10 };

void output_init(struct output *output)
{
	*output = (struct output){ .buffer = xcalloc(BUFFER, 1), .file = -1 };
	tail_init(&output->tail, OUTPUT_KEPT);
}

static void close_file(struct output *output)
{
	if (output->file >= 0)
		close(output->file);
	output->file = -1;
}

void output_release(struct output *output)
{
	close_file(output);
	tail_release(&output->tail);
	xfree(output->buffer);
	*output = (struct output){ .ended = true, .file = -1 };
}

/* The file stands there from the beginning, to be looked at while it grows. */
bool output_save(struct output *output, const char *path, struct error *error)
{
	struct file_save save;

	if (!file_save_open(&save, path, true, error))
		return false;
	output->file = fcntl(fileno(save.stream), F_DUPFD_CLOEXEC, 3);
	if (output->file < 0) {
		error_set(error, errno, "can't write to %s: %s", path, strerror(errno));
		file_save_abandon(&save);
		return false;
	}
	snprintf(output->path, sizeof output->path, "%s", path);
	return file_save_commit(&save, error);
}

/* A terminal that is slow is waited for, one that is gone is not. */
static bool write_all(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t put = write(fd, bytes, len);

		if (put > 0) {
			bytes += put;
			len -= (size_t)put;
		} else if (put < 0 && errno == EAGAIN) {
			struct pollfd ready = { .fd = fd, .events = POLLOUT };

			if (poll(&ready, 1, 1000) <= 0)
				return false;
		} else if (!put || errno != EINTR) {
			return false;
		}
	}
	return true;
}

static void write_file(struct output *output, const char *bytes, size_t len)
{
	if (output->file < 0 || write_all(output->file, bytes, len))
		return;
	output->failure = errno ? errno : EIO;
	close_file(output);
}

/* One read into the buffer; false when there is nothing more for now. */
static bool read_some(struct output *output, int pty)
{
	char *at = output->buffer + output->len;
	size_t room = BUFFER - output->len;
	ssize_t got;

	do
		got = read(pty, at, room < PORTION ? room : PORTION);
	while (got < 0 && errno == EINTR);
	if (got > 0) {
		write_file(output, at, (size_t)got);
		output->len += (size_t)got;
		return true;
	}
	/* EIO: all have closed the other end. */
	if (!got || (errno != EAGAIN && errno != EWOULDBLOCK))
		output->ended = true;
	return false;
}

void output_drain(struct output *output, int pty, uint64_t budget_ns)
{
	uint64_t until = clock_now() + budget_ns;

	while (!output->ended && output->len < BUFFER && read_some(output, pty))
		if (clock_now() >= until)
			return;
}

void output_add(struct output *output, const char *bytes, size_t len)
{
	if (len > BUFFER - output->len)
		len = BUFFER - output->len;
	memcpy(output->buffer + output->len, bytes, len);
	write_file(output, bytes, len);
	output->len += len;
}

void output_keep(struct output *output)
{
	tail_add(&output->tail, output->buffer, output->len);
	output->len = 0;
	if (!output->failure)
		return;
	snprintf(output->trouble, sizeof output->trouble,
		 "The program's output is no longer written to %.100s: %s", output->path,
		 strerror(output->failure));
	output->failure = 0;
}

/* Where the first whole line begins; from itself when there is only a part of one. */
static size_t line_start(const char *text, size_t len, size_t from)
{
	const char *newline;

	if (!from)
		return 0;
	/* The byte before tells whether this one begins a line. */
	newline = memchr(text + from - 1, '\n', len - from);
	return newline ? (size_t)(newline + 1 - text) : from;
}

void output_replay(const struct output *output, int fd, size_t max)
{
	const struct tail *tail = &output->tail;
	uint64_t begin;
	struct strbuf out = STRBUF_INIT;
	size_t len, from = 0;
	unsigned modes = 0;
	char *text;

	if (!tail->ring || !tail->total)
		return;
	begin = tail_begin(tail);
	len = (size_t)(tail->total - begin);
	text = xcalloc(len, 1);
	tail_copy(tail, begin, tail->total, text);
	if (len > max)
		from = line_start(text, len, len - max);
	else if (begin)
		from = line_start(text, len, 1);
	ansi_replay(text, len, from, &modes, &out);
	write_all(fd, out.text, out.len);
	strbuf_release(&out);
	xfree(text);
}
