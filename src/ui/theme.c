#include "ui/theme.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NONE LOOK_DEFAULT

/*
 * What programs write keeps the person's own colours, whatever they are:
 * they go by number.
 */
#define INKS_16 \
	[STYLE_INK_BLACK] = { 0, NONE, 0 }, \
	[STYLE_INK_RED] = { 1, NONE, 0 }, \
	[STYLE_INK_GREEN] = { 2, NONE, 0 }, \
	[STYLE_INK_YELLOW] = { 3, NONE, 0 }, \
	[STYLE_INK_BLUE] = { 4, NONE, 0 }, \
	[STYLE_INK_MAGENTA] = { 5, NONE, 0 }, \
	[STYLE_INK_CYAN] = { 6, NONE, 0 }, \
	[STYLE_INK_WHITE] = { 7, NONE, 0 }, \
	[STYLE_INK_BRIGHT_BLACK] = { 8, NONE, 0 }, \
	[STYLE_INK_BRIGHT_RED] = { 9, NONE, 0 }, \
	[STYLE_INK_BRIGHT_GREEN] = { 10, NONE, 0 }, \
	[STYLE_INK_BRIGHT_YELLOW] = { 11, NONE, 0 }, \
	[STYLE_INK_BRIGHT_BLUE] = { 12, NONE, 0 }, \
	[STYLE_INK_BRIGHT_MAGENTA] = { 13, NONE, 0 }, \
	[STYLE_INK_BRIGHT_CYAN] = { 14, NONE, 0 }, \
	[STYLE_INK_BRIGHT_WHITE] = { 15, NONE, 0 }
#define INKS_8 \
	[STYLE_INK_BLACK] = { 0, NONE, 0 }, \
	[STYLE_INK_RED] = { 1, NONE, 0 }, \
	[STYLE_INK_GREEN] = { 2, NONE, 0 }, \
	[STYLE_INK_YELLOW] = { 3, NONE, 0 }, \
	[STYLE_INK_BLUE] = { 4, NONE, 0 }, \
	[STYLE_INK_MAGENTA] = { 5, NONE, 0 }, \
	[STYLE_INK_CYAN] = { 6, NONE, 0 }, \
	[STYLE_INK_WHITE] = { 7, NONE, 0 }, \
	[STYLE_INK_BRIGHT_BLACK] = { 0, NONE, LOOK_BOLD }, \
	[STYLE_INK_BRIGHT_RED] = { 1, NONE, LOOK_BOLD }, \
	[STYLE_INK_BRIGHT_GREEN] = { 2, NONE, LOOK_BOLD }, \
	[STYLE_INK_BRIGHT_YELLOW] = { 3, NONE, LOOK_BOLD }, \
	[STYLE_INK_BRIGHT_BLUE] = { 4, NONE, LOOK_BOLD }, \
	[STYLE_INK_BRIGHT_MAGENTA] = { 5, NONE, LOOK_BOLD }, \
	[STYLE_INK_BRIGHT_CYAN] = { 6, NONE, LOOK_BOLD }, \
	[STYLE_INK_BRIGHT_WHITE] = { 7, NONE, LOOK_BOLD }
#define INKS_MONO \
	[STYLE_INK_BLACK] = { NONE, NONE, 0 }, \
	[STYLE_INK_RED] = { NONE, NONE, 0 }, \
	[STYLE_INK_GREEN] = { NONE, NONE, 0 }, \
	[STYLE_INK_YELLOW] = { NONE, NONE, 0 }, \
	[STYLE_INK_BLUE] = { NONE, NONE, 0 }, \
	[STYLE_INK_MAGENTA] = { NONE, NONE, 0 }, \
	[STYLE_INK_CYAN] = { NONE, NONE, 0 }, \
	[STYLE_INK_WHITE] = { NONE, NONE, 0 }, \
	[STYLE_INK_BRIGHT_BLACK] = { NONE, NONE, LOOK_BOLD }, \
	[STYLE_INK_BRIGHT_RED] = { NONE, NONE, LOOK_BOLD }, \
	[STYLE_INK_BRIGHT_GREEN] = { NONE, NONE, LOOK_BOLD }, \
	[STYLE_INK_BRIGHT_YELLOW] = { NONE, NONE, LOOK_BOLD }, \
	[STYLE_INK_BRIGHT_BLUE] = { NONE, NONE, LOOK_BOLD }, \
	[STYLE_INK_BRIGHT_MAGENTA] = { NONE, NONE, LOOK_BOLD }, \
	[STYLE_INK_BRIGHT_CYAN] = { NONE, NONE, LOOK_BOLD }, \
	[STYLE_INK_BRIGHT_WHITE] = { NONE, NONE, LOOK_BOLD }

/* Colours of the 6x6x6 cube and the greys: fixed, unlike the first 16. */
static const struct look looks_256[STYLE_COUNT] = {
	[STYLE_PLAIN] = { NONE, NONE, 0 },
	[STYLE_TITLE] = { NONE, NONE, LOOK_BOLD },
	[STYLE_LABEL] = { 244, NONE, 0 },
	[STYLE_TAB] = { 244, NONE, 0 },
	[STYLE_TAB_CURRENT] = { 231, 24, LOOK_BOLD },
	[STYLE_COLUMN] = { 252, 238, 0 },
	[STYLE_COLUMN_SORTED] = { 222, 238, LOOK_BOLD | LOOK_UNDERLINE },
	[STYLE_CURSOR] = { 231, 24, LOOK_BOLD },
	[STYLE_MATCH] = { 16, 222, 0 },
	[STYLE_MATCH_CURSOR] = { 16, 220, LOOK_BOLD | LOOK_UNDERLINE },
	[STYLE_DIM] = { 244, NONE, 0 },
	[STYLE_HOT] = { 166, NONE, LOOK_BOLD },
	[STYLE_WARM] = { 130, NONE, 0 },
	[STYLE_KERNEL] = { 67, NONE, 0 },
	[STYLE_GUESS] = { 133, NONE, 0 },
	[STYLE_BAR] = { 67, NONE, 0 },
	[STYLE_NOTICE] = { 31, NONE, LOOK_BOLD },
	[STYLE_WARNING] = { 16, 214, LOOK_BOLD },
	[STYLE_KEY] = { 31, NONE, LOOK_BOLD },
	[STYLE_BOX_A] = { 16, 222, 0 },
	[STYLE_BOX_B] = { 16, 215, 0 },
	[STYLE_BOX_C] = { 16, 229, 0 },
	[STYLE_BOX_D] = { 16, 208, 0 },
	[STYLE_BOX_KERNEL_A] = { 16, 110, 0 },
	[STYLE_BOX_KERNEL_B] = { 16, 153, 0 },
	[STYLE_BOX_CURSOR] = { 231, 24, LOOK_BOLD },
	[STYLE_BOX_MATCH] = { 16, 226, LOOK_BOLD | LOOK_UNDERLINE },
	[STYLE_BOX_DIM] = { 16, 250, 0 },
	INKS_16,
};

/*
 * The first 16 are what the terminal's owner made of them: none is legible
 * on every background.  So text without a background of its own has the
 * terminal's own colour, and differs by weight.
 */
static const struct look looks_16[STYLE_COUNT] = {
	[STYLE_PLAIN] = { NONE, NONE, 0 },
	[STYLE_TITLE] = { NONE, NONE, LOOK_BOLD },
	[STYLE_LABEL] = { NONE, NONE, LOOK_DIM },
	[STYLE_TAB] = { NONE, NONE, LOOK_DIM },
	[STYLE_TAB_CURRENT] = { 15, 4, LOOK_BOLD },
	[STYLE_COLUMN] = { 0, 7, 0 },
	[STYLE_COLUMN_SORTED] = { 0, 7, LOOK_BOLD | LOOK_UNDERLINE },
	[STYLE_CURSOR] = { 15, 4, LOOK_BOLD },
	[STYLE_MATCH] = { 0, 11, 0 },
	[STYLE_MATCH_CURSOR] = { 0, 11, LOOK_BOLD | LOOK_UNDERLINE },
	[STYLE_DIM] = { NONE, NONE, LOOK_DIM },
	[STYLE_HOT] = { NONE, NONE, LOOK_BOLD },
	[STYLE_WARM] = { NONE, NONE, 0 },
	[STYLE_KERNEL] = { NONE, NONE, LOOK_DIM },
	[STYLE_GUESS] = { NONE, NONE, LOOK_UNDERLINE },
	[STYLE_BAR] = { NONE, NONE, 0 },
	[STYLE_NOTICE] = { NONE, NONE, LOOK_BOLD },
	[STYLE_WARNING] = { 0, 3, LOOK_BOLD },
	[STYLE_KEY] = { NONE, NONE, LOOK_BOLD },
	[STYLE_BOX_A] = { 0, 3, 0 },
	[STYLE_BOX_B] = { 0, 7, 0 },
	[STYLE_BOX_C] = { 0, 11, 0 },
	[STYLE_BOX_D] = { 0, 15, 0 },
	[STYLE_BOX_KERNEL_A] = { 0, 6, 0 },
	[STYLE_BOX_KERNEL_B] = { 0, 14, 0 },
	[STYLE_BOX_CURSOR] = { 15, 4, LOOK_BOLD },
	[STYLE_BOX_MATCH] = { 0, 11, LOOK_BOLD | LOOK_UNDERLINE },
	[STYLE_BOX_DIM] = { 15, 8, 0 },
	INKS_16,
};

/* The same with eight, where bold text may be a brighter colour and no bolder. */
static const struct look looks_8[STYLE_COUNT] = {
	[STYLE_PLAIN] = { NONE, NONE, 0 },
	[STYLE_TITLE] = { NONE, NONE, LOOK_BOLD },
	[STYLE_LABEL] = { NONE, NONE, LOOK_DIM },
	[STYLE_TAB] = { NONE, NONE, LOOK_DIM },
	[STYLE_TAB_CURRENT] = { 7, 4, LOOK_BOLD },
	[STYLE_COLUMN] = { 0, 7, 0 },
	[STYLE_COLUMN_SORTED] = { 0, 7, LOOK_UNDERLINE },
	[STYLE_CURSOR] = { 7, 4, LOOK_BOLD },
	[STYLE_MATCH] = { 0, 3, 0 },
	[STYLE_MATCH_CURSOR] = { 0, 3, LOOK_UNDERLINE },
	[STYLE_DIM] = { NONE, NONE, LOOK_DIM },
	[STYLE_HOT] = { NONE, NONE, LOOK_BOLD },
	[STYLE_WARM] = { NONE, NONE, 0 },
	[STYLE_KERNEL] = { NONE, NONE, LOOK_DIM },
	[STYLE_GUESS] = { NONE, NONE, LOOK_UNDERLINE },
	[STYLE_BAR] = { NONE, NONE, 0 },
	[STYLE_NOTICE] = { NONE, NONE, LOOK_BOLD },
	[STYLE_WARNING] = { 0, 3, 0 },
	[STYLE_KEY] = { NONE, NONE, LOOK_BOLD },
	[STYLE_BOX_A] = { 0, 3, 0 },
	[STYLE_BOX_B] = { 0, 7, 0 },
	[STYLE_BOX_C] = { 0, 2, 0 },
	[STYLE_BOX_D] = { 0, 2, LOOK_UNDERLINE },
	[STYLE_BOX_KERNEL_A] = { 0, 6, 0 },
	[STYLE_BOX_KERNEL_B] = { 0, 6, LOOK_UNDERLINE },
	[STYLE_BOX_CURSOR] = { 7, 4, LOOK_BOLD },
	[STYLE_BOX_MATCH] = { 0, 3, LOOK_UNDERLINE },
	[STYLE_BOX_DIM] = { 7, 0, 0 },
	INKS_8,
};

/* Boxes that lie side by side take turns in being reversed and underlined. */
static const struct look looks_mono[STYLE_COUNT] = {
	[STYLE_PLAIN] = { NONE, NONE, 0 },
	[STYLE_TITLE] = { NONE, NONE, LOOK_BOLD },
	[STYLE_LABEL] = { NONE, NONE, LOOK_DIM },
	[STYLE_TAB] = { NONE, NONE, 0 },
	[STYLE_TAB_CURRENT] = { NONE, NONE, LOOK_REVERSE | LOOK_BOLD },
	[STYLE_COLUMN] = { NONE, NONE, LOOK_UNDERLINE },
	[STYLE_COLUMN_SORTED] = { NONE, NONE, LOOK_UNDERLINE | LOOK_BOLD },
	[STYLE_CURSOR] = { NONE, NONE, LOOK_REVERSE },
	[STYLE_MATCH] = { NONE, NONE, LOOK_UNDERLINE | LOOK_BOLD },
	[STYLE_MATCH_CURSOR] = { NONE, NONE, LOOK_REVERSE | LOOK_UNDERLINE | LOOK_BOLD },
	[STYLE_DIM] = { NONE, NONE, LOOK_DIM },
	[STYLE_HOT] = { NONE, NONE, LOOK_BOLD },
	[STYLE_WARM] = { NONE, NONE, 0 },
	[STYLE_KERNEL] = { NONE, NONE, LOOK_DIM },
	[STYLE_GUESS] = { NONE, NONE, LOOK_UNDERLINE },
	[STYLE_BAR] = { NONE, NONE, 0 },
	[STYLE_NOTICE] = { NONE, NONE, LOOK_BOLD },
	[STYLE_WARNING] = { NONE, NONE, LOOK_REVERSE | LOOK_BOLD },
	[STYLE_KEY] = { NONE, NONE, LOOK_BOLD },
	[STYLE_BOX_A] = { NONE, NONE, LOOK_UNDERLINE },
	[STYLE_BOX_B] = { NONE, NONE, 0 },
	[STYLE_BOX_C] = { NONE, NONE, LOOK_UNDERLINE | LOOK_BOLD },
	[STYLE_BOX_D] = { NONE, NONE, LOOK_BOLD },
	[STYLE_BOX_KERNEL_A] = { NONE, NONE, LOOK_UNDERLINE | LOOK_DIM },
	[STYLE_BOX_KERNEL_B] = { NONE, NONE, LOOK_DIM },
	[STYLE_BOX_CURSOR] = { NONE, NONE, LOOK_REVERSE },
	[STYLE_BOX_MATCH] = { NONE, NONE, LOOK_REVERSE | LOOK_UNDERLINE | LOOK_BOLD },
	[STYLE_BOX_DIM] = { NONE, NONE, LOOK_REVERSE | LOOK_DIM },
	INKS_MONO,
};

const struct look *theme_looks(int colors)
{
	if (colors >= 256)
		return looks_256;
	if (colors >= 16)
		return looks_16;
	return colors >= 8 ? looks_8 : looks_mono;
}

/* "TAB_CURRENT" is called "tab-current". */
static bool is_style_name(const char *identifier, const char *name)
{
	for (; *identifier && *name; identifier++, name++)
		if (*name != (*identifier == '_' ? '-' : *identifier - 'A' + 'a'))
			return false;
	return !*identifier && !*name;
}

enum style theme_style_named(const char *name)
{
	static const char *const identifiers[STYLE_COUNT] = {
#define X(identifier, letter) [STYLE_##identifier] = #identifier,
		STYLES(X)
#undef X
	};

	for (int i = 0; i < STYLE_COUNT; i++)
		if (is_style_name(identifiers[i], name))
			return (enum style)i;
	return STYLE_COUNT;
}

static bool parse_attribute(const char *word, unsigned *attributes)
{
	static const char *const names[] = { "bold", "dim", "underline", "reverse" };

	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcasecmp(word, names[i])) {
			*attributes |= 1u << i;
			return true;
		}
	return false;
}

static bool parse_color(const char *word, short *color)
{
	static const char *const names[] = { "black", "red", "green", "yellow", "blue",
					     "magenta", "cyan", "white" };
	bool bright = !strncasecmp(word, "bright-", 7);
	char *end;
	long number = strtol(word, &end, 10);

	if (*word >= '0' && *word <= '9' && !*end && number <= 255) {
		*color = (short)number;
		return true;
	}
	if (!strcasecmp(word, "default")) {
		*color = NONE;
		return true;
	}
	for (short i = 0; i < 8; i++)
		if (!strcasecmp(word + (bright ? 7 : 0), names[i])) {
			*color = (short)(i + (bright ? 8 : 0));
			return true;
		}
	return false;
}

bool theme_parse_look(const char *text, struct look *look, struct error *error)
{
	struct look found = { NONE, NONE, 0 };
	int colors = 0;

	while (*(text += strspn(text, " \t,"))) {
		char word[24];
		size_t len = strcspn(text, " \t,");
		short color;

		snprintf(word, sizeof word, "%.*s", len < 40 ? (int)len : 40, text);
		text += len;
		if (parse_attribute(word, &found.attributes))
			continue;
		if (!parse_color(word, &color))
			return error_set(error, 0, "%s is no colour and no attribute", word);
		if (++colors > 2)
			return error_set(error, 0, "more than two colours");
		*(colors == 1 ? &found.foreground : &found.background) = color;
	}
	*look = found;
	return true;
}

struct look theme_look(const struct theme_changes *changes, int colors, enum style style)
{
	struct look look = changes->look[style];

	if (!changes->changed[style])
		return theme_looks(colors)[style];
	if (colors < 8)
		look.foreground = look.background = NONE;
	else if (look.foreground >= colors || look.background >= colors)
		return theme_looks(colors)[style];
	/* Without its colours it may be nothing at all. */
	if (colors < 8 && !look.attributes)
		return theme_looks(colors)[style];
	return look;
}

int theme_colors(enum color color, int available, const char *no_color)
{
	bool unwanted = no_color && *no_color;

	if (color == COLOR_NEVER || (color == COLOR_AUTO && unwanted))
		return 0;
	return available;
}

/* The lower blocks, an eighth each, as marks that get heavier. */
static char ascii_height(uint32_t eighths)
{
	static const char heights[] = ".:-=+*#";

	return heights[eighths - 1];
}

static char ascii_box_line(uint32_t character)
{
	switch (character) {
	case 0x2500: case 0x2501: case 0x2504: case 0x2505:
	case 0x2508: case 0x2509: case 0x254c: case 0x254d: case 0x2550:
		return '-';
	case 0x2502: case 0x2503: case 0x2506: case 0x2507:
	case 0x250a: case 0x250b: case 0x254e: case 0x254f: case 0x2551:
		return '|';
	default:
		return '+';
	}
}

/* Less than half of a cell is not worth a mark in a bar. */
static char ascii_block(uint32_t character)
{
	if (character >= 0x2581 && character <= 0x2587)
		return ascii_height(character - 0x2580);
	return character >= 0x258d && character <= 0x258f ? ' ' : '#';
}

char theme_ascii(uint32_t character)
{
	static const struct {
		uint32_t character;
		char ascii;
	} signs[] = {
		{ 0xa0, ' ' }, { 0xb1, '~' }, { 0xb7, '.' }, { 0xd7, 'x' },
		{ 0x2013, '-' }, { 0x2014, '-' },
		{ 0x2018, '\'' }, { 0x2019, '\'' }, { 0x201c, '"' }, { 0x201d, '"' },
		{ 0x2022, '*' }, { 0x2026, '~' }, { 0x2190, '<' }, { 0x2191, '^' },
		{ 0x2192, '>' }, { 0x2193, 'v' }, { 0x25b2, '^' }, { 0x25b4, '^' },
		{ 0x25b6, '>' }, { 0x25b8, '>' }, { 0x25ba, '>' }, { 0x25bc, 'v' },
		{ 0x25be, 'v' }, { 0x25c0, '<' }, { 0x25c2, '<' }, { 0x25cf, '*' },
	};

	if (character >= 0x20 && character < 0x7f)
		return (char)character;
	if (character >= 0x2500 && character <= 0x257f)
		return ascii_box_line(character);
	if (character >= 0x2580 && character <= 0x259f)
		return ascii_block(character);
	for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
		if (signs[i].character == character)
			return signs[i].ascii;
	return '?';
}
