/*
 * tprof-symbolizer: reads the files that targets own, and answers with
 * names and unwind information.  It is apart from tprof since those files
 * may be made to break whoever reads them: here that costs a few names.  It
 * gets descriptors, opens nothing itself, and ends when tprof does.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "symbols/cfi.h"
#include "symbols/demangle.h"
#include "symbols/elf.h"
#include "symbols/kallsyms.h"
#include "symbols/protocol.h"
#include "symbols/start_code.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

enum {
	IMAGES_MAX = 1 << 18,
	TABLES_MAX = 64 << 20,		/* bytes of symbol tables kept */
	REQUEST_SECONDS = 20,		/* no honest file takes that long */
};

enum state { IMAGE_NONE, IMAGE_ADDED, IMAGE_LOADED, IMAGE_BROKEN };

struct image {
	enum state state;
	enum image_kind kind;
	int fd;
	uint64_t used;			/* when, counted in requests */
	union {
		struct elf elf;
		struct kallsyms kallsyms;
	};
};

struct worker {
	array(struct image) image;	/* by the number that tprof gave */
	size_t bytes;			/* of tables */
	uint64_t requests;
	struct strbuf out;
	bool hidden_told;
	char name[ELF_NAME_MAX];
	char demangled[DEMANGLED_MAX];
};

static size_t table_bytes(const struct image *image)
{
	return image->kind == IMAGE_KALLSYMS ? kallsyms_bytes(&image->kallsyms) :
					       elf_bytes(&image->elf);
}

static void unload(struct worker *w, struct image *image)
{
	if (image->state != IMAGE_LOADED)
		return;
	w->bytes -= table_bytes(image);
	if (image->kind == IMAGE_KALLSYMS)
		kallsyms_release(&image->kallsyms);
	else
		elf_release(&image->elf);
	image->state = IMAGE_ADDED;
}

/* Until the tables fit: they are quickly made again. */
static void unload_oldest(struct worker *w, const struct image *keep)
{
	while (w->bytes > TABLES_MAX) {
		struct image *oldest = NULL;

		for (size_t i = 0; i < w->image.len; i++) {
			struct image *image = &w->image.at[i];

			if (image->state == IMAGE_LOADED && image != keep &&
			    (!oldest || image->used < oldest->used))
				oldest = image;
		}
		if (!oldest)
			return;
		unload(w, oldest);
	}
}

static void load(struct worker *w, struct image *image)
{
	if (image->state != IMAGE_ADDED)
		return;
	image->state = IMAGE_LOADED;
	if (image->kind == IMAGE_KALLSYMS) {
		image->kallsyms = (struct kallsyms){ 0 };
		kallsyms_load(&image->kallsyms, image->fd, clock_now());
	} else if (!elf_load(&image->elf, image->fd)) {
		image->state = IMAGE_BROKEN;
		return;
	}
	w->bytes += table_bytes(image);
	unload_oldest(w, image);
}

static void drop(struct worker *w, uint32_t number)
{
	struct image *image;

	if (number >= w->image.len)
		return;
	image = &w->image.at[number];
	unload(w, image);
	if (image->state != IMAGE_NONE && image->fd >= 0)
		close(image->fd);
	*image = (struct image){ 0 };
}

static void add(struct worker *w, const struct request *request, int fd)
{
	if (request->image >= IMAGES_MAX) {
		if (fd >= 0)
			close(fd);
		return;
	}
	drop(w, request->image);
	array_extend(&w->image, (size_t)request->image + 1);
	w->image.at[request->image] = (struct image){
		.state = fd >= 0 ? IMAGE_ADDED : IMAGE_BROKEN, .kind = request->kind, .fd = fd };
}

/* With a descriptor beside it if there is one. */
static bool send_with(const struct strbuf *packet, int fd)
{
	union { struct cmsghdr header; char space[CMSG_SPACE(sizeof(int))]; } control;
	struct iovec part = { .iov_base = packet->text, .iov_len = packet->len };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	ssize_t sent;

	if (fd >= 0) {
		memset(&control, 0, sizeof control);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
		message.msg_control = &control;
		message.msg_controllen = sizeof control;
	}
	do {
		sent = sendmsg(PROTOCOL_FD, &message, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	return sent >= 0;
}

static bool send_packet(const struct strbuf *packet)
{
	return send_with(packet, -1);
}

static bool find_kernel(struct worker *w, struct image *image, uint64_t address,
			struct symbol_frame *frame)
{
	size_t before = kallsyms_bytes(&image->kallsyms);
	bool found = kallsyms_find(&image->kallsyms, image->fd, clock_now(), address,
				   &frame->function, &frame->module);

	w->bytes += kallsyms_bytes(&image->kallsyms) - before;
	return found;
}

static bool find(struct worker *w, struct image *image, uint64_t address,
		 struct symbol_frame *frame)
{
	if (image->state != IMAGE_LOADED)
		return false;
	if (image->kind == IMAGE_KALLSYMS) {
		if (!find_kernel(w, image, address, frame))
			return false;
		demangle(w->demangled, frame->function);
	} else {
		if (!elf_find(&image->elf, image->fd, address, w->name) &&
		    !start_code_find(&image->elf, image->fd, address, w->name))
			return false;
		demangle(w->demangled, w->name);
	}
	frame->function = w->demangled;
	return true;
}

static bool answer(struct worker *w, const struct request *request, uint64_t address)
{
	struct image *image = request->image < w->image.len ? &w->image.at[request->image] : NULL;
	struct symbol_frame frame = { 0 };
	struct symbol_answer record = { .image = request->image, .address = address,
					.frame = &frame };

	record.frame_count = image && find(w, image, address, &frame);
	if (protocol_put_answer(&w->out, &record))
		return true;
	if (!send_packet(&w->out))
		return false;
	protocol_begin_answers(&w->out);
	return protocol_put_answer(&w->out, &record);
}

static bool tell_trouble(struct worker *w, const struct image *image)
{
	if (w->hidden_told || image->kind != IMAGE_KALLSYMS || image->state != IMAGE_LOADED ||
	    !image->kallsyms.hidden)
		return true;
	w->hidden_told = true;
	protocol_put_trouble(&w->out, TROUBLE_KERNEL_HIDDEN);
	return send_packet(&w->out);
}

static bool answer_all(struct worker *w, const struct request *request)
{
	if (request->image < w->image.len) {
		struct image *image = &w->image.at[request->image];

		image->used = ++w->requests;
		load(w, image);
		if (!tell_trouble(w, image))
			return false;
	}
	protocol_begin_answers(&w->out);
	for (size_t i = 0; i < request->count; i++)
		if (!answer(w, request, request->address[i]))
			return false;
	return send_packet(&w->out);
}

static bool answer_rows(struct worker *w, uint32_t number)
{
	struct image *image = number < w->image.len ? &w->image.at[number] : NULL;
	enum rows_result result = ROWS_NOT_ELF;
	int rows = -1;
	bool sent;

	if (image && image->kind == IMAGE_ELF && image->fd >= 0 && image->state != IMAGE_NONE)
		result = cfi_compile(image->fd, &rows);
	protocol_put_rows(&w->out, number, result);
	sent = send_with(&w->out, rows);
	if (rows >= 0)
		close(rows);
	return sent;
}

static bool handle(struct worker *w, const struct request *request, int fd)
{
	switch (request->type) {
	case REQUEST_ADD:
		add(w, request, fd);
		return true;
	case REQUEST_DROP:
		drop(w, request->image);
		return true;
	case REQUEST_ASK:
		return answer_all(w, request);
	case REQUEST_ROWS:
		return answer_rows(w, request->image);
	}
	return false;
}

/* The descriptor that came beside a packet, or -1.  Others are closed. */
static int take_descriptor(struct msghdr *message)
{
	int fd = -1;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		size_t len = c->cmsg_len - CMSG_LEN(0);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i + sizeof fd <= len; i += sizeof fd) {
			if (fd >= 0)
				close(fd);
			memcpy(&fd, CMSG_DATA(c) + i, sizeof fd);
		}
	}
	return fd;
}

static bool receive(struct request *request, int *fd)
{
	unsigned char packet[sizeof *request];
	union { struct cmsghdr header; char space[CMSG_SPACE(sizeof(int))]; } control;
	struct iovec part = { .iov_base = packet, .iov_len = sizeof packet };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
				  .msg_controllen = sizeof control };
	ssize_t got;

	do {
		got = recvmsg(PROTOCOL_FD, &message, MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	if (got <= 0)
		return false;
	*fd = take_descriptor(&message);
	return protocol_take_request((struct bytes){ packet, (size_t)got }, request);
}

static void limit(int resource, rlim_t value)
{
	struct rlimit limits;

	if (getrlimit(resource, &limits))
		return;
	limits.rlim_cur = value < limits.rlim_max ? value : limits.rlim_max;
	if (resource != RLIMIT_NOFILE)
		limits.rlim_max = limits.rlim_cur;
	setrlimit(resource, &limits);
}

/*
 * Nothing that reading files does not need.  There is no parent-death
 * signal, since that follows the thread that started us and not the
 * process: the closed socket and the alarm end us.
 */
static void give_up_rights(void)
{
	static const int ignored[] = { SIGINT, SIGQUIT, SIGHUP, SIGTSTP, SIGPIPE };

	for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
		signal(ignored[i], SIG_IGN);
	signal(SIGALRM, SIG_DFL);
	syscall(SYS_close_range, PROTOCOL_FD + 1, ~0u, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_NOFILE, 1 << 16);
#ifndef SANITIZED
	limit(RLIMIT_AS, 512 << 20);
#endif
}

static bool is_socket(int fd)
{
	int type = 0;
	socklen_t len = sizeof type;

	return !getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) && type == SOCK_SEQPACKET;
}

int main(void)
{
	struct worker *worker = xcalloc(1, sizeof *worker);
	struct request request;
	int fd;
	bool ok = true;

	if (!is_socket(PROTOCOL_FD)) {
		fputs("tprof-symbolizer: tprof starts this program itself\n", stderr);
		return 2;
	}
	give_up_rights();
	worker->out = (struct strbuf)STRBUF_INIT;
	while (ok && receive(&request, &fd)) {
		alarm(REQUEST_SECONDS);
		ok = handle(worker, &request, fd);
		alarm(0);
	}
	/* All of it goes with the process. */
	_exit(0);
}
