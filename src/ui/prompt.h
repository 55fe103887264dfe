#ifndef TPROF_UI_PROMPT_H
#define TPROF_UI_PROMPT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strbuf.h"
#include "view/grid.h"

/* A line of text being typed at the bottom, or a question for yes or no. */
struct prompt {
	struct strbuf label, text;
	size_t cursor;		/* in bytes of the text, on a character's beginning */
	bool question;		/* no text: y and n answer it */
};

enum prompt_result {
	PROMPT_IGNORED,		/* not a key of the prompt */
	PROMPT_TAKEN,		/* the cursor moved */
	PROMPT_CHANGED,		/* the text did */
	PROMPT_DONE,		/* Enter, or yes */
	PROMPT_CANCELLED,	/* Esc, or no */
};

enum { PROMPT_TEXT_MAX = 1024 };	/* bytes */

/* All zeroes but the buffers is fine to begin with. */
#define PROMPT_INIT { .label = STRBUF_INIT, .text = STRBUF_INIT }

void prompt_edit(struct prompt *prompt, const char *label, const char *text);
void prompt_ask(struct prompt *prompt, const char *question);
void prompt_release(struct prompt *prompt);

/* A key as term->read_key() gives it. */
enum prompt_result prompt_key(struct prompt *prompt, int key);
/* In the first row of a canvas; the text scrolls so that the cursor shows. */
void prompt_draw(const struct prompt *prompt, struct canvas canvas);

#endif
