/*
 * Runs a program one instruction at a time between its first two int3 and
 * unwinds its stack after each.  What must come out is known: calls and
 * signals are seen as they happen.
 *
 *	stepper [-w KIB] [-x FUNCTION]... [-r FILE [-k STEPS]] PROGRAM [ARG...]
 *
 * A stack that is not the true one is an error, unless the walk itself says
 * that it is truncated; -x allows that in a function, where its unwind
 * information is known to be wrong.  -w: of the stack that is copied.
 *
 * -r writes the registers, the stack and the rules at the second int3, or
 * STEPS instructions later, as a case for test_cases.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/array.h"
#include "symbols/cfi.h"
#include "symbols/elf.h"
#include "unwind/table.h"
#include "unwind/walk.h"

/* Where a call will return to, or what a signal interrupted. */
struct call {
	uint64_t slot, address;
	bool signal;
};

typedef array(struct call) calls;

/* One for each stack; programs have theirs at multiples of 64 KiB. */
struct chain {
	uint64_t stack;
	calls call;
};

struct image {
	char path[256];
	struct unwind_table *table;	/* NULL: no rows */
	struct elf elf;
	int fd;
};

struct range {
	uint64_t start, end, offset;
	size_t image;			/* place behind it, 0: none */
	bool code;
};

struct lookup {
	uint64_t start, end;
	enum unwind_code code;
	struct unwind_rule rule;
};

struct fault {
	char function[128];
	enum unwind_end end;
	size_t count;
};

struct stepper {
	pid_t pid;
	array(struct range) range;
	array(struct image) image;
	uint64_t main_stack, main_stack_end;
	array(struct chain) chain;
	size_t current;
	array(char *) allowed;
	array(struct fault) fault;
	array(struct lookup) lookup;
	size_t window, steps, exact, wrong;
	unsigned char *stack;
	bool mapped_again;
	const char *record;
	long record_steps;
};

enum { FRAMES = 512 };

static const char *const ends[UNWIND_ENDS] = {
	[UNWIND_COMPLETE] = "complete",
	[UNWIND_BY_FRAME_POINTER] = "frame-pointer",
	[UNWIND_NO_MAPPING] = "no-mapping",
	[UNWIND_NO_ROWS] = "no-rows",
	[UNWIND_NOT_READY] = "not-ready",
	[UNWIND_UNREADABLE] = "unreadable",
	[UNWIND_LIMIT] = "limit",
	[UNWIND_IMPLAUSIBLE] = "implausible",
	[UNWIND_NOT_SUPPORTED] = "not-supported",
	[UNWIND_DUMP_TOO_SHORT] = "dump-too-short",
};

static void fail(const char *what)
{
	fprintf(stderr, "stepper: %s: %s\n", what, strerror(errno));
	exit(99);
}

static size_t read_memory(pid_t pid, uint64_t address, void *to, size_t size)
{
	struct iovec local = { to, size }, remote = { (void *)(uintptr_t)address, size };
	ssize_t got = process_vm_readv(pid, &local, 1, &remote, 1, 0);

	return got < 0 ? 0 : (size_t)got;
}

static uint64_t read_word(const struct stepper *s, uint64_t address)
{
	uint64_t word = 0;

	read_memory(s->pid, address, &word, sizeof word);
	return word;
}

/* The program's mappings and their rows. */

static int open_image(const struct stepper *s, const char *path, uint64_t start, uint64_t end)
{
	unsigned char *copy;
	size_t size = end - start;
	int fd;

	if (path[0] == '/')
		return open(path, O_RDONLY | O_CLOEXEC);
	copy = xcalloc(1, size);
	fd = memfd_create("vdso", MFD_CLOEXEC);
	size = read_memory(s->pid, start, copy, size);
	if (fd >= 0 && write(fd, copy, size) != (ssize_t)size)
		fail("vdso");
	xfree(copy);
	return fd;
}

static size_t add_image(struct stepper *s, const char *path, uint64_t start, uint64_t end)
{
	struct image image = { .fd = -1 };
	struct error error;
	int rows;

	for (size_t i = 0; i < s->image.len; i++)
		if (!strcmp(s->image.at[i].path, path))
			return i + 1;
	snprintf(image.path, sizeof image.path, "%s", path);
	image.fd = open_image(s, path, start, end);
	if (image.fd < 0)
		fail(path);
	elf_load(&image.elf, image.fd);
	if (cfi_compile(image.fd, &rows) == ROWS_MADE) {
		image.table = unwind_table_open(rows, &error);
		if (!image.table)
			fprintf(stderr, "stepper: %s: %s\n", path, error.text);
	}
	array_push(&s->image, image);
	return s->image.len;
}

static void read_maps(struct stepper *s)
{
	char path[64], line[512];
	FILE *in;

	snprintf(path, sizeof path, "/proc/%d/maps", (int)s->pid);
	in = fopen(path, "re");
	if (!in)
		fail(path);
	s->range.len = 0;
	while (fgets(line, sizeof line, in)) {
		struct range range = { 0 };
		char mode[5], name[256] = "";

		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %*s %*s %255[^\n]",
			   &range.start, &range.end, mode, &range.offset, name) < 4)
			continue;
		range.code = mode[2] == 'x';
		if (!strcmp(name, "[stack]")) {
			s->main_stack = range.start;
			s->main_stack_end = range.end;
		}
		if (range.code && (name[0] == '/' || !strcmp(name, "[vdso]")))
			range.image = add_image(s, name, range.start, range.end);
		array_push(&s->range, range);
	}
	fclose(in);
}

static const struct range *find_range(struct stepper *s, uint64_t address)
{
	for (int again = 0; again < 2; again++) {
		for (size_t i = 0; i < s->range.len; i++)
			if (address >= s->range.at[i].start && address < s->range.at[i].end)
				return &s->range.at[i];
		if (s->mapped_again)
			break;
		s->mapped_again = true;
		read_maps(s);
	}
	return NULL;
}

static struct unwind_rule rule_at(const struct stepper *s, const struct range *range,
				  uint64_t address)
{
	return unwind_table_find(s->image.at[range->image - 1].table,
				 address - range->start + range->offset);
}

/* As far around as the same holds, but not very far. */
static void note_lookup(struct stepper *s, const struct range *range, uint64_t address,
			enum unwind_code code, struct unwind_rule rule)
{
	struct lookup lookup = { address, address + 1, code, rule };

	for (size_t i = 0; code == UNWIND_CODE_ROWS && i < 16; i++) {
		struct unwind_rule below = rule_at(s, range, lookup.start - 1);
		struct unwind_rule above = rule_at(s, range, lookup.end);

		lookup.start -= !memcmp(&below, &rule, sizeof rule);
		lookup.end += !memcmp(&above, &rule, sizeof rule);
	}
	for (size_t i = 0; i < s->lookup.len; i++)
		if (s->lookup.at[i].start <= address && address < s->lookup.at[i].end)
			return;
	array_push(&s->lookup, lookup);
}

static enum unwind_code find_code(void *context, uint64_t address, struct unwind_rule *rule)
{
	struct stepper *s = context;
	const struct range *range = find_range(s, address);
	enum unwind_code code = UNWIND_CODE_BARE;

	if (!range || !range->code)
		return UNWIND_CODE_NONE;
	if (range->image && s->image.at[range->image - 1].table) {
		*rule = rule_at(s, range, address);
		code = UNWIND_CODE_ROWS;
	}
	if (s->record)
		note_lookup(s, range, address, code, *rule);
	return code;
}

static void name_of(struct stepper *s, uint64_t address, char *name, size_t size)
{
	static char whole[ELF_NAME_MAX];
	const struct range *range = find_range(s, address);
	struct image *image = range && range->image ? &s->image.at[range->image - 1] : NULL;
	const char *file = image ? strrchr(image->path, '/') : NULL;

	if (!image)
		snprintf(name, size, "?");
	else if (elf_find(&image->elf, image->fd, address - range->start + range->offset, whole))
		snprintf(name, size, "%.100s", whole);
	else
		snprintf(name, size, "[%.100s]", file ? file + 1 : image->path);
}

/* What is true. */

static calls *current(struct stepper *s)
{
	return &s->chain.at[s->current].call;
}

static uint64_t stack_of(const struct stepper *s, uint64_t sp)
{
	return sp >= s->main_stack && sp < s->main_stack_end ? 0 : sp >> 16;
}

static void push_call(calls *list, uint64_t slot, uint64_t address, bool signal)
{
	array_push(list, ((struct call){ slot, address, signal }));
}

static void use_chain(struct stepper *s, uint64_t sp)
{
	uint64_t stack = stack_of(s, sp);

	for (s->current = 0; s->current < s->chain.len; s->current++)
		if (s->chain.at[s->current].stack == stack)
			return;
	array_push(&s->chain, ((struct chain){ .stack = stack }));
}

static bool in_signal(struct stepper *s)
{
	for (size_t i = 0; i < current(s)->len; i++)
		if (current(s)->at[i].signal)
			return true;
	return false;
}

static bool is_call(const unsigned char *code, uint64_t ip, uint64_t next, uint64_t ret)
{
	/* A push of what happens to be an address looks alike, but goes on behind itself. */
	(void)code;
	return ret > ip && ret <= ip + 15 && next != ret;
}

static bool is_sigreturn(const unsigned char *code, const struct user_regs_struct *regs)
{
	return code[0] == 0x0f && code[1] == 0x05 && regs->rax == 15;
}

static void return_from_signal(struct stepper *s)
{
	bool signal = false;

	while (current(s)->len && !signal) {
		signal = current(s)->at[current(s)->len - 1].signal;
		current(s)->len--;
	}
}

static void follow(struct stepper *s, const unsigned char *code,
		   const struct user_regs_struct *before, const struct user_regs_struct *after)
{
	uint64_t sp = after->rsp;

	if (is_sigreturn(code, before)) {
		return_from_signal(s);
		return;
	}
	if (!in_signal(s) && stack_of(s, sp) != stack_of(s, before->rsp)) {
		use_chain(s, sp);
		/* What makecontext() put there: nobody called it. */
		if (!current(s)->len)
			push_call(current(s), sp, read_word(s, sp), false);
	}
	while (current(s)->len && !current(s)->at[current(s)->len - 1].signal &&
	       current(s)->at[current(s)->len - 1].slot < sp)
		current(s)->len--;
	if (sp == before->rsp - 8 && is_call(code, before->rip, after->rip, read_word(s, sp)))
		push_call(current(s), sp, read_word(s, sp), false);
}

static void enter_handler(struct stepper *s, const struct user_regs_struct *before,
			  const struct user_regs_struct *after)
{
	push_call(current(s), after->rsp + 8, before->rip, true);
	push_call(current(s), after->rsp, read_word(s, after->rsp), false);
}

/* The same in the form of a walk. */
static size_t true_frames(struct stepper *s, uint64_t ip, uint64_t frame[FRAMES])
{
	size_t count = 0;

	frame[count++] = ip;
	for (size_t i = current(s)->len; i-- > 0 && count < FRAMES;)
		frame[count++] = current(s)->at[i].address |
				 (current(s)->at[i].signal ? UNWIND_EXACT : 0);
	return count;
}

/* What we say. */

static struct unwind_registers registers_of(const struct user_regs_struct *r)
{
	return (struct unwind_registers){
		.ip = r->rip,
		.r = { r->rax, r->rdx, r->rcx, r->rbx, r->rsi, r->rdi, r->rbp, r->rsp,
		       r->r8, r->r9, r->r10, r->r11, r->r12, r->r13, r->r14, r->r15 },
	};
}

static size_t walk(struct stepper *s, const struct user_regs_struct *regs, size_t *deepest,
		   uint64_t frame[FRAMES], enum unwind_end *end)
{
	struct unwind_dump dump = {
		.registers = registers_of(regs), .address = regs->rsp, .stack = s->stack,
		.find = find_code, .context = s, .deepest = deepest,
	};

	s->mapped_again = false;
	dump.size = read_memory(s->pid, regs->rsp, s->stack, s->window);
	dump.whole = dump.size < s->window;
	return unwind_walk(&dump, frame, FRAMES, end);
}

static bool is_allowed(const struct stepper *s, const char *function)
{
	for (size_t i = 0; i < s->allowed.len; i++)
		if (!strcmp(s->allowed.at[i], function))
			return true;
	return false;
}

static void print_frames(struct stepper *s, const char *title, const uint64_t *frame, size_t count)
{
	char name[128];

	printf("%s:", title);
	for (size_t i = 0; i < count && i < 40; i++) {
		uint64_t ip = frame[i] & UNWIND_ADDRESS;

		name_of(s, ip - (i && !(frame[i] & UNWIND_EXACT)), name, sizeof name);
		printf(" %s(%" PRIx64 ")%s%s", name, ip, frame[i] & UNWIND_GUESSED ? "?" : "",
		       frame[i] & UNWIND_EXACT ? "!" : "");
	}
	puts("");
}

/* Counts by the function where the walk stopped, or the innermost of a wrong one. */
static void note_fault(struct stepper *s, uint64_t ip, enum unwind_end end)
{
	struct fault fault = { .end = end, .count = 1 };

	name_of(s, ip, fault.function, sizeof fault.function);
	for (size_t i = 0; i < s->fault.len; i++) {
		if (s->fault.at[i].end == end &&
		    !strcmp(s->fault.at[i].function, fault.function)) {
			s->fault.at[i].count++;
			return;
		}
	}
	array_push(&s->fault, fault);
}

static void compare(struct stepper *s, const struct user_regs_struct *regs)
{
	uint64_t expected[FRAMES], frame[FRAMES];
	size_t wanted = true_frames(s, regs->rip, expected), count;
	enum unwind_end end;
	char name[128];

	count = walk(s, regs, NULL, frame, &end);
	s->steps++;
	if (end == UNWIND_COMPLETE && count == wanted &&
	    !memcmp(frame, expected, count * sizeof *frame)) {
		s->exact++;
		return;
	}
	if (end != UNWIND_COMPLETE) {
		note_fault(s, (frame[count - 1] & UNWIND_ADDRESS) - (count > 1), end);
		return;
	}
	note_fault(s, regs->rip, end);
	name_of(s, regs->rip, name, sizeof name);
	if (is_allowed(s, name))
		return;
	if (s->wrong++ >= 5)
		return;
	print_frames(s, "walked", frame, count);
	print_frames(s, "true  ", expected, wanted);
}

/* Cases. */

static void write_stack(FILE *out, const struct stepper *s, uint64_t address, size_t size)
{
	enum { WORDS = 8 };
	const uint64_t *word = (const uint64_t *)(const void *)s->stack;

	for (size_t i = 0; i * 8 < size; i += WORDS) {
		uint64_t any = 0;

		for (size_t k = i; k < i + WORDS && k * 8 < size; k++)
			any |= word[k];
		if (!any)
			continue;
		fprintf(out, "stack %" PRIx64, address + i * 8);
		for (size_t k = i; k < i + WORDS && k * 8 < size; k++)
			fprintf(out, " %" PRIx64, word[k]);
		fputc('\n', out);
	}
}

static void write_lookups(FILE *out, const struct stepper *s)
{
	for (size_t i = 0; i < s->lookup.len; i++) {
		const struct lookup *lookup = &s->lookup.at[i];

		fprintf(out, "code %" PRIx64 " %" PRIx64, lookup->start, lookup->end);
		if (lookup->code == UNWIND_CODE_ROWS)
			fprintf(out, " %d %d %d %d\n", lookup->rule.cfa, lookup->rule.fp,
				lookup->rule.fp_offset, lookup->rule.offset);
		else
			fputs(" bare\n", out);
	}
}

static void write_case(struct stepper *s, const struct user_regs_struct *regs, bool known)
{
	uint64_t expected[FRAMES], frame[FRAMES];
	struct unwind_registers registers = registers_of(regs);
	enum unwind_end end;
	size_t deepest = 0, count, wanted = true_frames(s, regs->rip, expected);
	FILE *out = fopen(s->record, "we");
	char name[128];

	if (!out)
		fail(s->record);
	s->lookup.len = 0;
	count = walk(s, regs, &deepest, frame, &end);
	/* What is known goes before what was found. */
	if (known && end == UNWIND_COMPLETE)
		memcpy(frame, expected, (count = wanted) * sizeof *frame);
	fprintf(out, "ip %llx\nregisters", registers.ip);
	for (int i = 0; i < UNWIND_REGISTERS; i++)
		fprintf(out, " %llx", registers.r[i]);
	fputc('\n', out);
	write_stack(out, s, regs->rsp, deepest);
	write_lookups(out, s);
	for (size_t i = 0; i < count; i++) {
		uint64_t ip = frame[i] & UNWIND_ADDRESS;

		name_of(s, ip - (i && !(frame[i] & UNWIND_EXACT)), name, sizeof name);
		fprintf(out, "frame %" PRIx64 "%s%s %s\n", ip,
			frame[i] & UNWIND_GUESSED ? "?" : "", frame[i] & UNWIND_EXACT ? "!" : "",
			name);
	}
	fprintf(out, "end %s\n", ends[end]);
	if (fclose(out))
		fail(s->record);
}

/* Running the program. */

static void start(struct stepper *s, char **command)
{
	s->pid = fork();
	if (s->pid < 0)
		fail("fork");
	if (!s->pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execvp(command[0], command);
		fail(command[0]);
	}
}

/* The signal that stopped it; 0: it has ended. */
static int wait_stop(const struct stepper *s)
{
	int status;

	if (waitpid(s->pid, &status, 0) != s->pid)
		fail("waitpid");
	return WIFSTOPPED(status) ? WSTOPSIG(status) : 0;
}

static void read_registers(const struct stepper *s, struct user_regs_struct *regs)
{
	if (ptrace(PTRACE_GETREGS, s->pid, NULL, regs))
		fail("registers");
}

static void run_to_mark(struct stepper *s)
{
	int signal = wait_stop(s);

	if (signal != SIGTRAP || ptrace(PTRACE_SETOPTIONS, s->pid, NULL, PTRACE_O_EXITKILL))
		fail("exec");
	if (ptrace(PTRACE_CONT, s->pid, NULL, NULL) || wait_stop(s) != SIGTRAP)
		fail("the program has no int3");
}

/* The chain at the beginning is what we say it is; where it lies has to be found. */
static void adopt(struct stepper *s, const struct user_regs_struct *regs)
{
	uint64_t frame[FRAMES], slot = regs->rsp;
	enum unwind_end end;
	size_t count = walk(s, regs, NULL, frame, &end), first;

	use_chain(s, regs->rsp);
	if (end != UNWIND_COMPLETE) {
		print_frames(s, "at the beginning", frame, count);
		fail("not complete at the beginning");
	}
	for (size_t i = 1; i < count; i++, slot += 8) {
		while (slot < s->main_stack_end && read_word(s, slot) != frame[i])
			slot += 8;
		push_call(current(s), slot, frame[i], false);
	}
	/* Outermost first. */
	for (first = 0; first < current(s)->len / 2; first++) {
		struct call *a = &current(s)->at[first];
		struct call *b = &current(s)->at[current(s)->len - 1 - first], c = *a;

		*a = *b;
		*b = c;
	}
}

static void run_through(struct stepper *s)
{
	struct user_regs_struct before, after;
	unsigned char code[16] = { 0 };
	long left = -1;			/* steps to what is recorded */
	int signal = SIGTRAP;

	read_registers(s, &before);
	adopt(s, &before);
	while (left) {
		bool delivered = signal != SIGTRAP;

		read_memory(s->pid, before.rip, code, sizeof code);
		if (ptrace(PTRACE_SINGLESTEP, s->pid, NULL, delivered ? signal : 0))
			fail("step");
		signal = wait_stop(s);
		if (!signal)
			break;
		/* The instruction did not run: the signal comes first. */
		if (signal != SIGTRAP)
			continue;
		read_registers(s, &after);
		if (delivered)
			enter_handler(s, &before, &after);
		else
			follow(s, code, &before, &after);
		before = after;
		if (code[0] == 0xcc && !delivered && left < 0)
			left = s->record ? s->record_steps : 0;
		else if (left > 0)
			left--;
		if (!s->record)
			compare(s, &before);
	}
	if (s->record && !left)
		write_case(s, &before, true);
}

static int report(const struct stepper *s)
{
	for (size_t i = 0; i < s->fault.len; i++) {
		const struct fault *fault = &s->fault.at[i];

		printf("%7zu %s %s\n", fault->count,
		       fault->end == UNWIND_COMPLETE ? "wrong in" : ends[fault->end],
		       fault->function);
	}
	printf("%zu steps, %zu exact, %zu wrong\n", s->steps, s->exact, s->wrong);
	return s->wrong || (!s->record && s->steps < 10);
}

int main(int argc, char **argv)
{
	struct stepper s = { .window = 32 << 10 };
	int option;

	while ((option = getopt(argc, argv, "+w:x:r:k:")) != -1) {
		if (option == 'w')
			s.window = strtoul(optarg, NULL, 0) << 10;
		else if (option == 'x')
			array_push(&s.allowed, optarg);
		else if (option == 'r')
			s.record = optarg;
		else if (option == 'k')
			s.record_steps = strtol(optarg, NULL, 0);
		else
			return 99;
	}
	if (optind == argc)
		return 99;
	s.stack = xcalloc(1, s.window);
	start(&s, argv + optind);
	run_to_mark(&s);
	read_maps(&s);
	run_through(&s);
	return report(&s);
}
