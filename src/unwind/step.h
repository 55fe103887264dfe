#ifndef TPROF_UNWIND_STEP_H
#define TPROF_UNWIND_STEP_H

#include "unwind/row.h"

/*
 * One step from a frame to its caller's.  The same lines are compiled into
 * the BPF program, which reads the stack of the interrupted program, and
 * into tprof, which reads a copy of it; so tests on the host test both.
 * x86-64 only.
 */

/* DWARF's numbers of registers. */
enum { UNWIND_RAX = 0, UNWIND_RBP = 6, UNWIND_RSP = 7, UNWIND_REGISTERS = 16 };

/* How a walk ended; 0 while it goes on. */
enum unwind_end {
	UNWIND_MORE,
	UNWIND_COMPLETE,	/* unwind information says: outermost */
	UNWIND_BY_FRAME_POINTER,/* frame pointers came to their end (0) */
	/* Truncated: */
	UNWIND_NO_MAPPING,	/* a return address where nothing is mapped */
	UNWIND_NO_ROWS,		/* no unwind information, and no plausible frame pointer */
	UNWIND_NOT_READY,	/* its unwind information is still being read */
	UNWIND_UNREADABLE,	/* the stack could not be read there */
	UNWIND_LIMIT,		/* more frames than are recorded */
	UNWIND_IMPLAUSIBLE,	/* the caller's frame would lie below this one */
	UNWIND_NOT_SUPPORTED,	/* a rule of a kind not known here */
	UNWIND_DUMP_TOO_SHORT,	/* the copy of the stack ends before its bottom */
	UNWIND_32_BIT,		/* a program of 32 bits */
	UNWIND_NO_USER,		/* of the kernel alone: the program is ending or starting */
	UNWIND_ENDS
};

struct unwind_registers {
	unsigned long long ip;
	unsigned long long r[UNWIND_REGISTERS];	/* by DWARF number */
};

/* What a step without unwind information went by; then this may not be the caller. */
enum unwind_guess {
	UNWIND_NO_GUESS,
	UNWIND_GUESS_LEAF,	/* that the innermost function had pushed nothing */
	UNWIND_GUESS_FP,	/* the frame pointer */
};

struct unwind_state {
	struct unwind_registers at;
	/* Interrupted here, so ip is exact and all registers are known. */
	unsigned char leaf;
	unsigned char fp_lost;		/* rbp is not known any more */
	/* enum unwind_guess: the last step went without unwind information. */
	unsigned char guessed;
	unsigned char called_leaf;	/* called what was interrupted */
	unsigned char pad[4];
};

/*
 * What is to be looked up for the frame: of a return address the call
 * before it.
 */
static inline unsigned long long unwind_pc(const struct unwind_state *state)
{
	return state->at.ip - !state->leaf;
}

/* Reads a word of the stack: 0 if that went well. */
typedef int unwind_read_fn(void *context, unsigned long long address, unsigned long long *value);

#define UNWIND_INLINE static inline __attribute__((always_inline))

enum {
	/* What a frame pointer may span; farther down begins another stack. */
	UNWIND_FRAME_BYTES_MAX = 1 << 20,
	UNWIND_POPPED_BYTES_MAX = 128,
	/* A bit for each register that a call may change: rax, rdx, rcx, rsi, rdi, r8 to r11. */
	UNWIND_CHANGING = 0xf37,
	UNWIND_KEPT_BYTES_MAX = 1 << 16,
	/* From the stack pointer, in struct ucontext: registers in the kernel's order. */
	UNWIND_SIGNAL_REGISTERS = 40,
	UNWIND_SIGNAL_COUNT = 17,
};

/*
 * The interrupted program's registers, as the kernel saved them for the
 * return from a signal handler (struct sigcontext).
 */
UNWIND_INLINE enum unwind_end unwind_step_signal(struct unwind_state *state, unwind_read_fn *read,
						 void *context)
{
	static const unsigned char number[UNWIND_SIGNAL_COUNT] = {
		8, 9, 10, 11, 12, 13, 14, 15, 5, 4, 6, 3, 1, 0, 2, 7, 16 };
	unsigned long long from = state->at.r[UNWIND_RSP] + UNWIND_SIGNAL_REGISTERS, value;

	for (int i = 0; i < UNWIND_SIGNAL_COUNT; i++) {
		if (read(context, from + 8 * (unsigned)i, &value))
			return UNWIND_UNREADABLE;
		if (number[i] < UNWIND_REGISTERS)
			state->at.r[number[i] & (UNWIND_REGISTERS - 1)] = value;
		else
			state->at.ip = value;
	}
	state->leaf = 1;
	state->fp_lost = state->guessed = 0;
	return UNWIND_MORE;
}

/*
 * Compilers leave rbp saved in their tables after an epilogue has taken it
 * back: the place lies below the stack pointer then.  What was said in
 * terms of rbp leads anywhere, but not into this frame.
 */
UNWIND_INLINE int unwind_is_popped(unsigned char where, unsigned long long slot,
				   unsigned long long sp, unsigned long long cfa)
{
	if (where == UNWIND_FP_AT_RBP)
		return slot < sp || slot >= cfa;
	return where == UNWIND_FP_AT_CFA && slot < sp && sp - slot <= UNWIND_POPPED_BYTES_MAX;
}

/*
 * Registers besides rsp and rbp are known where the program was interrupted.
 * A function that has its frame in one of those that calls may change does
 * not call just anyone meanwhile, but what it knows to leave that alone:
 * ciphers in assembly.
 */
UNWIND_INLINE int unwind_knows(const struct unwind_state *state, unsigned number)
{
	unsigned long long span = state->at.r[number & (UNWIND_REGISTERS - 1)] -
				  state->at.r[UNWIND_RSP];

	return state->leaf || (state->called_leaf && UNWIND_CHANGING >> number & 1 &&
			       span < UNWIND_KEPT_BYTES_MAX);
}

/*
 * To the caller.  Without unwind information by the frame pointer, if it is
 * plausible; in the innermost frame else as if nothing had been pushed yet.
 * Whoever calls this has to see that there is code at the new address:
 * after a guess there may not be.
 */
UNWIND_INLINE enum unwind_end unwind_step(struct unwind_state *state, struct unwind_rule rule,
					  unwind_read_fn *read, void *context)
{
	unsigned long long sp = state->at.r[UNWIND_RSP], bp = state->at.r[UNWIND_RBP];
	unsigned long long offset = (unsigned long long)(long long)rule.offset;
	unsigned long long cfa, ra, fp = bp, slot;
	unsigned char guessed = UNWIND_NO_GUESS, where, lost = state->fp_lost;

	if (rule.cfa == UNWIND_CFA_RSP) {
		cfa = sp + offset;
	} else if (rule.cfa == UNWIND_CFA_RBP) {
		if (lost)
			return UNWIND_NOT_SUPPORTED;
		cfa = bp + offset;
	} else if (rule.cfa == UNWIND_NONE) {
		if (!lost && bp >= sp && bp - sp < UNWIND_FRAME_BYTES_MAX && !(bp & 7)) {
			guessed = UNWIND_GUESS_FP;
			cfa = bp + 16;
			rule.fp = UNWIND_FP_AT_CFA;
			rule.fp_offset = -16;
		} else if (state->leaf) {
			guessed = UNWIND_GUESS_LEAF;
			cfa = sp + 8;
			rule.fp = UNWIND_FP_SAME;
		} else {
			/* Only a chain of frame pointers can have come to its end. */
			return state->guessed == UNWIND_GUESS_FP && !bp ? UNWIND_BY_FRAME_POINTER
									: UNWIND_NO_ROWS;
		}
	} else if (rule.cfa == UNWIND_END) {
		return UNWIND_COMPLETE;
	} else if (rule.cfa == UNWIND_BIRTH) {
		if (!state->leaf || !state->at.r[UNWIND_RAX])
			return UNWIND_COMPLETE;
		guessed = UNWIND_GUESS_LEAF;
		cfa = sp + 8;
	} else if (rule.cfa == UNWIND_SIGNAL) {
		return unwind_step_signal(state, read, context);
	} else if (rule.cfa == UNWIND_PLT) {
		cfa = sp + 8 + ((state->at.ip & 15) >= (unsigned)rule.offset ? 8 : 0);
	} else if (rule.cfa == UNWIND_DEREF_RSP || rule.cfa == UNWIND_DEREF_RBP) {
		if (rule.cfa == UNWIND_DEREF_RBP && lost)
			return UNWIND_NOT_SUPPORTED;
		if (read(context, (rule.cfa == UNWIND_DEREF_RBP ? bp : sp) +
				  (unsigned long long)(long long)(rule.offset >> 16), &cfa))
			return UNWIND_UNREADABLE;
		cfa += (unsigned long long)(long long)(short)rule.offset;
	} else if (rule.cfa >= UNWIND_REGISTER && rule.cfa < UNWIND_CFA_END &&
		   unwind_knows(state, rule.cfa - UNWIND_REGISTER)) {
		cfa = state->at.r[rule.cfa & (UNWIND_REGISTERS - 1)] + offset;
	} else {
		return UNWIND_NOT_SUPPORTED;
	}
	if (rule.fp >> UNWIND_RA_SHIFT && !state->leaf)
		return UNWIND_NOT_SUPPORTED;
	/*
	 * Callers' frames lie above; one that was interrupted may have pushed
	 * nothing.  But a function may run another one on a stack elsewhere,
	 * and finds back to its own by rbp.
	 */
	if (cfa & 7)
		return UNWIND_IMPLAUSIBLE;
	if ((state->leaf ? cfa < sp : cfa <= sp) &&
	    (rule.cfa != UNWIND_CFA_RBP || sp - cfa < UNWIND_FRAME_BYTES_MAX))
		return UNWIND_IMPLAUSIBLE;
	where = rule.fp & UNWIND_FP_MASK;
	slot = (where == UNWIND_FP_AT_CFA ? cfa : bp) +
	       (unsigned long long)(long long)rule.fp_offset;
	if (state->leaf && unwind_is_popped(where, slot, sp, cfa)) {
		lost = 0;
	} else if (where == UNWIND_FP_AT_CFA || (where == UNWIND_FP_AT_RBP && !lost)) {
		if (read(context, slot, &fp))
			return UNWIND_UNREADABLE;
		lost = 0;
	} else if (where != UNWIND_FP_SAME) {
		lost = 1;
	}
	if (rule.fp >> UNWIND_RA_SHIFT) {
		ra = state->at.r[rule.fp >> UNWIND_RA_SHIFT];
	} else if (read(context, cfa - 8, &ra)) {
		return UNWIND_UNREADABLE;
	}
	if (!ra && guessed)
		return guessed == UNWIND_GUESS_FP ? UNWIND_BY_FRAME_POINTER : UNWIND_NO_ROWS;
	if (!ra)
		return UNWIND_COMPLETE;
	state->at.r[UNWIND_RSP] = cfa;
	state->at.r[UNWIND_RBP] = fp;
	state->at.ip = ra;
	state->called_leaf = state->leaf && !guessed;
	state->leaf = 0;
	state->fp_lost = lost;
	state->guessed = guessed;
	return UNWIND_MORE;
}

#endif
