#include "symbols/cfi_private.h"

#include <string.h>

#include "symbols/dwarf_names.h"

enum {
	RBP = 6, RSP = 7, RIP = 16,
	REMEMBERED_MAX = 32,
	WORDS_MAX = 1 << 30,
};

/* How a register of the caller is found, or the CFA. */
enum how { HOW_SAME, HOW_UNDEFINED, HOW_OFFSET, HOW_REGISTER, HOW_EXPRESSION, HOW_OTHER };

struct place {
	enum how how;
	uint32_t number;	/* of a register */
	int64_t offset;
	struct bytes expression;
};

/* Other registers don't matter for the way to the caller. */
struct frame {
	struct place cfa, fp, sp, ra;
};

struct cie {
	size_t at;		/* in the table */
	struct bytes code;
	uint64_t code_align;
	int64_t data_align;
	unsigned char encoding;	/* of addresses */
	bool augmented, signal;
	bool broken;		/* its frames have no rows but one that says so */
	bool hopeless;		/* nor is it known where they are */
	struct frame initial;
};

struct reader {
	struct cfi_rows *rows;
	enum cfi_layer layer;
	const struct cfi_table *table;
	array(struct cie) cie;	/* in the order of the table */
	size_t last_cie;
};

/* The instructions of one frame, while they are carried out. */
struct run {
	struct reader *reader;
	const struct cie *cie;
	struct frame frame;
	struct frame remembered[REMEMBERED_MAX];
	size_t depth;
	uint64_t start;		/* address; size 0: of the CIE, no rows */
	uint64_t size, at;
	bool changed;		/* since the last row */
};

static bool take_u8(struct bytes *in, uint8_t *value)
{
	if (!in->len)
		return false;
	*value = *in->at++;
	in->len--;
	return true;
}

/* Bits above the 64th are dropped. */
static bool take_uleb(struct bytes *in, uint64_t *value)
{
	unsigned shift = 0;
	uint8_t byte;

	if (in->len && *in->at < 0x80) {
		*value = *in->at++;
		in->len--;
		return true;
	}
	*value = 0;
	do {
		if (!take_u8(in, &byte))
			return false;
		if (shift < 64)
			*value |= (uint64_t)(byte & 0x7f) << shift;
		shift += shift < 64 ? 7 : 0;
	} while (byte & 0x80);
	return true;
}

static bool take_sleb(struct bytes *in, int64_t *value)
{
	uint64_t bits = 0;
	unsigned shift = 0;
	uint8_t byte;

	do {
		if (!take_u8(in, &byte))
			return false;
		if (shift < 64)
			bits |= (uint64_t)(byte & 0x7f) << shift;
		shift += shift < 64 ? 7 : 0;
	} while (byte & 0x80);
	if (shift < 64 && byte & 0x40)
		bits |= ~UINT64_C(0) << shift;
	*value = (int64_t)bits;
	return true;
}

static bool take_block(struct bytes *in, struct bytes *block)
{
	uint64_t len;

	return take_uleb(in, &len) && len <= in->len && take_bytes(in, (size_t)len, block);
}

/* By the low half of an encoding: the size of the field and its sign. */
static bool take_field(struct bytes *in, unsigned encoding, uint64_t *value)
{
	uint16_t u16;
	uint32_t u32;
	int64_t s64;

	switch (encoding & DW_EH_PE_field) {
	case DW_EH_PE_absptr:
	case DW_EH_PE_udata8:
	case DW_EH_PE_sdata8:
		return take_u64(in, value);
	case DW_EH_PE_udata4:
	case DW_EH_PE_sdata4:
		if (!take_u32(in, &u32))
			return false;
		*value = encoding & DW_EH_PE_signed ? (uint64_t)(int32_t)u32 : u32;
		return true;
	case DW_EH_PE_udata2:
	case DW_EH_PE_sdata2:
		if (!take_u16(in, &u16))
			return false;
		*value = encoding & DW_EH_PE_signed ? (uint64_t)(int16_t)u16 : u16;
		return true;
	case DW_EH_PE_uleb128:
		return take_uleb(in, value);
	case DW_EH_PE_sleb128:
		if (!take_sleb(in, &s64))
			return false;
		*value = (uint64_t)s64;
		return true;
	default:
		return false;
	}
}

/* What is relative to other things than itself is not made by anyone on x86-64. */
bool cfi_take_address(const struct cfi_table *table, struct bytes *in, unsigned encoding,
		      uint64_t *value)
{
	uint64_t at = table->address + (uint64_t)(in->at - table->bytes.at);

	unsigned relative = encoding & DW_EH_PE_relative;

	if ((relative && relative != DW_EH_PE_pcrel) || encoding & DW_EH_PE_indirect ||
	    !take_field(in, encoding, value))
		return false;
	if (relative)
		*value += at;
	return true;
}

/* A value that an expression comes to: [register + inner] + offset, or without the []. */
struct sum {
	unsigned number;
	bool loaded;
	int64_t inner, offset;
};

static bool add_offset(struct sum *sum, int64_t offset)
{
	return offset > -WORDS_MAX && offset < WORDS_MAX &&
	       !__builtin_add_overflow(sum->offset, offset, &sum->offset);
}

/* The constants that are added or taken away again. */
static bool take_constant(struct bytes *in, uint8_t op, int64_t *value)
{
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;

	if (op >= DW_OP_lit0 && op <= DW_OP_lit31) {
		*value = op - DW_OP_lit0;
	} else if (op == DW_OP_const1u || op == DW_OP_const1s) {
		if (!take_u8(in, &u8))
			return false;
		*value = op == DW_OP_const1u ? u8 : (int8_t)u8;
	} else if (op == DW_OP_const2u || op == DW_OP_const2s) {
		if (!take_u16(in, &u16))
			return false;
		*value = op == DW_OP_const2u ? u16 : (int16_t)u16;
	} else if (op == DW_OP_consts) {
		return take_sleb(in, value);
	} else if (op == DW_OP_const4u || op == DW_OP_const4s) {
		if (!take_u32(in, &u32))
			return false;
		*value = op == DW_OP_const4u ? (int64_t)u32 : (int32_t)u32;
	} else {
		return op == DW_OP_constu && take_uleb(in, (uint64_t *)value);
	}
	return true;
}

/* The forms that compilers and people use. */
static bool take_sum(struct bytes in, struct sum *sum)
{
	int64_t value;
	uint64_t number;
	uint8_t op;

	*sum = (struct sum){ 0 };
	if (!take_u8(&in, &op))
		return false;
	if (op >= DW_OP_breg0 && op <= DW_OP_breg15)
		number = op - DW_OP_breg0;
	else if (op != DW_OP_bregx || !take_uleb(&in, &number) || number >= RIP)
		return false;
	sum->number = (unsigned)number;
	if (!take_sleb(&in, &value) || !add_offset(sum, value))
		return false;
	while (take_u8(&in, &op)) {
		if (op == DW_OP_deref && !sum->loaded) {
			sum->loaded = true;
			sum->inner = sum->offset;
			sum->offset = 0;
			continue;
		}
		if (op == DW_OP_plus_uconst) {
			if (!take_uleb(&in, &number) || !add_offset(sum, (int64_t)number))
				return false;
			continue;
		}
		if (!take_constant(&in, op, &value) || !take_u8(&in, &op) ||
		    (op != DW_OP_plus && op != DW_OP_minus) || value <= -WORDS_MAX ||
		    !add_offset(sum, op == DW_OP_plus ? value : -value))
			return false;
	}
	return !in.len;
}

/*
 * What linkers write for their stubs: rsp + 8, and 8 more from the place on
 * where the stub has pushed its number.
 */
static bool is_plt(struct bytes in, int *from)
{
	static const unsigned char before[] = { DW_OP_breg7, 8, DW_OP_breg16, 0, DW_OP_lit15,
						DW_OP_and };
	static const unsigned char after[] = { DW_OP_ge, DW_OP_lit3, DW_OP_shl, DW_OP_plus };
	const size_t len = sizeof before + 1 + sizeof after;

	if (in.len != len || memcmp(in.at, before, sizeof before) ||
	    memcmp(in.at + sizeof before + 1, after, sizeof after) ||
	    in.at[sizeof before] < DW_OP_lit0 || in.at[sizeof before] > DW_OP_lit15)
		return false;
	*from = in.at[sizeof before] - DW_OP_lit0;
	return true;
}

static bool is_short(int64_t value)
{
	return value >= INT16_MIN && value <= INT16_MAX;
}

static bool set_cfa_by_expression(struct unwind_rule *rule, struct bytes expression)
{
	struct sum sum;

	if (is_plt(expression, &rule->offset)) {
		rule->cfa = UNWIND_PLT;
		return true;
	}
	if (!take_sum(expression, &sum))
		return false;
	if (!sum.loaded) {
		rule->cfa = (unsigned char)(UNWIND_REGISTER + sum.number);
		rule->offset = (int)sum.offset;
		return sum.offset >= INT32_MIN && sum.offset <= INT32_MAX;
	}
	if ((sum.number != RSP && sum.number != RBP) || !is_short(sum.inner) ||
	    !is_short(sum.offset))
		return false;
	rule->cfa = sum.number == RSP ? UNWIND_DEREF_RSP : UNWIND_DEREF_RBP;
	rule->offset = (int)((uint32_t)sum.inner << 16 | (uint16_t)sum.offset);
	return true;
}

static bool set_cfa(struct unwind_rule *rule, const struct place *cfa)
{
	if (cfa->how == HOW_EXPRESSION)
		return set_cfa_by_expression(rule, cfa->expression);
	if (cfa->how != HOW_REGISTER || cfa->number >= RIP || cfa->offset < INT32_MIN ||
	    cfa->offset > INT32_MAX)
		return false;
	rule->cfa = (unsigned char)(UNWIND_REGISTER + cfa->number);
	rule->offset = (int)cfa->offset;
	return true;
}

/* Not an error if it can't be told: many callers don't need it. */
static void set_fp(struct unwind_rule *rule, const struct place *fp)
{
	enum unwind_fp how = UNWIND_FP_LOST;
	int64_t offset = 0;
	struct sum sum;

	if (fp->how == HOW_SAME || (fp->how == HOW_REGISTER && fp->number == RBP)) {
		how = UNWIND_FP_SAME;
	} else if (fp->how == HOW_OFFSET && is_short(fp->offset)) {
		how = UNWIND_FP_AT_CFA;
		offset = fp->offset;
	} else if (fp->how == HOW_EXPRESSION && take_sum(fp->expression, &sum) && !sum.loaded) {
		offset = sum.offset;
		if (sum.number == RSP && rule->cfa == UNWIND_CFA_RSP &&
		    is_short(offset - rule->offset)) {
			how = UNWIND_FP_AT_CFA;
			offset -= rule->offset;
		} else if (sum.number == RBP && is_short(offset)) {
			how = UNWIND_FP_AT_RBP;
		}
	}
	rule->fp = (unsigned char)how;
	rule->fp_offset = how == UNWIND_FP_LOST ? 0 : (short)offset;
}

static bool set_ra(struct unwind_rule *rule, const struct place *ra)
{
	if (ra->how == HOW_OFFSET)
		return ra->offset == -8;
	/* 0 stands for the usual place, so rax can't be told. */
	if (ra->how != HOW_REGISTER || !ra->number || ra->number >= RIP)
		return false;
	rule->fp |= (unsigned char)(ra->number << UNWIND_RA_SHIFT);
	return true;
}

static struct unwind_rule frame_rule(const struct cie *cie, const struct frame *frame)
{
	static const struct unwind_rule unsupported = { .cfa = UNWIND_UNSUPPORTED };
	struct unwind_rule rule = { 0 };

	if (cie->signal)
		return (struct unwind_rule){ .cfa = UNWIND_SIGNAL };
	if (frame->ra.how == HOW_UNDEFINED)
		return (struct unwind_rule){ .cfa = UNWIND_END };
	/* The caller's stack pointer is the CFA, unless said otherwise. */
	if (frame->sp.how != HOW_SAME || !set_cfa(&rule, &frame->cfa))
		return unsupported;
	set_fp(&rule, &frame->fp);
	return set_ra(&rule, &frame->ra) ? rule : unsupported;
}

static void put_row(struct run *run)
{
	struct reader *r = run->reader;

	if (!run->changed || run->at >= run->size)
		return;
	run->changed = false;
	cfi_add(r->rows, r->layer, (uint32_t)run->at,
		cfi_rule(r->rows, frame_rule(run->cie, &run->frame)));
}

static bool advance(struct run *run, uint64_t steps)
{
	uint64_t bytes;

	if (!steps || !run->size)
		return true;
	if (__builtin_mul_overflow(steps, run->cie->code_align, &bytes) || !bytes)
		return false;
	put_row(run);
	if (__builtin_add_overflow(run->at, bytes, &run->at))
		run->at = run->size;
	return true;
}

static struct place *find_place(struct frame *frame, uint64_t number)
{
	return number == RBP ? &frame->fp : number == RSP ? &frame->sp :
	       number == RIP ? &frame->ra : NULL;
}

static bool set_place(struct run *run, uint64_t number, struct place place)
{
	struct place *to = find_place(&run->frame, number);

	if (to) {
		*to = place;
		run->changed = true;
	}
	return true;
}

static bool set_offset(struct run *run, uint64_t number, int64_t words)
{
	struct place place = { .how = HOW_OFFSET };

	if (__builtin_mul_overflow(words, run->cie->data_align, &place.offset))
		place.how = HOW_OTHER;
	return set_place(run, number, place);
}

static bool restore(struct run *run, uint64_t number)
{
	struct place *to = find_place(&run->frame, number);
	struct frame initial = run->cie->initial;

	if (to) {
		*to = *find_place(&initial, number);
		run->changed = true;
	}
	return true;
}

static bool set_cfa_register(struct run *run, uint64_t number)
{
	run->frame.cfa.how = HOW_REGISTER;
	run->frame.cfa.number = number < RIP ? (uint32_t)number : RIP;
	run->changed = true;
	return true;
}

static bool set_cfa_offset(struct run *run, int64_t offset)
{
	/* Of a CFA that is an expression there is no register to go from. */
	if (run->frame.cfa.how != HOW_REGISTER)
		run->frame.cfa.how = HOW_OTHER;
	run->frame.cfa.offset = offset;
	run->changed = true;
	return true;
}

static bool set_cfa_words(struct run *run, int64_t words)
{
	int64_t offset;

	if (__builtin_mul_overflow(words, run->cie->data_align, &offset))
		offset = INT64_MAX;
	return set_cfa_offset(run, offset);
}

static bool remember(struct run *run)
{
	if (run->depth == REMEMBERED_MAX)
		return false;
	run->remembered[run->depth++] = run->frame;
	return true;
}

static bool recall(struct run *run)
{
	if (!run->depth)
		return false;
	run->frame = run->remembered[--run->depth];
	run->changed = true;
	return true;
}

static bool set_location(struct run *run, struct bytes *in)
{
	uint64_t address;

	if (!cfi_take_address(run->reader->table, in, run->cie->encoding, &address) || !run->size ||
	    address < run->start || address - run->start < run->at)
		return false;
	if (address - run->start == run->at)
		return true;
	put_row(run);
	run->at = address - run->start;
	return true;
}

static bool take_advance(struct run *run, struct bytes *in, uint8_t op)
{
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;
	uint8_t u8;

	switch (op) {
	case DW_CFA_advance_loc1:
		return take_u8(in, &u8) && advance(run, u8);
	case DW_CFA_advance_loc2:
		return take_u16(in, &u16) && advance(run, u16);
	case DW_CFA_advance_loc4:
		return take_u32(in, &u32) && advance(run, u32);
	case DW_CFA_MIPS_advance_loc8:
		return take_u64(in, &u64) && advance(run, u64);
	default:
		return set_location(run, in);
	}
}

static bool take_cfa(struct run *run, struct bytes *in, uint8_t op)
{
	uint64_t number, offset;
	int64_t words;

	switch (op) {
	case DW_CFA_def_cfa:
		return take_uleb(in, &number) && take_uleb(in, &offset) &&
		       set_cfa_register(run, number) && set_cfa_offset(run, (int64_t)offset);
	case DW_CFA_def_cfa_sf:
		return take_uleb(in, &number) && take_sleb(in, &words) &&
		       set_cfa_register(run, number) && set_cfa_words(run, words);
	case DW_CFA_def_cfa_register:
		return take_uleb(in, &number) && set_cfa_register(run, number);
	case DW_CFA_def_cfa_offset:
		return take_uleb(in, &offset) && set_cfa_offset(run, (int64_t)offset);
	case DW_CFA_def_cfa_offset_sf:
		return take_sleb(in, &words) && set_cfa_words(run, words);
	default:
		/* An offset from before counts again when there is a register again. */
		run->frame.cfa.how = HOW_EXPRESSION;
		run->changed = true;
		return take_block(in, &run->frame.cfa.expression);
	}
}

/* The instructions that begin with the number of a register. */
static bool take_register(struct run *run, struct bytes *in, uint8_t op)
{
	struct place place = { .how = HOW_OTHER };
	uint64_t number, value;
	int64_t words;

	if (!take_uleb(in, &number))
		return false;
	switch (op) {
	case DW_CFA_offset_extended:
		return take_uleb(in, &value) && set_offset(run, number, (int64_t)value);
	case DW_CFA_offset_extended_sf:
		return take_sleb(in, &words) && set_offset(run, number, words);
	case DW_CFA_GNU_negative_offset_extended:
		return take_uleb(in, &value) && value <= WORDS_MAX &&
		       set_offset(run, number, -(int64_t)value);
	case DW_CFA_restore_extended:
		return restore(run, number);
	case DW_CFA_undefined:
		return set_place(run, number, (struct place){ .how = HOW_UNDEFINED });
	case DW_CFA_same_value:
		/* The caller's stack pointer never is the same. */
		place.how = number == RBP ? HOW_SAME : HOW_OTHER;
		return set_place(run, number, place);
	case DW_CFA_register:
		if (!take_uleb(in, &value))
			return false;
		place.how = HOW_REGISTER;
		place.number = value < RIP ? (uint32_t)value : RIP;
		return set_place(run, number, place);
	case DW_CFA_val_offset:
		/* What holds anyway. */
		if (!take_uleb(in, &value))
			return false;
		place.how = number == RSP && !value ? HOW_SAME : HOW_OTHER;
		return set_place(run, number, place);
	case DW_CFA_val_offset_sf:
		if (!take_sleb(in, &words))
			return false;
		place.how = number == RSP && !words ? HOW_SAME : HOW_OTHER;
		return set_place(run, number, place);
	case DW_CFA_expression:
		place.how = HOW_EXPRESSION;
		return take_block(in, &place.expression) && set_place(run, number, place);
	case DW_CFA_val_expression:
		return take_block(in, &place.expression) && set_place(run, number, place);
	default:
		return false;
	}
}

static bool take_extended(struct run *run, struct bytes *in, uint8_t op)
{
	uint64_t ignored;

	switch (op) {
	case DW_CFA_nop:
	case DW_CFA_GNU_window_save:
		return true;
	case DW_CFA_set_loc:
	case DW_CFA_advance_loc1:
	case DW_CFA_advance_loc2:
	case DW_CFA_advance_loc4:
	case DW_CFA_MIPS_advance_loc8:
		return take_advance(run, in, op);
	case DW_CFA_remember_state:
		return remember(run);
	case DW_CFA_restore_state:
		return recall(run);
	case DW_CFA_def_cfa:
	case DW_CFA_def_cfa_sf:
	case DW_CFA_def_cfa_register:
	case DW_CFA_def_cfa_offset:
	case DW_CFA_def_cfa_offset_sf:
	case DW_CFA_def_cfa_expression:
		return take_cfa(run, in, op);
	case DW_CFA_GNU_args_size:
		return take_uleb(in, &ignored);
	default:
		return take_register(run, in, op);
	}
}

/* False at what is not known: nothing is known from there on. */
static bool carry_out(struct run *run, struct bytes in)
{
	uint64_t value;
	uint8_t op;

	while (take_u8(&in, &op)) {
		bool ok;

		if ((op & 0xc0) == DW_CFA_advance_loc)
			ok = advance(run, op & 0x3f);
		else if ((op & 0xc0) == DW_CFA_offset)
			ok = take_uleb(&in, &value) && set_offset(run, op & 0x3f, (int64_t)value);
		else if ((op & 0xc0) == DW_CFA_restore)
			ok = restore(run, op & 0x3f);
		else
			ok = take_extended(run, &in, op);
		if (!ok)
			return false;
	}
	return true;
}

/* False if the letters are not known, so neither is what they stand for. */
static bool take_augmentation(const struct cfi_table *table, struct bytes *in, const char *letters,
			      struct cie *cie)
{
	struct bytes block;
	uint64_t ignored;
	uint8_t encoding;

	if (!*letters)
		return true;
	if (*letters != 'z' || !take_block(in, &block))
		return false;
	cie->augmented = true;
	while (*++letters) {
		switch (*letters) {
		case 'R':
			if (!take_u8(&block, &cie->encoding))
				return false;
			break;
		case 'L':
			if (!take_u8(&block, &encoding))
				return false;
			break;
		case 'P':
			if (!take_u8(&block, &encoding) ||
			    !cfi_take_address(table, &block, encoding & DW_EH_PE_field, &ignored))
				return false;
			break;
		case 'S':
			cie->signal = true;
			break;
		default:
			return true;
		}
	}
	return true;
}

static bool take_cie(struct reader *r, struct bytes in, struct cie *cie)
{
	const char *letters;
	uint8_t version, size, segment, column;
	uint64_t ra;

	cie->encoding = DW_EH_PE_absptr;
	if (!take_u8(&in, &version) || (version != 1 && version != 3 && version != 4) ||
	    !take_text(&in, &letters))
		return false;
	if (version == 4 &&
	    (!take_u8(&in, &size) || !take_u8(&in, &segment) || size != 8 || segment))
		return false;
	if (!take_uleb(&in, &cie->code_align) || !take_sleb(&in, &cie->data_align))
		return false;
	if (version == 1) {
		if (!take_u8(&in, &column))
			return false;
		ra = column;
	} else if (!take_uleb(&in, &ra)) {
		return false;
	}
	if (!take_augmentation(r->table, &in, letters, cie))
		return false;
	cie->broken = ra != RIP;
	cie->code = in;
	return true;
}

static void add_cie(struct reader *r, struct run *run, size_t at, struct bytes in)
{
	struct cie cie = { .at = at };

	cie.hopeless = !take_cie(r, in, &cie);
	if (!cie.hopeless && !cie.broken) {
		/* By the ABI; a CIE without them would mean no information. */
		cie.initial.cfa.how = cie.initial.ra.how = HOW_OTHER;
		run->cie = &cie;
		run->frame = cie.initial;
		run->depth = 0;
		run->size = 0;
		cie.broken = !carry_out(run, cie.code);
		cie.initial = run->frame;
	}
	r->last_cie = r->cie.len;
	array_push(&r->cie, cie);
}

/* It comes before those who refer to it: its place is told by how far back. */
static const struct cie *find_cie(struct reader *r, uint64_t at)
{
	size_t low = 0, high = r->cie.len;

	if (r->last_cie < r->cie.len && r->cie.at[r->last_cie].at == at)
		return &r->cie.at[r->last_cie];
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (r->cie.at[middle].at < at)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == r->cie.len || r->cie.at[low].at != at)
		return NULL;
	r->last_cie = low;
	return &r->cie.at[low];
}

static void add_fde(struct reader *r, struct run *run, const struct cie *cie, struct bytes in)
{
	uint64_t start, size;
	struct bytes block;
	bool whole;

	if (cie->hopeless || !cfi_take_address(r->table, &in, cie->encoding, &start) ||
	    !take_field(&in, cie->encoding, &size))
		return;
	/* Where the linker threw the code away; in .eh_frame it removes the entry as well. */
	if ((r->table->debug && !start) || !cfi_begin(r->rows, r->layer, start, &size))
		return;
	whole = !cie->broken && (!cie->augmented || take_block(&in, &block));
	run->cie = cie;
	run->frame = cie->initial;
	run->depth = 0;
	run->start = start;
	run->size = size;
	run->at = 0;
	run->changed = true;
	if (whole)
		whole = carry_out(run, in);
	if (whole)
		put_row(run);
	else if (run->at < size)
		cfi_add(r->rows, r->layer, (uint32_t)run->at, CFI_RULE_UNSUPPORTED);
}

/* One entry.  False at the end. */
static bool take_entry(struct reader *r, struct run *run, struct bytes *in)
{
	size_t begin = r->table->bytes.len - in->len, id_at;
	struct bytes entry;
	uint32_t len32, id32;
	uint64_t len, id;
	const struct cie *cie;
	bool wide;

	if (!take_u32(in, &len32))
		return false;
	len = len32;
	wide = len32 == UINT32_MAX;
	if (wide && !take_u64(in, &len))
		return false;
	if (!len)
		return !r->table->ends_at_zero;
	id_at = r->table->bytes.len - in->len;
	if (len > in->len || !take_bytes(in, (size_t)len, &entry))
		return false;
	/* .eh_frame keeps 32 bits there in either form. */
	if (wide && r->table->debug) {
		if (!take_u64(&entry, &id))
			return true;
	} else {
		if (!take_u32(&entry, &id32))
			return true;
		id = r->table->debug && id32 == UINT32_MAX ? UINT64_MAX : id32;
	}
	if (id == (r->table->debug ? UINT64_MAX : 0)) {
		add_cie(r, run, begin, entry);
		return true;
	}
	cie = find_cie(r, r->table->debug ? id : id_at - id);
	if (cie)
		add_fde(r, run, cie, entry);
	return true;
}

void cfi_read_frames(struct cfi_rows *rows, enum cfi_layer layer, const struct cfi_table *table)
{
	struct reader reader = { .rows = rows, .layer = layer, .table = table };
	struct run run = { .reader = &reader };
	struct bytes in = table->bytes;

	while (in.len && !rows->too_many && take_entry(&reader, &run, &in))
		;
	array_release(&reader.cie);
}
