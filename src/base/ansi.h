#ifndef TPROF_BASE_ANSI_H
#define TPROF_BASE_ANSI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"

/*
 * What programs write to terminals, taken apart into characters, controls
 * and sequences.  Every sequence is recognized to its end, known or not,
 * so that nothing of it passes for text.
 */
enum ansi_kind {
	ANSI_TEXT,	/* character and width: safe to show, as text_next() says */
	ANSI_CONTROL,	/* final: a C0 control such as '\n' */
	ANSI_SEQUENCE,	/* CSI: mark, param, middle, final */
	ANSI_ESCAPE,	/* ESC: middle, final */
	ANSI_STRING,	/* OSC, DCS and the like, whatever is inside */
};

enum { ANSI_PARAMS_MAX = 16, ANSI_SEQUENCE_MAX = 256 };

struct ansi_token {
	enum ansi_kind kind;
	uint32_t character;
	int width;
	char mark;		/* '?', '>', '=', '<' after CSI, or 0 */
	char middle;		/* the last of ' ' to '/', or 0 */
	char final;
	unsigned param[ANSI_PARAMS_MAX];	/* 0 where left out */
	unsigned joined;	/* a bit for each param that stands behind a colon */
	size_t params;
};

/*
 * Take one token and advance *at.  False, with *at as it was, at the end
 * and where what is left may be the beginning of a longer one.
 */
bool ansi_next(const char **at, const char *end, struct ansi_token *token);

enum ansi_flag {
	ANSI_BOLD	= 1 << 0,
	ANSI_DIM	= 1 << 1,
	ANSI_UNDERLINE	= 1 << 2,
	ANSI_REVERSE	= 1 << 3,
};

/* Colours are 1 to 16, the nearest of the basic ones; 0 is the terminal's own. */
struct ansi_look {
	uint8_t ink, paper, flags;
};

/* What a sequence makes of the look; false if it is not about it. */
bool ansi_restyle(struct ansi_look *look, const struct ansi_token *token);

/*
 * Modes that a program sets in its terminal and that outlive what it
 * writes: whoever gives the terminal to someone else sets or ends them.
 */
enum ansi_mode {
	ANSI_ALTERNATE,		/* the other screen */
	ANSI_CURSOR_KEYS,
	ANSI_KEYPAD,
	ANSI_PASTE,		/* bracketed */
	ANSI_MOUSE_CLICKS, ANSI_MOUSE_DRAGS, ANSI_MOUSE_MOVES, ANSI_MOUSE_SGR,
	ANSI_FOCUS,
	ANSI_CURSOR_HIDDEN,
	ANSI_OTHER_KEYS,	/* modifyOtherKeys */
	ANSI_MODES
};

/* A bit for each mode that is on. */
void ansi_note_mode(unsigned *modes, const struct ansi_token *token);
/* What sets a mode, or ends it. */
const char *ansi_mode_text(enum ansi_mode mode, bool on);
/* Text, colours and moves; nothing that the terminal answers to or that changes how it works. */
bool ansi_may_replay(const struct ansi_token *token);
/*
 * Append what may be shown again of a text, from a place in it on: nothing
 * of the other screen.  modes becomes what the whole text makes of them;
 * colours are over at the end.
 */
void ansi_replay(const char *text, size_t len, size_t from, unsigned *modes, struct strbuf *out);

#endif
