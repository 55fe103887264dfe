#include "ui/report.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "ui/report_json.h"
#include "ui/report_rows.h"
#include "view/findings.h"

enum {
	FUNCTIONS_SHOWN = 50,		/* without --top */
	TREE_LIMIT = 5,			/* thousandths: paths below it are left out, as perf does */
	NAME_WIDTH = 60,		/* longer ones are shortened; CSV and JSON have all */
	INDENT_MAX = 100,
};

static void put(FILE *out, const char *text)
{
	struct strbuf sb = STRBUF_INIT;

	text_sanitize(&sb, text, strlen(text));
	fwrite(sb.text, 1, sb.len, out);
	strbuf_release(&sb);
}

/* A line of the head: all from outside is sanitized, we write the rest. */
static void put_fact(FILE *out, const char *name, const char *text)
{
	fprintf(out, "# %-10s", name);
	put(out, text);
	fputc('\n', out);
}

static const char *exact(char text[QUANTITY_MAX + 8], uint64_t value)
{
	quantity_exact(text, value);
	return text;
}

static const char *quantity(char text[QUANTITY_MAX], uint64_t value, enum unit unit)
{
	quantity_format(text, value, unit);
	return text;
}

static const char *percent(char text[QUANTITY_MAX], uint64_t part, uint64_t whole)
{
	quantity_percent(text, part, whole);
	return text;
}

static enum unit weight_unit(const struct scene *scene)
{
	metric_id metric = scene->query.metric ? scene->query.metric : 1;

	return metric < scene->profile->metric.len ? scene->profile->metric.at[metric].unit
						   : UNIT_COUNT;
}

static struct amount whole_of(const struct scene *scene)
{
	return scene->calls->count ? scene->calls->total[0] : (struct amount){ 0 };
}

static void add_event(struct strbuf *out, const struct status *status)
{
	strbuf_adds(out, *status->event ? status->event : "samples");
	if (status->frequency)
		strbuf_addf(out, ", %u Hz", status->frequency);
	else if (!status->is_file)
		strbuf_adds(out, ", each one");
	if (*status->backend)
		strbuf_addf(out, ", %s", status->backend);
	if (*status->call_graph)
		strbuf_addf(out, ", %s", status->call_graph);
	if (status->cpus)
		strbuf_addf(out, ", %u CPU%s", status->cpus, status->cpus == 1 ? "" : "s");
}

static void add_samples(struct strbuf *out, const struct scene *scene)
{
	struct amount whole = whole_of(scene);
	char number[QUANTITY_MAX + 8], weight[QUANTITY_MAX];

	strbuf_adds(out, exact(number, whole.samples));
	if (whole.samples && whole.samples < FEW_SAMPLES)
		strbuf_adds(out, ", few: the shares are rough");
	if (weight_unit(scene) != UNIT_COUNT)
		strbuf_addf(out, " (%s)", quantity(weight, whole.weight, weight_unit(scene)));
	if (whole.samples != scene->calls->all.samples)
		strbuf_addf(out, " of %s", exact(number, scene->calls->all.samples));
	if (scene->status.is_file)
		return;
	strbuf_addf(out, ", %s lost", exact(number, scene->profile->lost));
	if (scene->profile->throttled)
		strbuf_addf(out, ", throttled %s times", exact(number, scene->profile->throttled));
}

static void add_stacks(struct strbuf *out, const struct scene *scene)
{
	const struct quality *q = scene->quality;
	uint64_t all = q->complete + q->frame_pointer + q->truncated;
	char text[QUANTITY_MAX];
	const char *before = " (";

	/* Names alone do not tell how they were found. */
	if (scene->status.is_file) {
		strbuf_adds(out, "not known how they end");
		return;
	}
	if (!all || !strcmp(scene->status.call_graph, "no stacks")) {
		strbuf_adds(out, "none");
		return;
	}
	/* In the words of the screen. */
	strbuf_addf(out, "%s complete", percent(text, q->complete, all));
	strbuf_addf(out, ", %s by frame pointer", percent(text, q->frame_pointer, all));
	strbuf_addf(out, ", %s truncated", percent(text, q->truncated, all));
	for (int i = 0; i < TRUNCATIONS; i++) {
		if (!q->reason[i])
			continue;
		strbuf_addf(out, "%s%s %s", before, percent(text, q->reason[i], all),
			    truncation_name((enum truncation)i));
		before = ", ";
	}
	if (*before == ',')
		strbuf_adds(out, ")");
	if (q->guessed)
		strbuf_addf(out, ", %s with a guessed frame", percent(text, q->guessed, all));
}

static void put_head(const struct scene *scene, FILE *out)
{
	const struct status *status = &scene->status;
	struct strbuf text = STRBUF_INIT;
	char number[QUANTITY_MAX], memory[QUANTITY_MAX];

	strbuf_adds(&text, status->target);
	if (*status->state)
		strbuf_addf(&text, ", %s", status->state);
	put_fact(out, "target", text.text);
	strbuf_clear(&text);
	add_event(&text, status);
	put_fact(out, "event", text.text);
	if (!status->is_file)
		put_fact(out, "duration", quantity(number, status->duration, UNIT_NANOSECONDS));
	strbuf_clear(&text);
	add_samples(&text, scene);
	put_fact(out, "samples", text.text);
	strbuf_clear(&text);
	add_stacks(&text, scene);
	put_fact(out, "stacks", text.text);
	if (!status->is_file) {
		strbuf_clear(&text);
		strbuf_addf(&text, "%s of a CPU, %s", percent(number, status->own_cpu, 10000),
			    quantity(memory, status->own_rss, UNIT_BYTES));
		put_fact(out, "tprof", text.text);
	}
	for (size_t i = 0; i < status->notice.len; i++)
		put_fact(out, "note", status->notice.at[i]);
	strbuf_release(&text);
}

/* "1,234,567", or "1.25 s" */
static void add_value(struct strbuf *out, const struct series *series)
{
	char text[QUANTITY_MAX + 8];

	if (series->unit == UNIT_COUNT)
		quantity_exact(text, series->value);
	else
		quantity_format(text, series->value, series->unit);
	strbuf_adds(out, text);
}

static void put_counter(const struct scene *scene, const struct series *series, FILE *out)
{
	uint64_t duration = scene->status.counted ? scene->status.counted : scene->status.duration;
	struct strbuf text = STRBUF_INIT;
	char rate[QUANTITY_MAX];

	add_value(&text, series);
	fprintf(out, "# %20s  ", text.text);
	put(out, profile_string(scene->profile, series->name));
	strbuf_clear(&text);
	if (series->kind == SERIES_TOTAL && series->unit == UNIT_COUNT && duration) {
		quantity_format(rate, (uint64_t)((double)series->value * 1e9 / (double)duration),
				UNIT_COUNT);
		strbuf_addf(&text, ", %s a second", rate);
	}
	if (series->scaled)
		strbuf_adds(&text, ", scaled: counted part of the time");
	put(out, text.text);
	fputc('\n', out);
	strbuf_release(&text);
}

/* Those that are missing for the same reason as the first of them, in one line. */
static void put_missing(const struct scene *scene, size_t first, FILE *out)
{
	const struct profile *profile = scene->profile;
	const struct series *series = &profile->series.at[first];
	const char *reason = profile_string(profile, series->reason);

	for (size_t i = 0; i < first; i++)
		if (!profile->series.at[i].supported &&
		    profile->series.at[i].reason == series->reason)
			return;
	fprintf(out, "# %20s  ", "-");
	put(out, profile_string(profile, series->name));
	for (size_t i = first + 1; i < profile->series.len; i++) {
		const struct series *other = &profile->series.at[i];

		if (other->supported || other->reason != series->reason)
			continue;
		fputs(", ", out);
		put(out, profile_string(profile, other->name));
	}
	fputs(": ", out);
	put(out, *reason ? reason : "not supported here");
	fputc('\n', out);
}

static void put_counters(const struct scene *scene, FILE *out)
{
	if (scene->profile->series.len)
		fputs("#\n# counters\n", out);
	for (size_t i = 0; i < scene->profile->series.len; i++)
		if (scene->profile->series.at[i].supported)
			put_counter(scene, &scene->profile->series.at[i], out);
		else
			put_missing(scene, i, out);
}

static void format_cell(struct strbuf *cell, const struct column *column, const struct scene *scene,
			const struct row *row)
{
	struct strbuf raw = STRBUF_INIT;

	column->format(&raw, scene, row);
	strbuf_clear(cell);
	text_sanitize(cell, raw.text, raw.len);
	strbuf_release(&raw);
}

static void pad(struct strbuf *line, int count)
{
	strbuf_pad(line, ' ', count > 0 ? (size_t)count : 0);
}

static void add_cell(struct strbuf *line, const struct column *column, const char *cell, int width,
		     bool last)
{
	int spare = width - text_width(cell);

	if (line->len > 2)
		strbuf_adds(line, "  ");
	if (!column->left)
		pad(line, spare);
	if (spare < 0 && !last)
		text_shorten(line, cell, width);
	else
		strbuf_adds(line, cell);
	if (column->left && !last)
		pad(line, spare);
}

/* Texts are as wide as the widest of the rows, within reason. */
static int column_width(const struct column *column, const struct scene *scene,
			const struct report_rows *rows)
{
	struct strbuf cell = STRBUF_INIT;
	int width = text_width(column->title);

	if (column->width)
		return column->width;
	for (size_t i = 0; i < rows->function.len; i++) {
		int needed;

		format_cell(&cell, column, scene, &rows->function.at[i]);
		needed = text_width(cell.text);
		if (needed > width)
			width = needed < NAME_WIDTH ? needed : NAME_WIDTH;
	}
	strbuf_release(&cell);
	return width;
}

static void put_functions(const struct scene *scene, size_t top, FILE *out)
{
	struct strbuf line = STRBUF_INIT, cell = STRBUF_INIT;
	struct report_rows rows = { 0 };
	array(int) width = { 0 };

	report_rows_functions(&rows, scene, top ? top : FUNCTIONS_SHOWN);
	fputs("#\n", out);
	strbuf_adds(&line, "# ");
	for (size_t c = 0; columns[c]; c++) {
		array_push(&width, column_width(columns[c], scene, &rows));
		add_cell(&line, columns[c], columns[c]->title, width.at[c], !columns[c + 1]);
	}
	fprintf(out, "%s\n#\n", line.text);
	for (size_t i = 0; i < rows.function.len; i++) {
		strbuf_clear(&line);
		strbuf_adds(&line, "  ");
		for (size_t c = 0; columns[c]; c++) {
			format_cell(&cell, columns[c], scene, &rows.function.at[i]);
			add_cell(&line, columns[c], cell.text, width.at[c], !columns[c + 1]);
		}
		while (line.len && line.text[line.len - 1] == ' ')
			strbuf_cut(&line, line.len - 1);
		fprintf(out, "%s\n", line.text);
	}
	if (rows.left_out)
		fprintf(out, "#\n# %zu more functions; --top=N shows the first N\n", rows.left_out);
	array_release(&width);
	strbuf_release(&line);
	strbuf_release(&cell);
	report_rows_release(&rows);
}

/* Deep down the depth is told by a number: lines of thousands of blanks help nobody. */
static void put_indent(unsigned depth, FILE *out)
{
	unsigned shown = depth < INDENT_MAX ? depth : INDENT_MAX;

	fprintf(out, "%*s", (int)shown * 2, "");
	if (depth > shown)
		fprintf(out, "(+%u) ", depth - shown);
}

static void put_tree(const struct scene *scene, size_t top, FILE *out)
{
	struct strbuf name = STRBUF_INIT;
	struct report_rows rows = { 0 };
	char self[QUANTITY_MAX], total[QUANTITY_MAX];

	report_rows_tree(&rows, scene, top ? 0 : TREE_LIMIT, top);
	fputs("#\n#    Total      Self  Function\n#\n", out);
	for (size_t i = 0; i < rows.node.len; i++) {
		struct row row = report_rows_row(scene, rows.node.at[i].node);
		bool weighed = row.whole.weight;

		percent(total, weighed ? row.total.weight : row.total.samples,
			weighed ? row.whole.weight : row.whole.samples);
		percent(self, weighed ? row.self.weight : row.self.samples,
			weighed ? row.whole.weight : row.whole.samples);
		fprintf(out, "  %8s  %8s  ", total, self);
		put_indent(rows.node.at[i].depth, out);
		strbuf_clear(&name);
		entry_label(&name, scene->profile, row.function,
			    scene->calls->entry[rows.node.at[i].node]);
		put(out, name.text);
		fprintf(out, "%s\n", entry_remark(scene->calls->entry[rows.node.at[i].node]));
	}
	if (rows.left_out && top)
		fprintf(out, "#\n# %zu more; --top=N shows the N heaviest\n", rows.left_out);
	else if (rows.left_out)
		fprintf(out, "#\n# %zu more, each below 0.5 %%; --top=N shows the N heaviest\n",
			rows.left_out);
	strbuf_release(&name);
	report_rows_release(&rows);
}

static void put_finding(const struct finding *finding, FILE *out)
{
	char share[QUANTITY_MAX], number[QUANTITY_MAX + 8];

	switch (finding->kind) {
	case FINDING_HEADING:
		fprintf(out, "#\n# %s\n#\n", finding->text);
		return;
	case FINDING_SHARE:
		fprintf(out, "  %8s  %12s  %*s%s\n", percent(share, finding->part, finding->whole),
			exact(number, finding->part), 2 * (int)finding->depth, "", finding->text);
		return;
	case FINDING_FACT:
		fprintf(out, "  %s\n", finding->text);
		return;
	case FINDING_ADVICE:
		fprintf(out, "  - %s\n", finding->text);
		return;
	}
}

static void put_quality(const struct scene *scene, FILE *out)
{
	struct findings findings = { 0 };

	findings_collect(&findings, scene);
	for (size_t i = 0; i < findings.finding.len; i++)
		put_finding(&findings.finding.at[i], out);
	findings_release(&findings);
}

static void put_text(const struct scene *scene, const struct options *options, FILE *out)
{
	put_head(scene, out);
	if (options->quality)
		put_quality(scene, out);
	else if (options->tree)
		put_tree(scene, options->top, out);
	else
		put_functions(scene, options->top, out);
	put_counters(scene, out);
}

/*
 * A cell of comma-separated values.  Spreadsheets take what begins like a
 * formula for one, so such a name gets a quote in front.
 */
static void put_csv(FILE *out, const char *text)
{
	struct strbuf cell = STRBUF_INIT;

	fputc('"', out);
	if (*text && strchr("=+-@", *text))
		fputc('\'', out);
	text_sanitize(&cell, text, strlen(text));
	for (const char *c = cell.text; *c; c++) {
		if (*c == '"')
			fputc('"', out);
		fputc(*c, out);
	}
	fputc('"', out);
	strbuf_release(&cell);
}

/* Percent in ten-thousandths, with the point whatever the locale. */
static void put_csv_amount(FILE *out, const struct amount *part, const struct amount *whole)
{
	unsigned long share = (unsigned long)(report_percent(part, whole) * 10000 + 0.5);

	fprintf(out, ",%llu,%llu,%lu.%04lu", (unsigned long long)part->samples,
		(unsigned long long)part->weight, share / 10000, share % 10000);
}

static void put_csv_row(const struct scene *scene, const struct row *row, FILE *out)
{
	const struct profile *profile = scene->profile;
	binary_id binary = profile->function.at[row->function].binary;

	put_csv(out, function_shown_name(profile, row->function));
	fputc(',', out);
	put_csv(out, profile_string(profile, profile->binary.at[binary].path));
	put_csv_amount(out, &row->self, &row->whole);
	put_csv_amount(out, &row->total, &row->whole);
	fputs("\r\n", out);
}

static const char csv_titles[] = "function,binary,self_samples,self_weight,self_percent,"
				 "total_samples,total_weight,total_percent\r\n";

static void put_csv_functions(const struct scene *scene, size_t top, FILE *out)
{
	struct report_rows rows = { 0 };

	report_rows_functions(&rows, scene, top);
	fputs(csv_titles, out);
	for (size_t i = 0; i < rows.function.len; i++)
		put_csv_row(scene, &rows.function.at[i], out);
	report_rows_release(&rows);
}

static void put_csv_tree(const struct scene *scene, size_t top, FILE *out)
{
	struct report_rows rows = { 0 };

	report_rows_tree(&rows, scene, 0, top);
	fprintf(out, "id,parent,depth,%s", csv_titles);
	for (size_t i = 0; i < rows.node.len; i++) {
		const struct report_node *node = &rows.node.at[i];
		struct row row = report_rows_row(scene, node->node);

		fprintf(out, "%u,", node->node);
		if (node->depth)
			fprintf(out, "%u", scene->calls->parent[node->node]);
		fprintf(out, ",%u,", node->depth);
		put_csv_row(scene, &row, out);
	}
	report_rows_release(&rows);
}

static void put_csv_quality(const struct scene *scene, FILE *out)
{
	struct findings findings = { 0 };

	findings_collect(&findings, scene);
	fputs("section,text,samples,percent\r\n", out);
	for (size_t i = 0; i < findings.finding.len; i++) {
		const struct finding *finding = &findings.finding.at[i];
		struct amount part = { .samples = finding->part };
		struct amount whole = { .samples = finding->whole };
		unsigned long share = (unsigned long)(report_percent(&part, &whole) * 10000 + 0.5);

		if (finding->kind == FINDING_HEADING)
			continue;
		fprintf(out, "%s,", finding->section);
		put_csv(out, finding->text);
		if (finding->kind == FINDING_SHARE)
			fprintf(out, ",%llu,%lu.%04lu\r\n", (unsigned long long)finding->part,
				share / 10000, share % 10000);
		else
			fputs(",,\r\n", out);
	}
	findings_release(&findings);
}

bool report_print(const struct scene *scene, const struct options *options, FILE *out,
		  struct error *error)
{
	errno = 0;
	if (options->form == REPORT_JSON)
		report_json(scene, options, out);
	else if (options->form == REPORT_TEXT)
		put_text(scene, options, out);
	else if (options->quality)
		put_csv_quality(scene, out);
	else if (options->tree)
		put_csv_tree(scene, options->top, out);
	else
		put_csv_functions(scene, options->top, out);
	if (!fflush(out) && !ferror(out))
		return true;
	return error_set(error, errno ? errno : EIO, "can't write the report: %s",
			 strerror(errno ? errno : EIO));
}
