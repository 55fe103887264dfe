#include "ui/report_json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ui/report_rows.h"
#include "view/findings.h"

/*
 * The object is written member by member and its arrays element by
 * element: as one value in memory, it would take a hundred times the
 * nodes of a call tree.  All but ASCII is escaped, so that it is safe to
 * look at in a terminal.
 */
enum { JSON_FLAGS = JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ENCODE_ANY | JSON_REAL_PRECISION(8) };

/* Takes the value. */
static void put_value(FILE *out, json_t *value)
{
	char *text = json_dumps(value, JSON_FLAGS);

	if (text)
		fputs(text, out);
	free(text);
	json_decref(value);
}

static void put_member(FILE *out, const char *name, json_t *value)
{
	fprintf(out, ",\n\"%s\":", name);
	put_value(out, value);
}

static json_t *text_of(const char *text)
{
	struct strbuf valid = STRBUF_INIT;
	json_t *value;

	text_repair(&valid, text, strlen(text));
	value = json_stringn(valid.text, valid.len);
	strbuf_release(&valid);
	return value;
}

static json_t *text_or_null(const char *text)
{
	return *text ? text_of(text) : json_null();
}

/* JSON's own numbers have no end, those of its readers do. */
static json_t *number_of(uint64_t value)
{
	return json_integer(value <= INT64_MAX ? (json_int_t)value : INT64_MAX);
}

static json_t *amount_of(const struct amount *part, const struct amount *whole)
{
	return json_pack("{s:o,s:o,s:f}",
			 "samples", number_of(part->samples),
			 "weight", number_of(part->weight),
			 "percent", report_percent(part, whole));
}

static metric_id metric_of(const struct scene *scene)
{
	metric_id metric = scene->query.metric ? scene->query.metric : 1;

	return metric < scene->profile->metric.len ? metric : 0;
}

static void put_target(const struct scene *scene, FILE *out)
{
	const struct status *status = &scene->status;

	put_member(out, "target", json_pack("{s:o,s:o,s:o,s:o}",
		   "name", text_of(status->target),
		   "state", text_of(status->state),
		   "processes", number_of(status->processes),
		   "threads", number_of(status->threads)));
}

static void put_event(const struct scene *scene, FILE *out)
{
	const struct status *status = &scene->status;
	const struct profile *profile = scene->profile;
	const char *metric = profile_string(profile, profile->metric.at[metric_of(scene)].name);

	put_member(out, "event", json_pack("{s:o,s:o,s:o,s:o}",
		   "name", text_of(*status->event ? status->event : metric),
		   "frequency", number_of(status->frequency),
		   "backend", text_of(status->backend),
		   "call_graph", text_of(status->call_graph)));
}

static void put_amounts(const struct scene *scene, FILE *out)
{
	const struct profile *profile = scene->profile;
	struct amount whole = scene->calls->count ? scene->calls->total[0] : (struct amount){ 0 };

	put_member(out, "duration_ns", number_of(scene->status.duration));
	put_member(out, "samples", number_of(whole.samples));
	put_member(out, "weight", json_pack("{s:s,s:o}",
		   "unit", unit_name(profile->metric.at[metric_of(scene)].unit),
		   "total", number_of(whole.weight)));
	put_member(out, "lost", number_of(profile->lost));
	put_member(out, "throttled", number_of(profile->throttled));
}

static void put_stacks(const struct scene *scene, FILE *out)
{
	const struct quality *q = scene->quality;
	json_t *reasons = json_object();

	/* Names alone do not tell how they were found. */
	if (scene->status.is_file) {
		put_member(out, "stacks", json_pack("{s:n,s:n,s:n,s:n,s:o}", "complete",
			   "frame_pointer", "truncated", "guessed", "reasons", reasons));
		return;
	}
	for (int i = 0; i < TRUNCATIONS; i++)
		json_object_set_new(reasons, truncation_name((enum truncation)i),
				    number_of(q->reason[i]));
	put_member(out, "stacks", json_pack("{s:o,s:o,s:o,s:o,s:o}",
		   "complete", number_of(q->complete),
		   "frame_pointer", number_of(q->frame_pointer),
		   "truncated", number_of(q->truncated),
		   "guessed", number_of(q->guessed),
		   "reasons", reasons));
}

/* The code that truncated stacks end in. */
static json_t *stops_of(const struct scene *scene)
{
	const struct profile *profile = scene->profile;
	const struct quality *q = scene->quality;
	json_t *stops = json_array();

	for (size_t i = 0; i < q->stop.len; i++) {
		const struct quality_stop *stop = &q->stop.at[i];
		json_t *reasons = json_object();

		for (int k = 0; stop->samples && k < TRUNCATIONS; k++)
			if (stop->reason[k])
				json_object_set_new(reasons, truncation_name((enum truncation)k),
						    number_of(stop->reason[k]));
		if (!stop->samples) {
			json_decref(reasons);
			continue;
		}
		json_array_append_new(stops, json_pack("{s:o,s:o,s:o,s:o}",
			"binary", text_of(profile_string(profile, profile->binary.at[i].path)),
			"process", text_or_null(profile_string(profile, stop->process)),
			"truncated", number_of(stop->samples),
			"reasons", reasons));
	}
	return stops;
}

static json_t *cpus_of(const struct profile *profile)
{
	json_t *cpus = json_array();

	for (size_t i = 0; i < profile->cpu.len; i++)
		if (profile->cpu.at[i].lost || profile->cpu.at[i].throttled)
			json_array_append_new(cpus, json_pack("{s:o,s:o,s:o}",
				"cpu", number_of(i),
				"lost", number_of(profile->cpu.at[i].lost),
				"throttled", number_of(profile->cpu.at[i].throttled)));
	return cpus;
}

static json_t *advice_of(const struct scene *scene)
{
	struct findings findings = { 0 };
	json_t *advice = json_array();

	findings_collect(&findings, scene);
	for (size_t i = 0; i < findings.finding.len; i++)
		if (findings.finding.at[i].kind == FINDING_ADVICE)
			json_array_append_new(advice, text_of(findings.finding.at[i].text));
	findings_release(&findings);
	return advice;
}

static void put_quality(const struct scene *scene, FILE *out)
{
	const struct unwind_facts *unwind = &scene->status.unwind;

	put_member(out, "quality", json_pack("{s:o,s:o,s:o,s:o}",
		   "binaries", stops_of(scene),
		   "cpus", cpus_of(scene->profile),
		   "unwinding", json_pack("{s:o,s:o,s:o,s:o,s:o}",
			"binaries", number_of(unwind->binaries),
			"waiting", number_of(unwind->waiting),
			"failed", number_of(unwind->failed),
			"rows", number_of(unwind->rows),
			"bytes", number_of(unwind->bytes)),
		   "advice", advice_of(scene)));
}

static json_t *function_of(const struct scene *scene, const struct row *row)
{
	const struct profile *profile = scene->profile;
	binary_id binary = profile->function.at[row->function].binary;

	return json_pack("{s:I,s:o,s:o,s:o,s:o}",
			 "id", (json_int_t)row->function,
			 "name", text_of(function_shown_name(profile, row->function)),
			 "binary",
			 text_of(profile_string(profile, profile->binary.at[binary].path)),
			 "self", amount_of(&row->self, &row->whole),
			 "total", amount_of(&row->total, &row->whole));
}

static void put_functions(const struct scene *scene, size_t top, FILE *out)
{
	struct report_rows rows = { 0 };

	report_rows_functions(&rows, scene, top);
	fputs(",\n\"functions\":[", out);
	for (size_t i = 0; i < rows.function.len; i++) {
		fputs(i ? ",\n" : "\n", out);
		put_value(out, function_of(scene, &rows.function.at[i]));
	}
	fputs("]", out);
	report_rows_release(&rows);
}

/* Why stacks are truncated below the node, null: it is a function. */
static json_t *truncation_of(const struct profile *profile, function_id function)
{
	if (!(function_flags(profile, function) & FUNCTION_TRUNCATED))
		return json_null();
	return text_of(truncation_name(truncation_find(profile_function_name(profile,
									      function))));
}

static json_t *node_of(const struct scene *scene, const struct report_node *node)
{
	struct row row = report_rows_row(scene, node->node);
	json_t *truncated = truncation_of(scene->profile, row.function);

	return json_pack("{s:I,s:o,s:o,s:o,s:b,s:b,s:o,s:o}",
			 "id", (json_int_t)node->node,
			 "parent",
			 node->depth ? number_of(scene->calls->parent[node->node]) : json_null(),
			 "function",
			 json_is_null(truncated) ? number_of(row.function) : json_null(),
			 "truncated", truncated,
			 "inlined", (scene->calls->entry[node->node] & ENTRY_INLINED) != 0,
			 "guessed", entry_is_guess(scene->calls->entry[node->node]),
			 "self", amount_of(&row.self, &row.whole),
			 "total", amount_of(&row.total, &row.whole));
}

static void put_tree(const struct scene *scene, size_t top, FILE *out)
{
	struct report_rows rows = { 0 };

	report_rows_tree(&rows, scene, 0, top);
	fputs(",\n\"tree\":[", out);
	for (size_t i = 0; i < rows.node.len; i++) {
		fputs(i ? ",\n" : "\n", out);
		put_value(out, node_of(scene, &rows.node.at[i]));
	}
	fputs("]", out);
	report_rows_release(&rows);
}

static void put_counters(const struct scene *scene, FILE *out)
{
	json_t *counters = json_object();

	for (size_t i = 0; i < scene->profile->series.len; i++) {
		const struct series *series = &scene->profile->series.at[i];

		json_object_set_new(counters, profile_string(scene->profile, series->name),
			json_pack("{s:o,s:s,s:b,s:b,s:o}",
				  "value",
				  series->supported ? number_of(series->value) : json_null(),
				  "unit", unit_name(series->unit),
				  "supported", series->supported,
				  "scaled", series->scaled,
				  "reason", text_or_null(profile_string(scene->profile,
									series->reason))));
	}
	put_member(out, "counters", counters);
}

static void put_overhead(const struct scene *scene, FILE *out)
{
	put_member(out, "overhead", json_pack("{s:f,s:o}",
		   "cpu_percent", (double)scene->status.own_cpu / 100,
		   "rss_bytes", number_of(scene->status.own_rss)));
}

static void put_notices(const struct scene *scene, FILE *out)
{
	json_t *notices = json_array();

	for (size_t i = 0; i < scene->status.notice.len; i++)
		json_array_append_new(notices, text_of(scene->status.notice.at[i]));
	put_member(out, "notices", notices);
}

void report_json(const struct scene *scene, const struct options *options, FILE *out)
{
	fputs("{\"format\":\"tprof-report\",\n\"version\":1", out);
	put_target(scene, out);
	put_event(scene, out);
	put_amounts(scene, out);
	put_stacks(scene, out);
	/* The nodes of a tree refer to the functions, so they must all be there. */
	put_functions(scene, options->tree ? 0 : options->top, out);
	if (options->tree)
		put_tree(scene, options->top, out);
	if (options->quality)
		put_quality(scene, out);
	put_counters(scene, out);
	put_overhead(scene, out);
	put_notices(scene, out);
	fputs("}\n", out);
}
