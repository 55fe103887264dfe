#include "view/grid.h"

#include "base/text.h"
#include "base/xalloc.h"

/* A terminal may claim to be as large as it likes; memory is not. */
enum { GRID_SIDE_MAX = 2000 };

static int clamp(int value, int low, int high)
{
	return value < low ? low : value > high ? high : value;
}

void grid_resize(struct grid *grid, int width, int height)
{
	width = clamp(width, 0, GRID_SIDE_MAX);
	height = clamp(height, 0, GRID_SIDE_MAX);
	if (width != grid->width || height != grid->height || !grid->cell) {
		grid_release(grid);
		grid->width = width;
		grid->height = height;
		grid->cell = xcalloc((size_t)width * (size_t)height + 1, sizeof *grid->cell);
	}
	canvas_fill(canvas_of(grid), ' ', STYLE_PLAIN);
}

void grid_release(struct grid *grid)
{
	xfree(grid->cell);
	*grid = (struct grid){ 0 };
}

static const struct cell *row_of(const struct grid *grid, int y)
{
	return grid->cell + (size_t)y * (size_t)grid->width;
}

static int width_used(const struct cell *row, int width)
{
	while (width > 0 && row[width - 1].character == ' ')
		width--;
	return width;
}

void grid_dump(const struct grid *grid, bool styles, struct strbuf *out)
{
	static const char letter[] = {
#define X(name, sign) [STYLE_##name] = sign,
		STYLES(X)
#undef X
	};

	for (int y = 0; y < grid->height; y++) {
		const struct cell *row = row_of(grid, y);
		int width = styles ? grid->width : width_used(row, grid->width);

		for (int x = 0; x < width; x++)
			if (row[x].character)
				text_encode(out, row[x].character);
		if (styles) {
			strbuf_add(out, "|", 1);
			for (int x = 0; x < width; x++)
				strbuf_add(out, &letter[row[x].style], 1);
		}
		strbuf_add(out, "\n", 1);
	}
}

struct canvas canvas_of(struct grid *grid)
{
	return (struct canvas){ grid, 0, 0, grid->width, grid->height };
}

struct canvas canvas_part(struct canvas c, int x, int y, int width, int height)
{
	/* What lies left of or above the canvas is cut off the part. */
	if (x < 0) {
		width = x < -GRID_SIDE_MAX ? 0 : clamp(width, 0, GRID_SIDE_MAX) + x;
		x = 0;
	}
	if (y < 0) {
		height = y < -GRID_SIDE_MAX ? 0 : clamp(height, 0, GRID_SIDE_MAX) + y;
		y = 0;
	}
	x = clamp(x, 0, c.width);
	y = clamp(y, 0, c.height);
	return (struct canvas){
		c.grid, c.x + x, c.y + y,
		clamp(width, 0, c.width - x), clamp(height, 0, c.height - y),
	};
}

/*
 * Cells from x on are about to be overwritten.  When that cuts a wide
 * character in half, its other half becomes a blank, even just outside
 * the canvas: half a character can't be shown.
 */
static void split_wide(struct grid *grid, int x, int y, int count)
{
	struct cell *row = grid->cell + (size_t)y * (size_t)grid->width;

	if (count <= 0)
		return;
	if (x > 0 && !row[x].character)
		row[x - 1].character = ' ';
	if (x + count < grid->width && !row[x + count].character)
		row[x + count].character = ' ';
}

static void set_cell(struct canvas c, int x, int y, uint32_t character, enum style style)
{
	c.grid->cell[(size_t)(c.y + y) * (size_t)c.grid->width + (size_t)(c.x + x)] =
		(struct cell){ .character = character, .style = (uint16_t)style };
}

void canvas_fill(struct canvas c, uint32_t character, enum style style)
{
	for (int y = 0; y < c.height; y++) {
		split_wide(c.grid, c.x, c.y + y, c.width);
		for (int x = 0; x < c.width; x++)
			set_cell(c, x, y, character, style);
	}
}

int canvas_text(struct canvas c, int x, int y, enum style style, const char *utf8)
{
	const char *end = utf8 + strlen(utf8);
	bool visible = y >= 0 && y < c.height;
	int used = 0;

	while (utf8 < end && x + used < c.width) {
		int width = 1, at = x + used;
		uint32_t character = text_next(&utf8, end, &width);

		/* A cell holds one character: combining marks are left out. */
		if (width == 0)
			continue;
		if (at + width > c.width)
			break;
		used += width;
		if (!visible || at < 0)
			continue;
		split_wide(c.grid, c.x + at, c.y + y, width);
		set_cell(c, at, y, character, style);
		if (width == 2)
			set_cell(c, at + 1, y, 0, style);
	}
	return used;
}

void canvas_put(struct canvas c, int x, int y, struct cell cell, int width)
{
	struct cell *row;

	if (x < 0 || y < 0 || y >= c.height || x + width > c.width)
		return;
	row = c.grid->cell + (size_t)(c.y + y) * (size_t)c.grid->width + (size_t)c.x;
	split_wide(c.grid, c.x + x, c.y + y, width);
	row[x] = cell;
	if (width == 2) {
		row[x + 1] = cell;
		row[x + 1].character = 0;
	}
}

int canvas_printf(struct canvas c, int x, int y, enum style style, const char *format, ...)
{
	struct strbuf text = STRBUF_INIT;
	va_list args;
	int used;

	va_start(args, format);
	strbuf_vaddf(&text, format, args);
	va_end(args);
	used = canvas_text(c, x, y, style, text.text);
	strbuf_release(&text);
	return used;
}

int canvas_name(struct canvas c, int x, int y, int width, enum style style, const char *utf8)
{
	struct strbuf text = STRBUF_INIT;
	int used = 0;

	if (x < c.width)
		width = clamp(width, 0, c.width - x);
	if (width > 0) {
		text_shorten(&text, utf8, width);
		used = canvas_text(c, x, y, style, text.text);
	}
	strbuf_release(&text);
	return used;
}

void canvas_bar(struct canvas c, int x, int y, int width, uint64_t part, uint64_t whole,
		enum style style)
{
	enum { FULL = 0x2588, EIGHTH = 0x258f };
	struct canvas bar = canvas_part(c, x, y, width, 1);
	int eighths;

	if (!whole || bar.height < 1)
		return;
	if (part > whole)
		part = whole;
	eighths = (int)((double)part / (double)whole * 8 * bar.width + 0.5);
	split_wide(c.grid, bar.x, bar.y, (eighths + 7) / 8);
	for (int i = 0; i < eighths / 8; i++)
		set_cell(bar, i, 0, FULL, style);
	if (eighths % 8)
		set_cell(bar, eighths / 8, 0, (uint32_t)(EIGHTH + 1 - eighths % 8), style);
}

void canvas_restyle(struct canvas c, enum style style)
{
	for (int y = 0; y < c.height; y++)
		for (int x = 0; x < c.width; x++) {
			size_t at = (size_t)(c.y + y) * (size_t)c.grid->width + (size_t)(c.x + x);
			struct cell *cell = &c.grid->cell[at];

			cell->style = (uint16_t)style;
			cell->attributes = 0;
		}
}
