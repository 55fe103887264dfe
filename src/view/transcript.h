#ifndef TPROF_VIEW_TRANSCRIPT_H
#define TPROF_VIEW_TRANSCRIPT_H

#include "base/ansi.h"
#include "base/array.h"
#include "base/strbuf.h"

/*
 * What a program wrote to its terminal, as rows of a width: what came
 * after a carriage return stands over what was there, long lines go on in
 * the next row, colours stay.  What programs draw on the terminal's other
 * screen is left out.  Keeps the bytes and where rows begin; a row is
 * worked out when it is asked for.
 */
struct transcript_row {
	size_t at;		/* in text */
	struct ansi_look look;	/* that it begins with */
	bool hidden;		/* begins on the other screen */
};

struct transcript {
	char *text;
	size_t len, cap;
	uint64_t begin;		/* the place of the text's first byte in the stream */
	int width;
	array(struct transcript_row) row;
};

struct transcript_cell {
	uint32_t character;	/* 0: right half of a wide one */
	struct ansi_look look;
};

enum { TRANSCRIPT_WIDTH_MAX = 1000 };

void transcript_release(struct transcript *transcript);
/* Forget all, but for the width. */
void transcript_clear(struct transcript *transcript);
/*
 * Forget all, to go on from a place in the stream.  Whether it lies on the
 * other screen, and its colours, are taken to be as they last were.
 */
void transcript_restart(struct transcript *transcript, uint64_t begin);
/* Room for so many more bytes, which the caller writes; then they are taken in. */
char *transcript_room(struct transcript *transcript, size_t len);
void transcript_take(struct transcript *transcript, size_t len);
/* Another width: all rows are found anew, which costs about 5 ms for a megabyte. */
void transcript_resize(struct transcript *transcript, int width);

/* Where a row begins, as a place in the stream; and the last row that begins there or before. */
uint64_t transcript_place(const struct transcript *transcript, size_t row);
size_t transcript_row_at(const struct transcript *transcript, uint64_t place);
/* The cells of a row: at most width of them, from the left; returns how many are used. */
int transcript_cells(const struct transcript *transcript, size_t row,
		     struct transcript_cell *cell);
/* The row as text. */
void transcript_text(const struct transcript *transcript, size_t row, struct strbuf *out);

#endif
