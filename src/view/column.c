#include "view/column.h"

#include "analyze/share.h"
#include "base/text.h"

static metric_id metric_of(const struct scene *scene)
{
	return scene->query.metric ? scene->query.metric : 1;
}

static enum unit unit_of(const struct scene *scene)
{
	metric_id metric = metric_of(scene);

	return metric < scene->profile->metric.len ? scene->profile->metric.at[metric].unit
						   : UNIT_COUNT;
}

/* Weights, but samples where there are no weights. */
static void share_of(const struct amount *part, const struct amount *whole, uint64_t *a,
		     uint64_t *b)
{
	*a = whole->weight ? part->weight : part->samples;
	*b = whole->weight ? whole->weight : whole->samples;
}

enum measure measure_after(const struct scene *scene)
{
	const struct amount all = scene->calls->all;

	switch (scene->measure) {
	case MEASURE_PERCENT:
		return unit_of(scene) != UNIT_NANOSECONDS && all.weight == all.samples ?
		       MEASURE_SAMPLES : MEASURE_TIME;
	case MEASURE_TIME:
		return MEASURE_SAMPLES;
	case MEASURE_SAMPLES:
		break;
	}
	return MEASURE_PERCENT;
}

const char *measure_title(const struct scene *scene)
{
	metric_id metric = metric_of(scene);

	if (scene->measure == MEASURE_PERCENT)
		return "percent";
	if (scene->measure == MEASURE_SAMPLES)
		return "samples";
	if (unit_of(scene) == UNIT_NANOSECONDS || metric >= scene->profile->metric.len)
		return "time";
	return profile_string(scene->profile, scene->profile->metric.at[metric].name);
}

static void format_samples(struct strbuf *out, uint64_t samples)
{
	char text[QUANTITY_MAX + 8];

	if (samples < 1000000)
		quantity_exact(text, samples);
	else
		quantity_format(text, samples, UNIT_COUNT);
	strbuf_adds(out, text);
}

/* Two digits are all that is known of it. */
static void add_error(struct strbuf *out, const struct amount *part, const struct amount *whole)
{
	double error = 100 * share_error(part, whole);
	int decimals = error >= 9.95 ? 0 : error >= 0.995 ? 1 : 2;

	/* As wide as any other, so that what stands before it does not move. */
	strbuf_addf(out, " %s±%.*f", decimals == 2 ? "" : error >= 99.5 ? " " :
		    decimals ? " " : "  ", decimals, error);
}

void amount_format(struct strbuf *out, const struct scene *scene, const struct amount *part,
		   const struct amount *whole)
{
	char text[QUANTITY_MAX];
	uint64_t a, b;

	switch (scene->measure) {
	case MEASURE_PERCENT:
		share_of(part, whole, &a, &b);
		quantity_percent(text, a, b);
		strbuf_adds(out, text);
		if (scene->show_errors)
			add_error(out, part, whole);
		return;
	case MEASURE_TIME:
		quantity_format(text, part->weight, unit_of(scene));
		break;
	case MEASURE_SAMPLES:
		format_samples(out, part->samples);
		return;
	}
	strbuf_adds(out, text);
}

int amount_width(const struct scene *scene)
{
	return scene->show_errors && scene->measure == MEASURE_PERCENT ? 13 : 8;
}

void amount_draw(struct canvas c, int x, const struct scene *scene, const struct amount *part,
		 const struct amount *whole)
{
	struct strbuf text = STRBUF_INIT;

	amount_format(&text, scene, part, whole);
	canvas_text(c, x + amount_width(scene) - text_width(text.text), 0,
		    amount_style(part, whole), text.text);
	strbuf_release(&text);
}

void trend_draw(struct canvas c, int x, int moved)
{
	if (moved)
		canvas_text(c, x, 0, STYLE_NOTICE, moved > 0 ? "↑" : "↓");
}

enum style amount_style(const struct amount *part, const struct amount *whole)
{
	double share;
	uint64_t a, b;

	share_of(part, whole, &a, &b);
	if (!a)
		return STYLE_DIM;
	share = b ? (double)a / (double)b : 0;
	return share >= 0.10 ? STYLE_HOT : share >= 0.02 ? STYLE_WARM : STYLE_PLAIN;
}

static int compare_amounts(struct amount a, struct amount b)
{
	if (a.weight != b.weight)
		return a.weight > b.weight ? -1 : 1;
	return a.samples > b.samples ? -1 : a.samples < b.samples;
}

static void self_format(struct strbuf *out, const struct scene *scene, const struct row *row)
{
	amount_format(out, scene, &row->self, &row->whole);
}

static int self_compare(const struct profile *profile, const struct row *a, const struct row *b)
{
	(void)profile;
	return compare_amounts(a->self, b->self);
}

static void total_format(struct strbuf *out, const struct scene *scene, const struct row *row)
{
	amount_format(out, scene, &row->total, &row->whole);
}

static int total_compare(const struct profile *profile, const struct row *a, const struct row *b)
{
	(void)profile;
	return compare_amounts(a->total, b->total);
}

const char *function_shown_name(const struct profile *profile, function_id function)
{
	const char *name = profile_function_name(profile, function);

	return *name ? name : "[unknown]";
}

unsigned function_flags(const struct profile *profile, function_id function)
{
	return function < profile->function.len ? profile->function.at[function].flags : 0;
}

void function_label(struct strbuf *out, const struct profile *profile, function_id function)
{
	unsigned flags = function_flags(profile, function);

	strbuf_adds(out, function_shown_name(profile, function));
	if ((flags & FUNCTION_KERNEL) && !(flags & FUNCTION_PLACEHOLDER))
		strbuf_adds(out, " [k]");
}

bool entry_is_guess(unsigned entry)
{
	return (entry & (ENTRY_CALLED | ENTRY_GUESSED)) == ENTRY_GUESSED;
}

void entry_label(struct strbuf *out, const struct profile *profile, function_id function,
		 unsigned entry)
{
	if (entry_is_guess(entry))
		strbuf_adds(out, "?");
	function_label(out, profile, function);
}

const char *entry_remark(unsigned entry)
{
	if (!(entry & ENTRY_INLINED))
		return "";
	return entry & (ENTRY_CALLED | ENTRY_GUESSED) ? "  (inlined in part)" : "  (inlined)";
}

static void function_format(struct strbuf *out, const struct scene *scene, const struct row *row)
{
	strbuf_adds(out, function_shown_name(scene->profile, row->function));
}

static int function_compare(const struct profile *profile, const struct row *a, const struct row *b)
{
	if (a->by_name && b->by_name)
		return (a->by_name > b->by_name) - (a->by_name < b->by_name);
	return strcmp(function_shown_name(profile, a->function),
		      function_shown_name(profile, b->function));
}

bool binaries_matter(const struct profile *profile)
{
	for (size_t i = 1; i < profile->binary.len; i++)
		if (profile->binary.at[i].kind != BINARY_KERNEL)
			return true;
	return false;
}

static const char *binary_name(const struct profile *profile, function_id function)
{
	binary_id binary = profile->function.at[function].binary;

	return profile_string(profile, profile->binary.at[binary].name);
}

static void binary_format(struct strbuf *out, const struct scene *scene, const struct row *row)
{
	strbuf_adds(out, binary_name(scene->profile, row->function));
}

static int binary_compare(const struct profile *profile, const struct row *a, const struct row *b)
{
	const char *x = binary_name(profile, a->function), *y = binary_name(profile, b->function);

	/* Names are kept once. */
	return x == y ? 0 : strcmp(x, y);
}

/* Amounts take at most 8 columns in every measure. */
static const struct column self_column = {
	.name = "self", .title = "Self", .width = 8,
	.format = self_format, .compare = self_compare,
};
static const struct column total_column = {
	.name = "total", .title = "Total", .width = 8,
	.format = total_format, .compare = total_compare,
};
static const struct column function_column = {
	.name = "function", .title = "Function", .left = true,
	.format = function_format, .compare = function_compare,
};
static const struct column binary_column = {
	.name = "binary", .title = "Binary", .left = true,
	.format = binary_format, .compare = binary_compare,
};

const struct column *const columns[] = {
	&self_column, &total_column, &function_column, &binary_column, NULL,
};

const struct column *column_named(const char *name)
{
	for (size_t i = 0; columns[i]; i++)
		if (!strcmp(columns[i]->name, name))
			return columns[i];
	return NULL;
}

int column_order(const struct column *column, bool reversed, const struct profile *profile,
		 const struct row *a, const struct row *b)
{
	int order = column->compare(profile, a, b);

	if (order)
		return reversed ? -order : order;
	order = function_compare(profile, a, b);
	return order ? order : (a->function > b->function) - (a->function < b->function);
}
