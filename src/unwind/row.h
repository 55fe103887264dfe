#ifndef TPROF_UNWIND_ROW_H
#define TPROF_UNWIND_ROW_H

/*
 * Unwind information in the form that is fast to use: for each stretch of
 * code a rule that says how to get from a frame to its caller's.  Compiled
 * from .eh_frame by the symbolizer, used in the kernel (BPF) and by tprof.
 * Included by all three, so this includes nothing.
 *
 * Code addresses are offsets in the file: what is mapped from offset o to
 * address a has the code of address x at x - a + o.
 */

/*
 * How the canonical frame address (CFA, the stack pointer before the call)
 * is found.  Those up to UNWIND_DEREF_RBP use the offset as told.
 */
enum unwind_cfa {
	UNWIND_NONE,		/* no information here; also what a zeroed rule says */
	UNWIND_END,		/* outermost frame: nobody called it */
	UNWIND_SIGNAL,		/* the kernel's frame below a signal handler */
	UNWIND_PLT,		/* rsp + 8, and 8 more where rip & 15 >= offset */
	UNWIND_DEREF_RSP,	/* *(rsp + (offset >> 16)) + (short)offset */
	UNWIND_DEREF_RBP,	/* the same of rbp */
	UNWIND_UNSUPPORTED,	/* there is information, in a form not known here */
	/*
	 * No information, right before the code of an outermost frame: who
	 * returns there begins with that; a system call here that made the
	 * thread (rax is 0) is its beginning, too.  Else rsp + 8.
	 */
	UNWIND_BIRTH,
	UNWIND_REGISTER = 16,	/* + its DWARF number: that register + offset */
	UNWIND_CFA_RBP = UNWIND_REGISTER + 6,
	UNWIND_CFA_RSP = UNWIND_REGISTER + 7,
	UNWIND_CFA_END = UNWIND_REGISTER + 16,
};

/* Where the caller's rbp is: the low half of the byte. */
enum unwind_fp {
	UNWIND_FP_SAME,		/* unchanged */
	UNWIND_FP_AT_CFA,	/* saved at CFA + fp_offset */
	UNWIND_FP_AT_RBP,	/* saved at rbp + fp_offset */
	UNWIND_FP_LOST,		/* not known: whoever needs it later can't go on */
};

/*
 * The high half of the byte says where the return address is: 0 at CFA - 8,
 * else in the register of that DWARF number (in leaf functions only).
 */
enum { UNWIND_FP_MASK = 15, UNWIND_RA_SHIFT = 4 };

struct unwind_rule {
	unsigned char cfa;	/* enum unwind_cfa */
	unsigned char fp;	/* enum unwind_fp, and where the return address is */
	short fp_offset;
	int offset;
};

/*
 * A row holds from its address up to the next row's: the low 12 bits of
 * the address above the number of a rule.  Rows are sorted within their
 * page of 4 KiB, and each page has one for its first byte, so a search
 * never leaves it.
 */
enum { UNWIND_PAGE_SHIFT = 12, UNWIND_RULE_BITS = 20, UNWIND_RULES_MAX = 1 << 16 };

static inline unsigned unwind_row(unsigned long long address, unsigned rule)
{
	return (unsigned)(address & ((1u << UNWIND_PAGE_SHIFT) - 1)) << UNWIND_RULE_BITS | rule;
}

/* Compare a row with this by <= : all up to the address are. */
static inline unsigned unwind_row_key(unsigned long long address)
{
	return unwind_row(address, (1u << UNWIND_RULE_BITS) - 1);
}

static inline unsigned unwind_row_rule(unsigned row)
{
	return row & ((1u << UNWIND_RULE_BITS) - 1);
}

struct unwind_page {
	unsigned first;		/* row */
	unsigned count;		/* of rows, at least 1 */
};

/*
 * The rows of one binary as they travel in a sealed memory file: this,
 * then pages, rows and rules, each right after the other, then nothing.
 * Pages are for consecutive 4 KiB from first_page on (file offset >> 12).
 */
enum {
	UNWIND_FILE_MAGIC = 0x74705231,	/* "1Rpt" */
	UNWIND_ROWS_MAX = 16 << 20,	/* also of all pages together, if they share rows */
	UNWIND_PAGES_MAX = 4 << 20,
};

struct unwind_file {
	unsigned magic;
	unsigned first_page, page_count;
	unsigned row_count;
	unsigned rule_count;
	unsigned unsupported;	/* rows whose rule says so, to be told */
};

#endif
