#include "base/ansi.h"

#include <string.h>

#include "base/text.h"

enum { BELL = 7, CANCEL = 0x18, SUBSTITUTE = 0x1a, ESCAPE = 0x1b, DELETE = 0x7f };
enum { PARAM_MAX = 65535 };

static bool is_cancel(char c)
{
	return c == CANCEL || c == SUBSTITUTE;
}

/* Digits, separators; what stands before them is in the token already. */
static void take_param_byte(struct ansi_token *token, char c)
{
	unsigned *param;

	if (!token->params)
		token->params = 1;
	if (c == ';' || c == ':') {
		if (token->params < ANSI_PARAMS_MAX && c == ':')
			token->joined |= 1u << token->params;
		token->params++;
		return;
	}
	if (token->params > ANSI_PARAMS_MAX)
		return;
	param = &token->param[token->params - 1];
	*param = *param * 10 + (unsigned)(c - '0');
	if (*param > PARAM_MAX)
		*param = PARAM_MAX;
}

/* After CSI.  A control inside ends it and stands for itself. */
static bool take_sequence(const char **at, const char *end, struct ansi_token *token)
{
	const char *start = *at;

	token->kind = ANSI_SEQUENCE;
	for (const char *c = start; c < end; c++) {
		if (*c >= '0' && *c <= ';') {
			take_param_byte(token, *c);
		} else if (*c >= '<' && *c <= '?') {
			token->mark = *c;
		} else if (*c >= ' ' && *c <= '/') {
			token->middle = *c;
		} else {
			bool whole = *c >= '@' && *c <= '~';

			token->final = whole ? *c : 0;
			*at = whole || is_cancel(*c) ? c + 1 : c;
			if (token->params > ANSI_PARAMS_MAX)
				token->params = ANSI_PARAMS_MAX;
			return true;
		}
		if (c - start >= ANSI_SEQUENCE_MAX) {
			*at = c + 1;
			return true;
		}
	}
	return false;
}

/* After OSC, which is one line, or DCS, APC, PM and SOS, which are not. */
static bool take_string(const char **at, const char *end, bool line, struct ansi_token *token)
{
	token->kind = ANSI_STRING;
	for (const char *c = *at; c < end; c++) {
		if (*c == BELL || is_cancel(*c)) {
			*at = c + 1;
			return true;
		}
		if (*c == ESCAPE) {
			if (c + 1 == end)
				return false;
			*at = c[1] == '\\' ? c + 2 : c;
			return true;
		}
		if (c + 1 < end && c[0] == '\xc2' && c[1] == '\x9c') {
			*at = c + 2;
			return true;
		}
		if (line && (*c == '\n' || *c == '\r')) {
			*at = c;
			return true;
		}
	}
	return false;
}

/* The letter says what follows: as after ESC, and as C1 controls have it 0x40 higher. */
static bool take_introduced(const char **at, const char *end, char letter,
			    struct ansi_token *token)
{
	switch (letter) {
	case '[':
		return take_sequence(at, end, token);
	case ']':
		return take_string(at, end, true, token);
	case 'P': case 'X': case '^': case '_':
		return take_string(at, end, false, token);
	default:
		token->kind = ANSI_ESCAPE;
		token->final = letter;
		return true;
	}
}

/* After ESC. */
static bool take_escape(const char **at, const char *end, struct ansi_token *token)
{
	const char *c = *at;

	token->kind = ANSI_ESCAPE;
	for (; c < end && *c >= ' ' && *c <= '/'; c++) {
		token->middle = *c;
		if (c - *at >= ANSI_SEQUENCE_MAX)
			break;
	}
	if (c == end)
		return false;
	if (*c < '0' || *c > '~') {
		/* Not a sequence after all: what spoilt it stands for itself. */
		*at = is_cancel(*c) ? c + 1 : c;
		return true;
	}
	*at = c + 1;
	if (!token->middle)
		return take_introduced(at, end, *c, token);
	token->final = *c;
	return true;
}

static size_t length_by(unsigned char first)
{
	if (first >= 0xf5)
		return 1;
	return first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 1;
}

/* A character of more than one byte, or what only looks like one. */
static bool take_wide(const char **at, const char *end, struct ansi_token *token)
{
	const unsigned char *c = (const unsigned char *)*at;
	size_t left = (size_t)(end - *at), have = 1, need = length_by(*c);

	while (have < need && have < left && (c[have] & 0xc0) == 0x80)
		have++;
	if (have < need && have == left)
		return false;
	if (need == 2 && have == 2 && *c == 0xc2 && c[1] < 0xa0) {
		char letter = (char)(c[1] - 0x40);

		*at += 2;
		return take_introduced(at, end, letter, token);
	}
	token->kind = ANSI_TEXT;
	token->character = text_next(at, end, &token->width);
	return true;
}

bool ansi_next(const char **at, const char *end, struct ansi_token *token)
{
	const char *start = *at;
	unsigned char c;
	bool whole = true;

	if (start == end)
		return false;
	c = (unsigned char)*start;
	if (c >= ' ' && c < DELETE) {
		token->kind = ANSI_TEXT;
		token->character = c;
		token->width = 1;
		*at = start + 1;
		return true;
	}
	*token = (struct ansi_token){ .kind = ANSI_CONTROL };
	if (c >= 0x80) {
		whole = take_wide(at, end, token);
	} else {
		*at = start + 1;
		if (c == ESCAPE)
			whole = take_escape(at, end, token);
		else
			token->final = (char)c;
	}
	if (!whole)
		*at = start;
	return whole;
}

/* Colours. */

/* The nearest of the 16, by which of red, green and blue are strong. */
static uint8_t nearest(unsigned red, unsigned green, unsigned blue)
{
	unsigned high = red > green ? red : green, low = red < green ? red : green;
	unsigned number;

	high = high > blue ? high : blue;
	low = low < blue ? low : blue;
	if (high < 48)
		return 1;
	if (high - low < 32)
		return high < 144 ? 9 : high < 224 ? 8 : 16;
	/* Of a colour, what is well above the weakest part of it counts. */
	low += (high - low) / 2;
	number = (red > low) | (unsigned)(green > low) << 1 | (unsigned)(blue > low) << 2;
	return (uint8_t)(1 + number + (high >= 224 ? 8 : 0));
}

static uint8_t nearest_of_256(unsigned number)
{
	static const unsigned levels[] = { 0, 95, 135, 175, 215, 255 };
	unsigned grey;

	if (number < 16)
		return (uint8_t)(number + 1);
	if (number < 232) {
		number -= 16;
		return nearest(levels[number / 36], levels[number / 6 % 6], levels[number % 6]);
	}
	grey = 8 + 10 * ((number < 256 ? number : 255) - 232);
	return nearest(grey, grey, grey);
}

/* After 38, 48 or 58 at params i: how many more belong to it, and the colour. */
static size_t extended(const struct ansi_token *token, size_t i, uint8_t *color)
{
	const unsigned *param = token->param + i + 1;
	size_t left = token->params - i - 1, count = 0;

	if (!left)
		return 0;
	while (count < left && token->joined >> (i + 1 + count) & 1)
		count++;
	/* With colons there may be a colour space before the colour. */
	if (count) {
		if (param[0] == 5 && count >= 2)
			*color = nearest_of_256(param[1]);
		else if (param[0] == 2 && count >= 4)
			*color = nearest(param[count >= 5 ? 2 : 1], param[count >= 5 ? 3 : 2],
					 param[count >= 5 ? 4 : 3]);
		return count;
	}
	if (param[0] == 5 && left >= 2) {
		*color = nearest_of_256(param[1]);
		return 2;
	}
	if (param[0] == 2 && left >= 4) {
		*color = nearest(param[1], param[2], param[3]);
		return 4;
	}
	return left;
}

static void set_flag(struct ansi_look *look, unsigned param)
{
	static const struct {
		unsigned param;
		uint8_t set, clear;
	} flags[] = {
		{ 1, ANSI_BOLD, 0 }, { 2, ANSI_DIM, 0 }, { 4, ANSI_UNDERLINE, 0 },
		{ 7, ANSI_REVERSE, 0 }, { 21, ANSI_UNDERLINE, 0 },
		{ 22, 0, ANSI_BOLD | ANSI_DIM }, { 24, 0, ANSI_UNDERLINE },
		{ 27, 0, ANSI_REVERSE },
	};

	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		if (flags[i].param == param) {
			look->flags |= flags[i].set;
			look->flags &= (uint8_t)~flags[i].clear;
		}
}

bool ansi_restyle(struct ansi_look *look, const struct ansi_token *token)
{
	uint8_t ignored;

	if (token->kind != ANSI_SEQUENCE || token->final != 'm' || token->mark || token->middle)
		return false;
	if (!token->params)
		*look = (struct ansi_look){ 0 };
	for (size_t i = 0; i < token->params; i++) {
		unsigned param = token->param[i];

		/* 4:3 is a kind of underline, 4:0 is none. */
		if (token->joined >> i & 1) {
			if (token->param[i - 1] == 4 && !param)
				look->flags &= (uint8_t)~ANSI_UNDERLINE;
			continue;
		}
		if (!param)
			*look = (struct ansi_look){ 0 };
		else if (param >= 30 && param <= 37)
			look->ink = (uint8_t)(param - 29);
		else if (param >= 90 && param <= 97)
			look->ink = (uint8_t)(param - 81);
		else if (param >= 40 && param <= 47)
			look->paper = (uint8_t)(param - 39);
		else if (param >= 100 && param <= 107)
			look->paper = (uint8_t)(param - 91);
		else if (param == 38)
			i += extended(token, i, &look->ink);
		else if (param == 48)
			i += extended(token, i, &look->paper);
		else if (param == 58)
			i += extended(token, i, &ignored);
		else if (param == 39)
			look->ink = 0;
		else if (param == 49)
			look->paper = 0;
		else
			set_flag(look, param);
	}
	return true;
}

/* Modes. */

static const struct {
	unsigned param;		/* of CSI ? h and l, or 0 */
	enum ansi_mode mode;
	const char *on, *off;
	bool inverse;		/* h ends it */
} modes_known[] = {
	{ 1049, ANSI_ALTERNATE, "\033[?1049h", "\033[?1049l", false },
	{ 1047, ANSI_ALTERNATE, NULL, NULL, false },
	{ 47, ANSI_ALTERNATE, NULL, NULL, false },
	{ 1, ANSI_CURSOR_KEYS, "\033[?1h", "\033[?1l", false },
	{ 0, ANSI_KEYPAD, "\033=", "\033>", false },
	{ 2004, ANSI_PASTE, "\033[?2004h", "\033[?2004l", false },
	{ 1000, ANSI_MOUSE_CLICKS, "\033[?1000h", "\033[?1000l", false },
	{ 1002, ANSI_MOUSE_DRAGS, "\033[?1002h", "\033[?1002l", false },
	{ 1003, ANSI_MOUSE_MOVES, "\033[?1003h", "\033[?1003l", false },
	{ 1006, ANSI_MOUSE_SGR, "\033[?1006h", "\033[?1006l", false },
	{ 1004, ANSI_FOCUS, "\033[?1004h", "\033[?1004l", false },
	{ 25, ANSI_CURSOR_HIDDEN, "\033[?25l", "\033[?25h", true },
	{ 0, ANSI_OTHER_KEYS, "\033[>4;2m", "\033[>4;0m", false },
};

static void set_mode(unsigned *modes, enum ansi_mode mode, bool on)
{
	if (on)
		*modes |= 1u << mode;
	else
		*modes &= ~(1u << mode);
}

void ansi_note_mode(unsigned *modes, const struct ansi_token *token)
{
	if (token->kind == ANSI_ESCAPE && !token->middle) {
		if (token->final == '=' || token->final == '>')
			set_mode(modes, ANSI_KEYPAD, token->final == '=');
		else if (token->final == 'c')
			*modes = 0;
	}
	if (token->kind != ANSI_SEQUENCE || token->middle)
		return;
	if (token->mark == '>' && token->final == 'm' && token->params && token->param[0] == 4)
		set_mode(modes, ANSI_OTHER_KEYS, token->params > 1 && token->param[1]);
	if (token->mark != '?' || (token->final != 'h' && token->final != 'l'))
		return;
	for (size_t p = 0; p < token->params; p++)
		for (size_t i = 0; i < sizeof modes_known / sizeof *modes_known; i++)
			if (modes_known[i].param && modes_known[i].param == token->param[p])
				set_mode(modes, modes_known[i].mode,
					 (token->final == 'h') != modes_known[i].inverse);
}

const char *ansi_mode_text(enum ansi_mode mode, bool on)
{
	for (size_t i = 0; i < sizeof modes_known / sizeof *modes_known; i++)
		if (modes_known[i].mode == mode && modes_known[i].on)
			return on ? modes_known[i].on : modes_known[i].off;
	return "";
}

bool ansi_may_replay(const struct ansi_token *token)
{
	switch (token->kind) {
	case ANSI_TEXT:
		return true;
	case ANSI_CONTROL:
		return token->final >= '\b' && token->final <= '\r';
	case ANSI_SEQUENCE:
		/* Colours, and where in the line or on the screen; no modes, no questions. */
		return !token->mark && !token->middle && token->final &&
			strchr("mABCDEFGHJKLMPSTXd@f", token->final);
	case ANSI_ESCAPE:
	case ANSI_STRING:
		break;
	}
	return false;
}

void ansi_replay(const char *text, size_t len, size_t from, unsigned *modes, struct strbuf *out)
{
	const char *at = text, *end = text + len;
	struct ansi_token token = { 0 };
	struct ansi_look look = { 0 };

	for (const char *before = at; ansi_next(&at, end, &token); before = at) {
		ansi_note_mode(modes, &token);
		ansi_restyle(&look, &token);
		if (before >= text + from && !(*modes >> ANSI_ALTERNATE & 1) &&
		    ansi_may_replay(&token))
			strbuf_add(out, before, (size_t)(at - before));
	}
	if (look.ink || look.paper || look.flags)
		strbuf_adds(out, "\033[m");
}
