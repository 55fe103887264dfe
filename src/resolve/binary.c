#include "resolve/binary.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/hash_index.h"
#include "resolve/proc.h"

static uint32_t *bucket_of(struct mapped_table *table, const struct mapped *m)
{
	uint64_t hash = hash_bytes(m->path, strlen(m->path)) ^ hash_u64(m->inode);

	return &table->bucket[hash % MAPPED_BUCKETS];
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/* Somebody has it mapped: not only rows.c and code.c refer to it. */
static bool is_in_use(const struct mapped *m)
{
	unsigned others = m->news;

	others += m->code == UNWIND_CODE_ROWS || m->code == UNWIND_CODE_PENDING;
	return m->kind == BINARY_FILE && m->refs > others;
}

/* What is in use keeps its number; else that may be of another file meanwhile. */
static bool is_current(const struct mapped *m, const struct mapped *wanted)
{
	return !m->retired && (m->generation == wanted->generation ||
			       ((!m->generation || !wanted->generation) && is_in_use(m)));
}

static bool is_known_other(const struct mapped *m, const struct mapped *wanted)
{
	return m->retired || (m->generation && wanted->generation);
}

static bool has_same_number(const struct mapped *a, const struct mapped *b)
{
	return a->inode == b->inode && a->device == b->device && same_text(a->path, b->path) &&
	       same_text(a->build_id, b->build_id);
}

/* 0: it is not there.  *edition: how many other files had its number. */
static uint32_t find_entry(struct mapped_table *table, const struct mapped *wanted,
			   unsigned *edition)
{
	const struct mapped *m;
	uint32_t id;

	*edition = 0;
	for (id = *bucket_of(table, wanted); id; id = m->next) {
		m = &table->at.at[id];
		if (!has_same_number(m, wanted))
			continue;
		if (is_current(m, wanted))
			return id;
		if (is_known_other(m, wanted) && m->edition >= *edition)
			*edition = m->edition + 1;
	}
	return 0;
}

static enum binary_kind kind_of(const struct mapped *m)
{
	if (!strcmp(m->path, "[vdso]"))
		return BINARY_VDSO;
	return m->path[0] == '/' && m->path[1] != '/' ? BINARY_FILE : BINARY_ANONYMOUS;
}

static uint32_t new_entry(struct mapped_table *table)
{
	uint32_t id = table->free;

	if (id) {
		table->free = table->at.at[id].next;
		return id;
	}
	array_extend(&table->at, table->at.len ? table->at.len + 1 : 2);
	return (uint32_t)table->at.len - 1;
}

static size_t bytes_of(const struct mapped *m)
{
	return sizeof *m + strlen(m->path) + (m->build_id ? strlen(m->build_id) : 0);
}

bool mapped_table_is_full(const struct mapped_table *table)
{
	return table->bytes >= MAPPED_BYTES_MAX;
}

uint32_t mapped_add(struct mapped_table *table, const struct mapped *wanted)
{
	uint32_t *bucket = bucket_of(table, wanted), id;
	unsigned edition;

	id = find_entry(table, wanted, &edition);
	if (!id) {
		id = new_entry(table);
		table->at.at[id] = (struct mapped){
			.path = xstrdup(wanted->path),
			.build_id = wanted->build_id ? xstrdup(wanted->build_id) : NULL,
			.device = wanted->device, .inode = wanted->inode,
			.generation = wanted->generation, .edition = edition,
			.kind = kind_of(wanted), .next = *bucket,
		};
		if (table->at.at[id].kind == BINARY_ANONYMOUS)
			table->at.at[id].code = UNWIND_CODE_BARE;
		*bucket = id;
		table->was_full = mapped_table_is_full(table);
		table->bytes += bytes_of(&table->at.at[id]);
	}
	if (wanted->generation)
		table->at.at[id].generation = wanted->generation;
	mapped_ref(table, id);
	return id;
}

void mapped_retire(struct mapped_table *table, uint32_t id)
{
	table->at.at[id].retired = true;
}

void mapped_ref(struct mapped_table *table, uint32_t id)
{
	table->at.at[id].refs++;
}

static void free_entry(struct mapped_table *table, uint32_t id)
{
	struct mapped *m = &table->at.at[id];
	uint32_t *link = bucket_of(table, m);

	while (*link != id)
		link = &table->at.at[*link].next;
	*link = m->next;
	table->bytes -= bytes_of(m);
	unwind_table_unref(m->table);
	xfree(m->path);
	xfree(m->build_id);
	*m = (struct mapped){ .next = table->free };
	table->free = id;
}

void mapped_unref(struct mapped_table *table, uint32_t id)
{
	struct mapped *m = &table->at.at[id];

	if (!--m->refs && !m->binary)
		free_entry(table, id);
}

void mapped_table_release(struct mapped_table *table)
{
	for (size_t i = 0; i < table->at.len; i++) {
		unwind_table_unref(table->at.at[i].table);
		xfree(table->at.at[i].path);
		xfree(table->at.at[i].build_id);
	}
	array_release(&table->at);
}

binary_id mapped_binary(struct mapped_table *table, uint32_t id, struct profile *profile)
{
	struct mapped *m = &table->at.at[id];
	char identity[64] = "";

	if (m->binary)
		return m->binary;
	if (m->kind == BINARY_ANONYMOUS && strcmp(m->path, "[vsyscall]"))
		return m->binary = profile_add_binary(profile, "[anon]", "", BINARY_ANONYMOUS);
	if (m->inode && m->edition)
		snprintf(identity, sizeof identity, "%llx:%llu:%u", (unsigned long long)m->device,
			 (unsigned long long)m->inode, m->edition);
	else if (m->inode)
		snprintf(identity, sizeof identity, "%llx:%llu", (unsigned long long)m->device,
			 (unsigned long long)m->inode);
	m->binary = profile_add_binary(profile, m->path, m->build_id ? m->build_id : identity,
				       m->kind);
	return m->binary;
}

/* The same file again, now for reading: looking at it first opened nothing. */
static int reopen(int found)
{
	char path[48];

	snprintf(path, sizeof path, "/proc/self/fd/%d", found);
	return open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* Takes a descriptor of O_PATH. */
static int open_if_wanted(int found, const struct binary_place *place)
{
	struct stat status;
	int fd = -1, code = 0;

	if (found < 0)
		return -1;
	if (fstat(found, &status))
		code = errno;
	else if (!S_ISREG(status.st_mode) || (place->inode && status.st_ino != place->inode))
		code = ESTALE;
	else if ((fd = reopen(found)) < 0)
		code = errno;
	close(found);
	errno = code;
	return fd;
}

/* By the mapping itself: right even for files that were deleted or replaced. */
static int open_mapped(pid_t task, const struct binary_place *place)
{
	char path[96];

	snprintf(path, sizeof path, "/proc/%d/map_files/%llx-%llx", (int)task,
		 (unsigned long long)place->start, (unsigned long long)place->end);
	return open_if_wanted(open(path, O_PATH | O_CLOEXEC), place);
}

/*
 * By its path as the target sees it.  Device numbers are not compared:
 * overlay and btrfs have others in mappings than in files.
 */
static int open_under(const char *root, const struct binary_place *place)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int directory = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC), found, code;

	if (directory < 0)
		return -1;
	found = (int)syscall(SYS_openat2, directory, place->path, &how, sizeof how);
	code = errno;
	close(directory);
	errno = code;
	return open_if_wanted(found, place);
}

static int open_under_task(pid_t task, const struct binary_place *place)
{
	char root[48];

	snprintf(root, sizeof root, "/proc/%d/root", (int)task);
	return open_under(root, place);
}

/* Only a file's number makes sure that another's file of that name is the same. */
static bool may_ask_kin(const struct binary_place *place)
{
	return place->inode && errno != EMFILE && errno != ENFILE;
}

int binary_open(const struct binary_place *place)
{
	int fd = open_mapped(place->tid, place);

	if (fd < 0)
		fd = open_under_task(place->tid, place);
	if (fd < 0 && place->tid != place->pid) {
		fd = open_mapped(place->pid, place);
		if (fd < 0)
			fd = open_under_task(place->pid, place);
	}
	/* The process may be gone; its files mostly were those that its parent sees, or we. */
	for (size_t i = 0; i < 2 && fd < 0 && may_ask_kin(place); i++)
		if (place->kin[i])
			fd = open_under_task(place->kin[i], place);
	if (fd < 0 && errno != EMFILE && errno != ENFILE)
		fd = open_under("/", place);
	return fd;
}

uint64_t binary_content(int fd)
{
	struct stat status;

	if (fstat(fd, &status))
		return 0;
	return hash_u64((uint64_t)status.st_mtim.tv_sec * 1000000000 +
			(uint64_t)status.st_mtim.tv_nsec) + (uint64_t)status.st_size;
}

static void note_vdso(void *context, const struct map_line *line)
{
	struct map_line *vdso = context;

	if (line->path.len == 6 && !memcmp(line->path.at, "[vdso]", 6))
		*vdso = *line;
}

int binary_open_vdso(void)
{
	struct map_line vdso = { 0 };
	size_t lines, len;
	int fd;

	if (!proc_read_maps(getpid(), note_vdso, &vdso, &lines) || !vdso.end)
		return -1;
	fd = memfd_create("vdso", MFD_CLOEXEC);
	if (fd < 0)
		return -1;
	len = (size_t)(vdso.end - vdso.start);
	if (write(fd, (const void *)(uintptr_t)vdso.start, len) != (ssize_t)len) {
		close(fd);
		return -1;
	}
	return fd;
}
