/*
 * Compiles the unwind information of files twice, by src/symbols/cfi.c and
 * by libdw, and compares: every row of every function.
 *
 *	oracle [-v] [FILE|DIRECTORY...]
 *
 * Without files, this program and what it uses.  With -v each file has a
 * line.  Ends with 1 if any two rows differ.
 */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <gelf.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "symbols/cfi.h"
#include "unwind/table.h"

enum { RBP = 6, RSP = 7, RIP = 16, SHOWN_MAX = 5 };

/* A stretch of code with one rule, as libdw sees it; or that it can't tell. */
struct stretch {
	uint64_t start, end;		/* addresses */
	struct unwind_rule rule;
	bool failed;
};

struct function {
	uint64_t start, end;
	Dwarf_CFI *cfi;
	bool debug;
};

struct object {
	const char *path;
	int fd;
	Elf *elf;
	Dwarf *dwarf;
	Dwarf_CFI *eh, *debug;
	GElf_Ehdr header;
	array(GElf_Phdr) segment;
	array(struct function) function;
	array(struct stretch) stretch;
	struct unwind_table *table;
	enum rows_result result;
	uint64_t table_bytes;		/* of .eh_frame and .debug_frame */
	double own_ns, libdw_ns;
	bool is_go;
	uint64_t differing, failed;
};

struct totals {
	uint64_t files, without, rows, libdw_rows, bytes, table_bytes, unsupported, most_rules;
	uint64_t differing, failed;
	double own_ns, libdw_ns;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static bool is_short(int64_t value)
{
	return value >= INT16_MIN && value <= INT16_MAX;
}

/* [register + inner] + outer, or register + outer. */
static bool to_sum(const Dwarf_Op *op, size_t count, unsigned *number, bool *loaded,
		   int64_t *inner, int64_t *outer)
{
	*loaded = false;
	*inner = 0;
	if (!count)
		return false;
	if (op->atom >= DW_OP_breg0 && op->atom <= DW_OP_breg15) {
		*number = op->atom - DW_OP_breg0;
		*outer = (int64_t)op->number;
	} else if (op->atom == DW_OP_bregx && op->number < 16) {
		*number = (unsigned)op->number;
		*outer = (int64_t)op->number2;
	} else {
		return false;
	}
	for (size_t i = 1; i < count; i++) {
		if (op[i].atom == DW_OP_deref && !*loaded) {
			*loaded = true;
			*inner = *outer;
			*outer = 0;
		} else if (op[i].atom == DW_OP_plus_uconst) {
			*outer += (int64_t)op[i].number;
		} else if (i + 1 < count && op[i].atom >= DW_OP_lit0 && op[i].atom <= DW_OP_lit31 &&
			   op[i + 1].atom == DW_OP_plus) {
			*outer += op[i++].atom - DW_OP_lit0;
		} else {
			return false;
		}
	}
	return true;
}

static bool to_plt(const Dwarf_Op *op, size_t count, int *from)
{
	static const uint8_t atoms[] = { DW_OP_breg7, DW_OP_breg16, DW_OP_lit15, DW_OP_and, 0,
					 DW_OP_ge, DW_OP_lit3, DW_OP_shl, DW_OP_plus };

	if (count != sizeof atoms || op[0].number != 8 || op[1].number)
		return false;
	for (size_t i = 0; i < count; i++)
		if (atoms[i] && op[i].atom != atoms[i])
			return false;
	*from = op[4].atom - DW_OP_lit0;
	return *from >= 0 && *from < 16;
}

static bool to_cfa(const Dwarf_Op *op, size_t count, struct unwind_rule *rule)
{
	int64_t inner, outer;
	unsigned number;
	bool loaded;

	if (to_plt(op, count, &rule->offset)) {
		rule->cfa = UNWIND_PLT;
		return true;
	}
	if (!to_sum(op, count, &number, &loaded, &inner, &outer))
		return false;
	if (!loaded) {
		rule->cfa = (unsigned char)(UNWIND_REGISTER + number);
		rule->offset = (int)outer;
		return true;
	}
	rule->cfa = number == RSP ? UNWIND_DEREF_RSP : UNWIND_DEREF_RBP;
	rule->offset = (int)((uint32_t)inner << 16 | (uint16_t)outer);
	return (number == RSP || number == RBP) && is_short(inner) && is_short(outer);
}

/* At which offset from the CFA a register is saved. */
static bool to_offset(const Dwarf_Op *op, size_t count, int64_t *offset)
{
	*offset = count > 1 ? (int64_t)op[1].number : 0;
	return count && count <= 2 && op[0].atom == DW_OP_call_frame_cfa &&
	       (count == 1 || op[1].atom == DW_OP_plus_uconst);
}

static void to_fp(Dwarf_Frame *frame, struct unwind_rule *rule)
{
	Dwarf_Op memory[3], *op;
	size_t count;
	int64_t inner, outer;
	unsigned number;
	bool loaded;

	rule->fp = UNWIND_FP_LOST;
	if (dwarf_frame_register(frame, RBP, memory, &op, &count))
		return;
	if (!count) {
		rule->fp = op == memory ? UNWIND_FP_LOST : UNWIND_FP_SAME;
	} else if (to_offset(op, count, &outer) && is_short(outer)) {
		rule->fp = UNWIND_FP_AT_CFA;
		rule->fp_offset = (short)outer;
	} else if (op[0].atom == DW_OP_call_frame_cfa &&
		   to_sum(op + 1, count - 1, &number, &loaded, &inner, &outer) && !loaded) {
		/* The CFA is what the expression starts with. */
		if (number == RBP && is_short(outer)) {
			rule->fp = UNWIND_FP_AT_RBP;
			rule->fp_offset = (short)outer;
		} else if (number == RSP && rule->cfa == UNWIND_CFA_RSP &&
			   is_short(outer - rule->offset)) {
			rule->fp = UNWIND_FP_AT_CFA;
			rule->fp_offset = (short)(outer - rule->offset);
		}
	}
}

static bool to_ra(Dwarf_Frame *frame, struct unwind_rule *rule)
{
	Dwarf_Op memory[3], *op;
	size_t count;
	int64_t offset;

	if (dwarf_frame_register(frame, RIP, memory, &op, &count))
		return false;
	if (!count && op == memory) {
		*rule = (struct unwind_rule){ .cfa = UNWIND_END };
		return true;
	}
	if (to_offset(op, count, &offset))
		return offset == -8;
	if (count != 1 || op[0].atom != DW_OP_regx || !op[0].number || op[0].number >= RIP)
		return false;
	rule->fp |= (unsigned char)(op[0].number << UNWIND_RA_SHIFT);
	return true;
}

/* The caller's stack pointer is the CFA. */
static bool has_usual_sp(Dwarf_Frame *frame)
{
	Dwarf_Op memory[3], *op;
	size_t count;

	return !dwarf_frame_register(frame, RSP, memory, &op, &count) && count == 2 &&
	       op[0].atom == DW_OP_call_frame_cfa && op[1].atom == DW_OP_stack_value;
}

static struct unwind_rule to_rule(Dwarf_Frame *frame, bool signal)
{
	static const struct unwind_rule unsupported = { .cfa = UNWIND_UNSUPPORTED };
	struct unwind_rule rule = { 0 };
	Dwarf_Op memory[3], *op;
	size_t count;
	bool ok;

	if (signal)
		return (struct unwind_rule){ .cfa = UNWIND_SIGNAL };
	if (!dwarf_frame_register(frame, RIP, memory, &op, &count) && !count && op == memory)
		return (struct unwind_rule){ .cfa = UNWIND_END };
	ok = !dwarf_frame_cfa(frame, &op, &count) && to_cfa(op, count, &rule);
	to_fp(frame, &rule);
	return ok && has_usual_sp(frame) && to_ra(frame, &rule) ? rule : unsupported;
}

/* One address field by the encoding that a CIE tells. */
static uint8_t encoding_of(const Dwarf_CIE *cie)
{
	static const uint8_t size[16] = { [0] = 8, [2] = 2, [3] = 4, [4] = 8,
					  [10] = 2, [11] = 4, [12] = 8 };
	const uint8_t *at = cie->augmentation_data;

	for (const char *c = cie->augmentation; *c && at; c++) {
		if (*c == 'R')
			return *at;
		if (*c == 'L')
			at++;
		else if (*c == 'P')
			at += 1 + size[*at & 15];
	}
	return DW_EH_PE_absptr;
}

static bool take_field(const uint8_t **at, uint8_t encoding, uint64_t *value)
{
	uint32_t u32;

	switch (encoding & 15) {
	case DW_EH_PE_absptr:
	case DW_EH_PE_udata8:
	case DW_EH_PE_sdata8:
		memcpy(value, *at, 8);
		*at += 8;
		return true;
	case DW_EH_PE_udata4:
	case DW_EH_PE_sdata4:
		memcpy(&u32, *at, 4);
		*value = encoding & DW_EH_PE_signed ? (uint64_t)(int32_t)u32 : u32;
		*at += 4;
		return true;
	default:
		return false;
	}
}

static void add_function(struct object *o, Elf_Data *data, uint64_t address, bool debug,
			 const Dwarf_FDE *fde)
{
	const unsigned char *ident = (const unsigned char *)elf_getident(o->elf, NULL);
	const uint8_t *at = fde->start;
	Dwarf_CFI_Entry entry;
	uint64_t start, size;
	uint8_t encoding;
	Dwarf_Off next;

	if (dwarf_next_cfi(ident, data, !debug, fde->CIE_pointer, &next, &entry) ||
	    !dwarf_cfi_cie_p(&entry))
		return;
	encoding = encoding_of(&entry.cie);
	if (!take_field(&at, encoding, &start) || !take_field(&at, encoding & 15, &size))
		return;
	if ((encoding & 0x70) == DW_EH_PE_pcrel)
		start += address + (uint64_t)(fde->start - (const uint8_t *)data->d_buf);
	if (size && (!debug || start))
		array_push(&o->function, ((struct function){
			start, start + size, debug ? o->debug : o->eh, debug }));
}

static void list_functions(struct object *o, Elf_Scn *section, bool debug)
{
	const unsigned char *ident = (const unsigned char *)elf_getident(o->elf, NULL);
	Elf_Data *data = elf_getdata(section, NULL);
	Dwarf_Off offset = 0, next;
	GElf_Shdr header;

	if (!data || !gelf_getshdr(section, &header))
		return;
	o->table_bytes += data->d_size;
	while (offset < data->d_size) {
		Dwarf_CFI_Entry entry;
		int code = dwarf_next_cfi(ident, data, !debug, offset, &next, &entry);

		if (code > 0 && next == (Dwarf_Off)-1) {
			/* A zero in the middle: those after it count nevertheless. */
			next = offset + 4;
		} else if (code < 0 && next <= offset) {
			break;
		} else if (!code && !dwarf_cfi_cie_p(&entry)) {
			add_function(o, data, header.sh_addr, debug, &entry.fde);
		}
		offset = next;
	}
}

static int compare_functions(const void *a, const void *b)
{
	const struct function *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->end < y->end ? -1 : x->end > y->end;
}

/*
 * libdw forgets the offset while the CFA is an expression, and then has
 * none when there is a register again.
 */
static bool has_cfa(Dwarf_Frame *frame)
{
	Dwarf_Op *op;
	size_t count;

	return !dwarf_frame_cfa(frame, &op, &count) && count;
}

/* What it says of a function, from address to address. */
static void add_stretches(struct object *o, const struct function *function)
{
	uint64_t at = function->start;

	while (at < function->end) {
		struct stretch stretch = { .start = at, .end = function->end, .failed = true };
		Dwarf_Frame *frame = NULL;
		Dwarf_Addr start, end;
		bool signal;

		if (!dwarf_cfi_addrframe(function->cfi, at, &frame)) {
			if (dwarf_frame_info(frame, &start, &end, &signal) == RIP && end > at) {
				stretch.failed = !has_cfa(frame) && !signal;
				stretch.end = end < function->end ? end : function->end;
				stretch.rule = to_rule(frame, signal);
			}
			free(frame);
		}
		array_push(&o->stretch, stretch);
		at = stretch.end;
	}
}

/* .debug_frame counts for what .eh_frame does not have. */
static void add_all_stretches(struct object *o)
{
	uint64_t covered = 0;

	qsort(o->function.at, o->function.len, sizeof *o->function.at, compare_functions);
	for (size_t i = 0; i < o->function.len; i++) {
		const struct function *function = &o->function.at[i];

		if (function->debug && function->start < covered)
			continue;
		add_stretches(o, function);
		if (!function->debug && function->end > covered)
			covered = function->end;
	}
}

static void compile_by_libdw(struct object *o)
{
	double start = now();
	Elf_Scn *section = NULL;
	size_t names;

	o->eh = dwarf_getcfi_elf(o->elf);
	o->dwarf = dwarf_begin_elf(o->elf, DWARF_C_READ, NULL);
	o->debug = o->dwarf ? dwarf_getcfi(o->dwarf) : NULL;
	if (elf_getshdrstrndx(o->elf, &names))
		return;
	while ((section = elf_nextscn(o->elf, section))) {
		GElf_Shdr header;
		const char *name;

		if (!gelf_getshdr(section, &header) || header.sh_type == SHT_NOBITS)
			continue;
		name = elf_strptr(o->elf, names, header.sh_name);
		if (name && !strcmp(name, ".go.buildinfo"))
			o->is_go = true;
		if (name && o->eh && !strcmp(name, ".eh_frame"))
			list_functions(o, section, false);
		else if (name && o->debug && !strcmp(name, ".debug_frame"))
			list_functions(o, section, true);
	}
	add_all_stretches(o);
	o->libdw_ns = now() - start;
}

static void compile_ourselves(struct object *o)
{
	struct error error;

	/* The second time the file is in memory, as it is for libdw. */
	for (int i = 0; i < 2; i++) {
		double start = now();
		int fd;

		o->result = cfi_compile(o->fd, &fd);
		o->own_ns = now() - start;
		if (fd < 0)
			continue;
		unwind_table_unref(o->table);
		o->table = unwind_table_open(fd, &error);
		if (!o->table) {
			printf("%s: %s\n", o->path, error.text);
			exit(1);
		}
	}
}

static bool to_file_offset(const struct object *o, uint64_t address, uint64_t *offset)
{
	for (size_t i = 0; i < o->segment.len; i++) {
		const GElf_Phdr *s = &o->segment.at[i];

		if (s->p_flags & PF_X && address >= s->p_vaddr &&
		    address - s->p_vaddr < s->p_filesz) {
			*offset = address - s->p_vaddr + s->p_offset;
			return true;
		}
	}
	return false;
}

static bool is_same(struct unwind_rule a, struct unwind_rule b)
{
	return a.cfa == b.cfa && a.fp == b.fp && a.fp_offset == b.fp_offset &&
	       a.offset == b.offset;
}

static void describe(char text[100], struct unwind_rule rule)
{
	snprintf(text, 100, "cfa %d%+d fp %d%+d", rule.cfa, rule.offset, rule.fp, rule.fp_offset);
}

static void complain(struct object *o, const struct stretch *s, uint64_t address,
		     struct unwind_rule own)
{
	char a[100], b[100];

	if (o->differing++ >= SHOWN_MAX)
		return;
	describe(a, s->rule);
	describe(b, own);
	printf("%s: %#jx (of %#jx..%#jx): libdw %s, own %s\n", o->path, (uintmax_t)address,
	       (uintmax_t)s->start, (uintmax_t)s->end, a, b);
}

/* mov %rbx, %rsp: where a coroutine of makecontext() comes back to. */
static bool starts_context(const struct object *o, uint64_t address)
{
	static const unsigned char switch_stack[] = { 0x48, 0x89, 0xdc };
	unsigned char code[sizeof switch_stack];
	uint64_t offset;

	for (size_t i = 0; i < o->function.len; i++)
		if (address >= o->function.at[i].start && address < o->function.at[i].end &&
		    to_file_offset(o, o->function.at[i].start, &offset) &&
		    pread(o->fd, code, sizeof code, (off_t)offset) == sizeof code &&
		    !memcmp(code, switch_stack, sizeof code))
			return true;
	return false;
}

/*
 * Of Go's functions we know that they save rbp, and which are the bottom of
 * a stack or change it.
 */
static bool is_explained_by_go(const struct object *o, const struct stretch *s,
			       struct unwind_rule own)
{
	struct unwind_rule saved = s->rule;

	saved.fp = UNWIND_FP_AT_CFA;
	saved.fp_offset = -16;
	if (!o->is_go)
		return false;
	return (saved.cfa == UNWIND_CFA_RSP && saved.offset >= 16 && is_same(own, saved)) ||
	       own.cfa == UNWIND_END || own.cfa == UNWIND_SIGNAL ||
	       own.cfa == UNWIND_UNSUPPORTED ||
	       (own.cfa == UNWIND_CFA_RBP && own.offset == 16);
}

/*
 * Where programs and coroutines start there is no caller, whatever their
 * tables say, and just before nobody can have been called, either.
 */
static bool is_explained(const struct object *o, const struct stretch *s, struct unwind_rule own)
{
	uint64_t offset;

	if (own.cfa == UNWIND_BIRTH) {
		if (!to_file_offset(o, s->start, &offset))
			return false;
		while (unwind_table_find(o->table, offset).cfa == UNWIND_BIRTH)
			offset++;
		return unwind_table_find(o->table, offset).cfa == UNWIND_END;
	}
	return own.cfa == UNWIND_END &&
	       ((s->start <= o->header.e_entry + 64 && s->end > o->header.e_entry) ||
		starts_context(o, s->start));
}

/* At its first byte and at each of our rows in it. */
static void compare_stretch(struct object *o, const struct stretch *s)
{
	uint64_t offset, at;

	if (s->failed) {
		o->failed++;
		return;
	}
	if (!to_file_offset(o, s->start, &offset))
		return;
	for (at = 0; at < s->end - s->start; at++) {
		struct unwind_rule own = unwind_table_find(o->table, offset + at);

		if (!is_same(own, s->rule) && !is_explained(o, s, own) &&
		    !is_explained_by_go(o, s, own)) {
			complain(o, s, s->start + at, own);
			return;
		}
		/* Rows are as long as this almost never: the next page begins another. */
		if (at > 256)
			at += 15;
	}
}

/* Between functions we know nothing, but where code tells by itself. */
static void compare_gaps(struct object *o)
{
	uint64_t end = 0;

	for (size_t i = 0; i < o->stretch.len; i++) {
		struct stretch gap = { .start = end, .end = o->stretch.at[i].start };
		uint64_t offset;

		if (end && gap.end > end && to_file_offset(o, end, &offset)) {
			struct unwind_rule own = unwind_table_find(o->table, offset);

			if (own.cfa != UNWIND_NONE && own.cfa != UNWIND_PLT &&
			    own.cfa != UNWIND_SIGNAL && !is_explained(o, &gap, own) &&
			    own.cfa != UNWIND_CFA_RSP)
				complain(o, &gap, end, own);
		}
		end = o->stretch.at[i].end > end ? o->stretch.at[i].end : end;
	}
}

static void compare(struct object *o)
{
	if (!o->table) {
		for (size_t i = 0; i < o->stretch.len; i++) {
			uint64_t offset;

			if (to_file_offset(o, o->stretch.at[i].start, &offset))
				complain(o, &o->stretch.at[i], o->stretch.at[i].start,
					 (struct unwind_rule){ 0 });
		}
		return;
	}
	for (size_t i = 0; i < o->stretch.len; i++)
		compare_stretch(o, &o->stretch.at[i]);
	compare_gaps(o);
}

static bool open_object(struct object *o)
{
	size_t count;

	o->elf = elf_begin(o->fd, ELF_C_READ_MMAP, NULL);
	if (!o->elf || elf_kind(o->elf) != ELF_K_ELF || !gelf_getehdr(o->elf, &o->header) ||
	    o->header.e_machine != EM_X86_64 || o->header.e_ident[EI_CLASS] != ELFCLASS64 ||
	    (o->header.e_type != ET_EXEC && o->header.e_type != ET_DYN) ||
	    elf_getphdrnum(o->elf, &count))
		return false;
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr segment;

		if (gelf_getphdr(o->elf, (int)i, &segment) && segment.p_type == PT_LOAD)
			array_push(&o->segment, segment);
	}
	return true;
}

static void release(struct object *o)
{
	if (o->eh)
		dwarf_cfi_end(o->eh);
	if (o->dwarf)
		dwarf_end(o->dwarf);
	elf_end(o->elf);
	array_release(&o->segment);
	array_release(&o->function);
	array_release(&o->stretch);
	unwind_table_unref(o->table);
}

static void add_totals(struct totals *t, const struct object *o)
{
	t->files++;
	t->libdw_rows += o->stretch.len;
	t->differing += o->differing;
	t->failed += o->failed;
	t->libdw_ns += o->libdw_ns;
	t->own_ns += o->own_ns;
	t->table_bytes += o->table_bytes;
	if (!o->table) {
		t->without++;
		return;
	}
	t->rows += o->table->row_count;
	t->bytes += o->table->size;
	t->unsupported += o->table->unsupported;
	if (o->table->rule_count > t->most_rules)
		t->most_rules = o->table->rule_count;
}

static void print_figures(const char *name, const struct totals *t)
{
	printf("%s: %ju rows, %ju rules at most, %ju bytes (%.2f of the tables' %ju), "
	       "%.1f ns a row; libdw %ju rows, %.1f ns a row\n", name, (uintmax_t)t->rows,
	       (uintmax_t)t->most_rules, (uintmax_t)t->bytes,
	       t->table_bytes ? (double)t->bytes / (double)t->table_bytes : 0,
	       (uintmax_t)t->table_bytes, t->rows ? t->own_ns / (double)t->rows : 0,
	       (uintmax_t)t->libdw_rows,
	       t->libdw_rows ? t->libdw_ns / (double)t->libdw_rows : 0);
}

static void check_file(const char *path, struct totals *totals, bool verbose)
{
	struct object o = { .path = path, .fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) };
	struct totals own = { 0 };

	if (o.fd < 0)
		return;
	if (open_object(&o)) {
		compile_ourselves(&o);
		compile_by_libdw(&o);
		compare(&o);
		add_totals(&own, &o);
		add_totals(totals, &o);
		if (verbose)
			print_figures(path, &own);
		else if (o.differing)
			printf("%s: %ju rows differ\n", path, (uintmax_t)o.differing);
	}
	release(&o);
	close(o.fd);
}

static void check_all(char *const *path, struct totals *totals, bool verbose)
{
	FTS *tree = fts_open(path, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL);
	FTSENT *entry;

	while (tree && (entry = fts_read(tree)))
		if (entry->fts_info == FTS_F && entry->fts_statp->st_size >= 64)
			check_file(entry->fts_accpath, totals, verbose);
	if (tree)
		fts_close(tree);
}

static int check_loaded(struct dl_phdr_info *object, size_t size, void *totals)
{
	(void)size;
	check_file(*object->dlpi_name ? object->dlpi_name : "/proc/self/exe", totals, true);
	return 0;
}

int main(int argc, char **argv)
{
	bool verbose = argc > 1 && !strcmp(argv[1], "-v");
	struct totals totals = { 0 };

	elf_version(EV_CURRENT);
	if (argc > 1 + verbose)
		check_all(argv + 1 + verbose, &totals, verbose);
	else
		dl_iterate_phdr(check_loaded, &totals);
	print_figures("all", &totals);
	printf("%ju files, %ju without rows, %ju rows not supported, %ju unknown to libdw, "
	       "%ju differ\n", (uintmax_t)totals.files, (uintmax_t)totals.without,
	       (uintmax_t)totals.unsupported, (uintmax_t)totals.failed,
	       (uintmax_t)totals.differing);
	return totals.differing != 0;
}
