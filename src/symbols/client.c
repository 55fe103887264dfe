#include "symbols/client.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "symbols/protocol.h"

enum {
	PACKETS_AT_ONCE = 32,		/* taken in by one call */
	REAP_TRIES = 50,		/* milliseconds */
};

/* What is to be sent.  Questions about one image go together. */
struct queued {
	enum request_type type;
	enum image_kind kind;
	uint32_t image;
	int fd;
	uint64_t address;
};

struct asked {
	enum request_type type;
	uint32_t image;
	uint64_t address;
};

struct symbolizer {
	pid_t pid;
	int fd;
	array(struct queued) queue;
	size_t sent;			/* of the queue */
	array(struct asked) asked;	/* questions sent, oldest first */
	size_t answered;		/* of those */
	enum trouble trouble;
	rows_answer_fn *take_rows;
	void *rows_context;
	unsigned char packet[PROTOCOL_PACKET_MAX];
};

/* A program of the user's choice, unless we have rights that the user lacks. */
static const char *chosen_program(void)
{
	if (geteuid() == 0 && getenv("SUDO_UID"))
		return NULL;
	return secure_getenv("TPROF_SYMBOLIZER");
}

/* Beside ourselves while not installed, else where it was installed to. */
static bool find_program(char path[PATH_MAX], struct error *error)
{
	static const char name[] = "tprof-symbolizer";
	const char *chosen = chosen_program();
	ssize_t len = readlink("/proc/self/exe", path, PATH_MAX - sizeof name - 1);
	char *slash;

	if (chosen && *chosen && strlen(chosen) < PATH_MAX) {
		memcpy(path, chosen, strlen(chosen) + 1);
		return true;
	}
	if (len > 0) {
		path[len] = '\0';
		slash = strrchr(path, '/');
		if (slash) {
			memcpy(slash + 1, name, sizeof name);
			if (!access(path, X_OK))
				return true;
		}
	}
	snprintf(path, PATH_MAX, "%s/%s", PKGLIBEXECDIR, name);
	if (!access(path, X_OK))
		return true;
	return error_set(error, errno, "no names: %s is missing; install tprof again", path);
}

/*
 * Its own session, so that keys typed at the terminal don't reach it; no
 * environment, no files but the socket.
 */
static int spawn(pid_t *pid, char *path, int socket)
{
	char *const argv[] = { path, NULL }, *const environment[] = { NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int code;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
				 POSIX_SPAWN_SETSIGDEF);
	posix_spawn_file_actions_adddup2(&files, socket, PROTOCOL_FD);
	for (int fd = 0; fd < 3; fd++)
		posix_spawn_file_actions_addopen(&files, fd, "/dev/null", O_RDWR, 0);
	code = posix_spawn(pid, path, &files, &attributes, argv, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return code;
}

/* A descriptor that the redirections of spawn() can't overwrite. */
static int move_up(int fd)
{
	int moved = fcntl(fd, F_DUPFD_CLOEXEC, PROTOCOL_FD + 1);

	close(fd);
	return moved;
}

struct symbolizer *symbolizer_start(struct error *error)
{
	struct symbolizer *symbolizer;
	char path[PATH_MAX];
	int pair[2], theirs, code;
	pid_t pid;

	if (!find_program(path, error))
		return NULL;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		error_set(error, errno, "no names: can't make a socket: %s", strerror(errno));
		return NULL;
	}
	theirs = move_up(pair[1]);
	code = theirs < 0 ? errno : spawn(&pid, path, theirs);
	if (theirs >= 0)
		close(theirs);
	if (code) {
		close(pair[0]);
		error_set(error, code, "no names: can't start %s: %s", path, strerror(code));
		return NULL;
	}
	symbolizer = xcalloc(1, sizeof *symbolizer);
	symbolizer->pid = pid;
	symbolizer->fd = pair[0];
	return symbolizer;
}

/* It dies at once, but for one that hangs in the kernel on a dead file server. */
static void reap(pid_t pid)
{
	static const struct timespec pause = { .tv_nsec = 1000000 };

	kill(pid, SIGKILL);
	for (int i = 0; i < REAP_TRIES && !waitpid(pid, NULL, WNOHANG); i++)
		nanosleep(&pause, NULL);
}

void symbolizer_stop(struct symbolizer *symbolizer)
{
	if (!symbolizer)
		return;
	close(symbolizer->fd);
	reap(symbolizer->pid);
	for (size_t i = symbolizer->sent; i < symbolizer->queue.len; i++)
		if (symbolizer->queue.at[i].fd >= 0)
			close(symbolizer->queue.at[i].fd);
	array_release(&symbolizer->queue);
	array_release(&symbolizer->asked);
	xfree(symbolizer);
}

pid_t symbolizer_pid(const struct symbolizer *symbolizer)
{
	return symbolizer->pid;
}

int symbolizer_fd(const struct symbolizer *symbolizer)
{
	return symbolizer->fd;
}

bool symbolizer_pending_output(const struct symbolizer *symbolizer)
{
	return symbolizer->sent < symbolizer->queue.len;
}

void symbolizer_add_image(struct symbolizer *symbolizer, uint32_t image, enum image_kind kind,
			  int fd)
{
	array_push(&symbolizer->queue, ((struct queued){
		.type = REQUEST_ADD, .kind = kind, .image = image, .fd = fd }));
}

void symbolizer_drop_image(struct symbolizer *symbolizer, uint32_t image)
{
	array_push(&symbolizer->queue, ((struct queued){
		.type = REQUEST_DROP, .image = image, .fd = -1 }));
}

void symbolizer_ask(struct symbolizer *symbolizer, uint32_t image, uint64_t address)
{
	array_push(&symbolizer->queue, ((struct queued){
		.type = REQUEST_ASK, .image = image, .fd = -1, .address = address }));
}

void symbolizer_ask_rows(struct symbolizer *symbolizer, uint32_t image)
{
	array_push(&symbolizer->queue, ((struct queued){
		.type = REQUEST_ROWS, .image = image, .fd = -1 }));
}

void symbolizer_on_rows(struct symbolizer *symbolizer, rows_answer_fn *take, void *context)
{
	symbolizer->take_rows = take;
	symbolizer->rows_context = context;
}

const char *symbolizer_trouble(const struct symbolizer *symbolizer)
{
	static const char *const text[TROUBLES] = {
		[TROUBLE_KERNEL_HIDDEN] = "no names of kernel functions: their addresses are "
			"hidden (sysctl kernel.kptr_restrict)",
	};

	return text[symbolizer->trouble];
}

/* The next request of the queue, and how many entries of it that takes. */
static size_t next_request(const struct symbolizer *symbolizer, struct request *request)
{
	const struct queued *first = &symbolizer->queue.at[symbolizer->sent];
	size_t left = symbolizer->queue.len - symbolizer->sent, count = 0;

	request->type = first->type;
	request->image = first->image;
	request->kind = first->kind;
	request->count = 0;
	if (first->type != REQUEST_ASK)
		return 1;
	while (count < left && count < PROTOCOL_ASK_MAX && first[count].type == REQUEST_ASK &&
	       first[count].image == first->image) {
		request->address[count] = first[count].address;
		count++;
	}
	request->count = count;
	return count;
}

static bool send_packet(const struct symbolizer *symbolizer, const struct strbuf *packet, int fd)
{
	union { struct cmsghdr header; char space[CMSG_SPACE(sizeof(int))]; } control;
	struct iovec part = { .iov_base = packet->text, .iov_len = packet->len };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	if (fd >= 0) {
		memset(&control, 0, sizeof control);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
		message.msg_control = &control;
		message.msg_controllen = sizeof control;
	}
	return sendmsg(symbolizer->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

static void note_sent(struct symbolizer *symbolizer, const struct request *request, size_t entries)
{
	for (size_t i = 0; i < entries; i++) {
		struct queued *entry = &symbolizer->queue.at[symbolizer->sent++];

		if (entry->fd >= 0)
			close(entry->fd);
		if (request->type == REQUEST_ASK || request->type == REQUEST_ROWS)
			array_push(&symbolizer->asked, ((struct asked){
				.type = entry->type, .image = entry->image,
				.address = entry->address }));
	}
	if (symbolizer->sent == symbolizer->queue.len)
		symbolizer->sent = symbolizer->queue.len = 0;
}

/* The other side has no room now, or too many descriptors are under way. */
static bool is_full(int code)
{
	return code == EAGAIN || code == EINTR || code == ENOBUFS || code == ETOOMANYREFS;
}

static bool send_queue(struct symbolizer *symbolizer, struct error *error)
{
	struct strbuf packet = STRBUF_INIT;
	struct request request;
	bool ok = true;

	while (ok && symbolizer_pending_output(symbolizer)) {
		size_t entries = next_request(symbolizer, &request);

		strbuf_clear(&packet);
		protocol_put_request(&packet, &request);
		if (!send_packet(symbolizer, &packet, symbolizer->queue.at[symbolizer->sent].fd)) {
			if (!is_full(errno))
				ok = error_set(error, errno, "the symbolizer is gone: %s",
					       strerror(errno));
			break;
		}
		note_sent(symbolizer, &request, entries);
	}
	strbuf_release(&packet);
	return ok;
}

/* Questions are answered in their order, so this is the oldest one. */
static bool was_asked(struct symbolizer *symbolizer, enum request_type type, uint32_t image,
		      uint64_t address)
{
	const struct asked *asked = &symbolizer->asked.at[symbolizer->answered];

	if (symbolizer->answered == symbolizer->asked.len || asked->type != type ||
	    asked->image != image || asked->address != address)
		return false;
	if (++symbolizer->answered == symbolizer->asked.len)
		symbolizer->answered = symbolizer->asked.len = 0;
	return true;
}

/* Takes the descriptor over if it returns true. */
static bool take_rows(struct symbolizer *symbolizer, struct bytes packet, uint32_t count, int fd)
{
	enum rows_result result;
	uint32_t image;

	if (!protocol_take_rows(&packet, count, &image, &result) ||
	    (result == ROWS_MADE) != (fd >= 0) ||
	    !was_asked(symbolizer, REQUEST_ROWS, image, 0))
		return false;
	if (symbolizer->take_rows)
		symbolizer->take_rows(symbolizer->rows_context, image, result, fd);
	else if (fd >= 0)
		close(fd);
	return true;
}

static bool take_names(struct symbolizer *symbolizer, struct bytes packet, uint32_t count,
		       symbol_answer_fn *take, void *context)
{
	struct symbol_frame frame[SYMBOL_FRAMES_MAX];
	struct symbol_answer answer;

	for (uint32_t i = 0; i < count; i++) {
		if (!protocol_take_answer(&packet, &answer, frame) ||
		    !was_asked(symbolizer, REQUEST_ASK, answer.image, answer.address))
			return false;
		take(context, &answer);
	}
	return !packet.len;
}

/* Takes the descriptor over, if there is one. */
static bool take_packet(struct symbolizer *symbolizer, struct bytes packet, int fd,
			symbol_answer_fn *take, void *context)
{
	enum answer_type type;
	uint32_t count;

	if (protocol_take_header(&packet, &type, &count)) {
		if (type == ANSWER_ROWS && take_rows(symbolizer, packet, count, fd))
			return true;
		if (type == ANSWER_NAMES && fd < 0)
			return take_names(symbolizer, packet, count, take, context);
		if (type == ANSWER_TROUBLE && fd < 0 && count < TROUBLES && !packet.len) {
			symbolizer->trouble = (enum trouble)count;
			return true;
		}
	}
	if (fd >= 0)
		close(fd);
	return false;
}

/* The one descriptor of a packet, or -1.  False, and all closed, if there are more. */
static bool take_descriptor(struct msghdr *message, int *fd)
{
	bool ok = !(message->msg_flags & MSG_CTRUNC);

	*fd = -1;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		size_t len = c->cmsg_len - CMSG_LEN(0);
		int came;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i + sizeof came <= len; i += sizeof came) {
			memcpy(&came, CMSG_DATA(c) + i, sizeof came);
			if (*fd < 0) {
				*fd = came;
			} else {
				close(came);
				ok = false;
			}
		}
	}
	if (!ok && *fd >= 0)
		close(*fd);
	return ok;
}

/* Its length; 0 at the end, -1 and errno. */
static ssize_t receive_packet(struct symbolizer *symbolizer, int *fd)
{
	union { struct cmsghdr header; char space[CMSG_SPACE(sizeof(int))]; } control;
	struct iovec part = { .iov_base = symbolizer->packet,
			      .iov_len = sizeof symbolizer->packet };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
				  .msg_controllen = sizeof control };
	ssize_t got = recvmsg(symbolizer->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	bool ok;

	if (got < 0)
		return got;
	ok = take_descriptor(&message, fd);
	if (ok && got && !(message.msg_flags & MSG_TRUNC))
		return got;
	if (ok && *fd >= 0)
		close(*fd);
	errno = EPROTO;
	return ok && !got ? 0 : -1;
}

static bool receive(struct symbolizer *symbolizer, symbol_answer_fn *take, void *context,
		    struct error *error)
{
	for (int i = 0; i < PACKETS_AT_ONCE; i++) {
		int fd;
		ssize_t got = receive_packet(symbolizer, &fd);

		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			return true;
		if (!got || (got < 0 && errno != EPROTO))
			return error_set(error, got ? errno : EPIPE,
					 "the symbolizer ended unexpectedly");
		if (got < 0 ||
		    !take_packet(symbolizer, (struct bytes){ symbolizer->packet, (size_t)got }, fd,
				 take, context))
			return error_set(error, EPROTO, "the symbolizer gave a senseless answer");
	}
	return true;
}

bool symbolizer_work(struct symbolizer *symbolizer, symbol_answer_fn *answer, void *context,
		     struct error *error)
{
	/* Answers first: those given before it died count. */
	return receive(symbolizer, answer, context, error) && send_queue(symbolizer, error);
}
