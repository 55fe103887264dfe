#include "base/text.h"
#include "view/findings.h"
#include "view/list.h"
#include "view/view.h"

enum { SHARE_WIDTH = 8, BAR_MIN = 40, BAR_WIDTH = 10, COUNT_MIN = 70, COUNT_WIDTH = 13 };

/* One row of the screen: sentences may take several. */
struct quality_row {
	size_t finding, from, len;	/* of its text, bytes */
};

struct quality_view {
	struct view view;
	struct list list;
	struct findings findings;
	array(struct quality_row) row;
};

static struct quality_view *quality_view_of(struct view *view)
{
	return (struct quality_view *)view;
}

static struct view *quality_open(void)
{
	return xcalloc(1, sizeof(struct quality_view));
}

static void quality_close(struct view *view)
{
	struct quality_view *v = quality_view_of(view);

	findings_release(&v->findings);
	array_release(&v->row);
	xfree(v);
}

static bool is_sentence(const struct finding *finding)
{
	return finding->kind == FINDING_FACT || finding->kind == FINDING_ADVICE;
}

static int width_of(const char *text, size_t len)
{
	char *part = xstrndup(text, len);
	int width = text_width(part);

	xfree(part);
	return width;
}

/* As many whole words as fit, at least one; a word too long is cut when drawn. */
static size_t line_len(const char *text, int width)
{
	size_t len = strcspn(text, " ");

	for (;;) {
		size_t next = len + strspn(text + len, " ");

		next += strcspn(text + next, " ");
		if (next == len || width_of(text, next) > width)
			return len;
		len = next;
	}
}

static void add_rows(struct quality_view *v, size_t i, int width)
{
	const struct finding *finding = &v->findings.finding.at[i];
	size_t from = 0, len = strlen(finding->text);

	/* A blank line between sections, but for one on top. */
	if (finding->kind == FINDING_HEADING && i)
		array_push(&v->row, ((struct quality_row){ .finding = i }));
	if (!is_sentence(finding) || !len) {
		array_push(&v->row, ((struct quality_row){ i, 0, len }));
		return;
	}
	while (from < len) {
		size_t part = line_len(finding->text + from, width);

		array_push(&v->row, ((struct quality_row){ i, from, part }));
		from += part;
		from += strspn(finding->text + from, " ");
	}
}

static void quality_view_update(struct view *view, const struct scene *scene, int width, int height)
{
	struct quality_view *v = quality_view_of(view);

	findings_collect(&v->findings, scene);
	v->row.len = 0;
	for (size_t i = 0; i < v->findings.finding.len; i++)
		add_rows(v, i, width > 4 ? width - 4 : 1);
	list_resize(&v->list, v->row.len, height > 0 ? (size_t)height : 0);
}

/* "  15.80% ███        no unwind information            200" */
static void draw_share(const struct finding *finding, struct canvas c)
{
	char percent[QUANTITY_MAX], count[QUANTITY_MAX + 8];
	int x = 1 + SHARE_WIDTH + 1, right = c.width;

	quantity_percent(percent, finding->part, finding->whole);
	canvas_text(c, 1 + SHARE_WIDTH - (int)strlen(percent), 0,
		    finding->part ? STYLE_PLAIN : STYLE_DIM, percent);
	if (c.width >= BAR_MIN) {
		canvas_bar(c, x, 0, BAR_WIDTH, finding->part, finding->whole, STYLE_BAR);
		x += BAR_WIDTH + 1;
	}
	x += 2 * (int)finding->depth;
	if (c.width >= COUNT_MIN) {
		quantity_exact(count, finding->part);
		right -= COUNT_WIDTH + 1;
		canvas_text(c, c.width - 1 - (int)strlen(count), 0, STYLE_LABEL, count);
	}
	canvas_name(c, x, 0, right - x, finding->depth ? STYLE_DIM : STYLE_PLAIN, finding->text);
}

static void draw_sentence(const struct finding *finding, const struct quality_row *row,
			  struct canvas c)
{
	char *text = xstrndup(finding->text + row->from, row->len);
	bool advice = finding->kind == FINDING_ADVICE;

	if (advice && !row->from)
		canvas_text(c, 1, 0, STYLE_NOTICE, "→");
	canvas_name(c, advice ? 3 : 1, 0, c.width - (advice ? 3 : 1), STYLE_PLAIN, text);
	xfree(text);
}

static void draw_row(const struct quality_view *v, const struct quality_row *row, struct canvas c)
{
	const struct finding *finding = &v->findings.finding.at[row->finding];

	if (!row->len)
		return;
	if (finding->kind == FINDING_HEADING)
		canvas_name(c, 0, 0, c.width, STYLE_TITLE, finding->text);
	else if (finding->kind == FINDING_SHARE)
		draw_share(finding, c);
	else
		draw_sentence(finding, row, c);
}

static void quality_draw(const struct view *view, const struct scene *scene, struct canvas c)
{
	const struct quality_view *v = (const struct quality_view *)view;

	(void)scene;
	for (int y = 0; y < c.height; y++) {
		size_t i = v->list.top + (size_t)y;
		struct canvas row = canvas_part(c, 0, y, c.width, 1);

		if (i >= v->row.len)
			break;
		draw_row(v, &v->row.at[i], row);
		if (i == v->list.cursor)
			canvas_restyle(row, STYLE_CURSOR);
	}
}

static enum reaction quality_command(struct view *view, struct scene *scene, enum command command)
{
	(void)scene;
	return list_command(&quality_view_of(view)->list, command) ? REACT_REDRAW : REACT_IGNORED;
}

static enum reaction quality_point(struct view *view, struct scene *scene, int x, int y)
{
	struct list *list = &quality_view_of(view)->list;
	size_t row = list->top + (size_t)(y > 0 ? y : 0);

	(void)scene;
	(void)x;
	if (y < 0 || (size_t)y >= list->height || row >= list->count)
		return REACT_IGNORED;
	list_go(list, row);
	return REACT_REDRAW;
}

const struct view_ops quality_view = {
	.name = "quality",
	.title = "Quality",
	.open = quality_open,
	.close = quality_close,
	.update = quality_view_update,
	.draw = quality_draw,
	.command = quality_command,
	.point = quality_point,
};
