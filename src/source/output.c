#include "source/output.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/xalloc.h"

void output_init(struct output *output)
{
	*output = (struct output){ .ring = xcalloc(OUTPUT_KEPT, 1) };
}

void output_release(struct output *output)
{
	xfree(output->ring);
	*output = (struct output){ .ended = true };
}

/* One read into the ring; false when there is nothing more for now. */
static bool read_some(struct output *output, int pty)
{
	size_t at = output->total % OUTPUT_KEPT;
	ssize_t got;

	do
		got = read(pty, output->ring + at, OUTPUT_KEPT - at);
	while (got < 0 && errno == EINTR);
	if (got > 0) {
		output->total += (uint64_t)got;
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

	while (!output->ended && read_some(output, pty))
		if (clock_now() >= until)
			return;
}

/* A reader that is slow is waited for, one that is gone is not. */
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

/* Where the first whole line begins; from itself when there is only a part of one. */
static uint64_t line_start(const struct output *output, uint64_t from)
{
	/* The byte before tells whether this one begins a line, if it is still there. */
	uint64_t at = output->total - from < OUTPUT_KEPT ? from - 1 : from;

	for (; at + 1 < output->total; at++)
		if (output->ring[at % OUTPUT_KEPT] == '\n')
			return at + 1;
	return from;
}

void output_replay(const struct output *output, int fd, size_t max)
{
	size_t kept = max < OUTPUT_KEPT ? max : OUTPUT_KEPT;
	uint64_t from = 0;
	size_t at, len;

	if (!output->ring || !output->total)
		return;
	if (output->total > kept)
		from = line_start(output, output->total - kept);
	at = from % OUTPUT_KEPT;
	len = (size_t)(output->total - from);
	if (at + len > OUTPUT_KEPT) {
		if (!write_all(fd, output->ring + at, OUTPUT_KEPT - at))
			return;
		len -= OUTPUT_KEPT - at;
		at = 0;
	}
	write_all(fd, output->ring + at, len);
}
