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
		if (request->type == REQUEST_ASK)
			array_push(&symbolizer->asked, ((struct asked){
				.image = entry->image, .address = entry->address }));
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
static bool was_asked(struct symbolizer *symbolizer, const struct symbol_answer *answer)
{
	const struct asked *asked = &symbolizer->asked.at[symbolizer->answered];

	if (symbolizer->answered == symbolizer->asked.len || asked->image != answer->image ||
	    asked->address != answer->address)
		return false;
	if (++symbolizer->answered == symbolizer->asked.len)
		symbolizer->answered = symbolizer->asked.len = 0;
	return true;
}

static bool take_packet(struct symbolizer *symbolizer, struct bytes packet,
			symbol_answer_fn *take, void *context)
{
	struct symbol_frame frame[SYMBOL_FRAMES_MAX];
	struct symbol_answer answer;
	enum answer_type type;
	uint32_t count;

	if (!protocol_take_header(&packet, &type, &count))
		return false;
	if (type == ANSWER_TROUBLE) {
		if (count >= TROUBLES || packet.len)
			return false;
		symbolizer->trouble = (enum trouble)count;
		return true;
	}
	for (uint32_t i = 0; i < count; i++) {
		if (!protocol_take_answer(&packet, &answer, frame) ||
		    !was_asked(symbolizer, &answer))
			return false;
		take(context, &answer);
	}
	return !packet.len;
}

static bool receive(struct symbolizer *symbolizer, symbol_answer_fn *take, void *context,
		    struct error *error)
{
	for (int i = 0; i < PACKETS_AT_ONCE; i++) {
		ssize_t got = recv(symbolizer->fd, symbolizer->packet, sizeof symbolizer->packet,
				   MSG_DONTWAIT | MSG_TRUNC);

		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			return true;
		if (got <= 0)
			return error_set(error, got ? errno : EPIPE,
					 "the symbolizer ended unexpectedly");
		if ((size_t)got > sizeof symbolizer->packet ||
		    !take_packet(symbolizer, (struct bytes){ symbolizer->packet, (size_t)got },
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
