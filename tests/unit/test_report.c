#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/strbuf.h"
#include "base/xalloc.h"
#include "ui/report.h"

/* What each test starts from; its profile is 100 samples of 1 ms. */
struct setting {
	struct profile *profile;
	struct scene scene;
	struct options options;
};

static stack_id call(struct profile *profile, stack_id caller, const char *name, const char *binary)
{
	struct function function = {
		.name = profile_add_string(profile, name),
		.binary = profile_add_binary(profile, binary, "",
					     *binary == '[' ? BINARY_KERNEL : BINARY_FILE),
		.flags = *binary == '[' ? FUNCTION_KERNEL : 0,
	};
	struct frame frame = { profile_add_function(profile, &function), 0 };

	return profile_add_stack(profile, caller, profile_add_named_location(profile, frame));
}

static void sample(struct profile *profile, stack_id stack, uint64_t count)
{
	profile_add_sample(profile, &(struct sample){
		.weight = count * 1000000, .samples = count, .stack = stack });
}

static void add_counters(struct profile *profile)
{
	size_t clock = profile_add_series(profile, "task-clock", UNIT_NANOSECONDS, SERIES_TOTAL);
	size_t cycles = profile_add_series(profile, "cycles", UNIT_COUNT, SERIES_TOTAL);
	size_t misses = profile_add_series(profile, "cache-misses", UNIT_COUNT, SERIES_TOTAL);

	profile_add_point(profile, clock, 1, 99000000);
	profile_add_point(profile, misses, 1, 5000);
	profile->series.at[misses].scaled = true;
	profile->series.at[cycles].reason = profile_add_string(profile, "not supported here");
}

static int set_up(void **state)
{
	struct setting *setting = xcalloc(1, sizeof *setting);
	struct profile *profile = profile_new();
	stack_id start, parse, read;

	*state = setting;
	setting->profile = profile;
	profile_add_metric(profile, "cpu-clock", UNIT_NANOSECONDS);
	start = call(profile, 0, "main", "/usr/bin/prog");
	parse = call(profile, start, "parse(\"\033[31m\")", "/usr/bin/prog");
	read = call(profile, start, "=read\xff", "/usr/lib/libc.so.6");
	sample(profile, start, 9);
	sample(profile, parse, 50);
	sample(profile, call(profile, parse, "parse(\"\033[31m\")", "/usr/bin/prog"), 20);
	sample(profile, call(profile, read, "sys_read", "[kernel]"), 18);
	sample(profile, read, 1);
	sample(profile, 0, 2);
	profile->lost = 3;
	add_counters(profile);
	profile_seal(profile, 1000);

	scene_init(&setting->scene);
	setting->scene.status = (struct status){
		.target = "PID 42 prog\n", .state = "running", .event = "cpu-clock",
		.backend = "perf, per CPU", .frequency = 999, .cpus = 2, .processes = 1,
		.threads = 4, .duration = 500000000, .own_cpu = 123, .own_rss = 20 << 20,
	};
	array_push(&setting->scene.status.notice, xstrdup("kernel frames are not permitted"));
	scene_update(&setting->scene, profile);
	return 0;
}

static int tear_down(void **state)
{
	struct setting *setting = *state;

	scene_release(&setting->scene);
	profile_free(setting->profile);
	xfree(setting);
	return 0;
}

static char *print(struct setting *setting)
{
	struct error error = { 0 };
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_true(report_print(&setting->scene, &setting->options, out, &error));
	fclose(out);
	return text;
}

static void assert_printed(struct setting *setting, const char *expected)
{
	char *text = print(setting);

	assert_string_equal(text, expected);
	free(text);
}

#define HEAD \
	"# target    PID 42 prog\xef\xbf\xbd, running\n" \
	"# event     cpu-clock, 999 Hz, perf, per CPU, 2 CPUs\n" \
	"# duration  500 ms\n" \
	"# samples   100 (100 ms), 3 lost\n" \
	"# stacks    %s\n" \
	"# tprof     1.23% of a CPU, 20.0 MiB\n" \
	"# note      kernel frames are not permitted\n" \
	"#\n"

#define COUNTERS \
	"#\n# counters\n" \
	"#              99.0 ms  task-clock\n" \
	"#                    -  cycles: not supported here\n" \
	"#                5,000  cache-misses, 10.0k a second, scaled: counted part of the time\n"

/* Of the head, the line of stacks is the business of another test. */
static char *without_stacks(char *text)
{
	char *from = strstr(text, "# stacks    ") + strlen("# stacks    ");
	char *to = strchr(from, '\n');

	memmove(from + 2, to, strlen(to) + 1);
	memcpy(from, "%s", 2);
	return text;
}

static void test_functions(void **state)
{
	char *text = without_stacks(print(*state));

	assert_string_equal(text,
		HEAD
		"#     Self     Total  Function        Binary\n"
		"#\n"
		"    70.00%    70.00%  parse(\"\xef\xbf\xbd[31m\")  prog\n"
		"    18.00%    18.00%  sys_read        [kernel]\n"
		"     9.00%    98.00%  main            prog\n"
		"     2.00%     2.00%  [unknown]\n"
		"     1.00%    19.00%  =read\xef\xbf\xbd          libc.so.6\n"
		COUNTERS);
	free(text);
}

static void test_top(void **state)
{
	struct setting *setting = *state;
	char *text;

	setting->options.top = 2;
	text = print(setting);
	assert_non_null(strstr(text, "sys_read"));
	assert_null(strstr(text, "main"));
	assert_non_null(strstr(text, "# 3 more functions; --top=N"));
	free(text);
}

static void test_tree(void **state)
{
	struct setting *setting = *state;
	char *text;

	setting->options.tree = true;
	text = without_stacks(print(setting));
	assert_string_equal(text,
		HEAD
		"#    Total      Self  Function\n"
		"#\n"
		"    98.00%     9.00%  main\n"
		"    70.00%    50.00%    parse(\"\xef\xbf\xbd[31m\")\n"
		"    20.00%    20.00%      parse(\"\xef\xbf\xbd[31m\")\n"
		"    19.00%     1.00%    =read\xef\xbf\xbd\n"
		"    18.00%    18.00%      sys_read [k]\n"
		"     2.00%     2.00%  [unknown]\n"
		COUNTERS);
	free(text);
	setting->options.top = 3;
	text = print(setting);
	assert_null(strstr(text, "sys_read"));
	assert_non_null(strstr(text, "# 3 more; --top=N"));
	free(text);
}

static void test_small_paths_are_left_out(void **state)
{
	struct setting *setting = *state;
	char *text;

	sample(setting->profile, 1, 10000);
	profile_seal(setting->profile, 2000);
	scene_update(&setting->scene, setting->profile);
	setting->options.tree = true;
	text = print(setting);
	assert_null(strstr(text, "sys_read"));
	assert_non_null(strstr(text, "parse"));
	assert_non_null(strstr(text, "# 4 more, each below 0.5 %"));
	free(text);
}

/* Where a word stands, on the line that it is on. */
static size_t column_of(const char *text, const char *word)
{
	const char *at = strstr(text, word), *line = at;

	assert_non_null(at);
	while (line > text && line[-1] != '\n')
		line--;
	return (size_t)(at - line);
}

static void test_long_names(void **state)
{
	static const char name[] = "std::map<std::string, std::vector<int>>::insert_or_assign_with"
				   "_hint(std::string const&, std::vector<int>&&)";
	struct setting *setting = *state;
	char *text;

	sample(setting->profile, call(setting->profile, 0, name, "/usr/bin/long"), 2);
	profile_seal(setting->profile, 2000);
	scene_update(&setting->scene, setting->profile);
	text = print(setting);
	assert_null(strstr(text, name));
	assert_int_equal(column_of(text, "Binary"), column_of(text, "[kernel]"));
	/* An ellipsis is one column of three bytes. */
	assert_int_equal(column_of(text, "Binary") + 2, column_of(text, "long\n"));
	free(text);
	setting->options.form = REPORT_CSV;
	text = print(setting);
	assert_non_null(strstr(text, name));
	free(text);
}

static void test_missing_counters(void **state)
{
	struct setting *setting = *state;
	struct profile *profile = setting->profile;
	string_id reason = profile->series.at[1].reason;
	char *text;

	profile->series.at[profile_add_series(profile, "branches", UNIT_COUNT, SERIES_TOTAL)]
		.reason = reason;
	profile_add_series(profile, "rss", UNIT_BYTES, SERIES_LEVEL);
	text = print(setting);
	assert_non_null(strstr(text, "  -  cycles, branches: not supported here\n"));
	assert_non_null(strstr(text, "  -  rss: not supported here\n"));
	assert_null(strstr(text, "  -  branches"));
	free(text);
}

static void test_stacks_in_words(void **state)
{
	struct setting *setting = *state;
	struct quality *quality = setting->scene.quality;
	char *text;

	quality->complete = 10;
	quality->frame_pointer = 60;
	quality->truncated = 30;
	quality->guessed = 2;
	memset(quality->reason, 0, sizeof quality->reason);
	quality->reason[TRUNCATED_NO_FRAME_POINTER] = 20;
	quality->reason[TRUNCATED_NOT_NAMED] = 10;
	text = print(setting);
	assert_non_null(strstr(text, "# stacks    10.00% complete, 60.00% by frame pointer, "
			       "30.00% truncated (20.00% no-frame-pointer, 10.00% not-named), "
			       "2.00% with a guessed frame\n"));
	free(text);
}

static void test_few_samples(void **state)
{
	struct setting *setting = *state;
	struct error error = { 0 };
	char *text = print(setting);

	assert_null(strstr(text, "few"));
	free(text);
	assert_true(query_set_keep(&setting->scene.query, "sys_read", &error));
	scene_update(&setting->scene, setting->profile);
	text = print(setting);
	assert_non_null(strstr(text, "# samples   18, few: the shares are rough (18.0 ms) of 100"));
	free(text);
}

static void test_quality_view(void **state)
{
	struct setting *setting = *state;
	char *text;

	setting->options.quality = true;
	profile_add_losses(setting->profile, 5, (struct cpu_losses){ .lost = 2, .throttled = 4 });
	text = print(setting);
	assert_non_null(strstr(text, "# How stacks ended\n#\n"
			       "     0.00%             0  complete\n"));
	assert_non_null(strstr(text, "             2    on CPU 5\n"));
	assert_non_null(strstr(text, "  - samples were lost: take fewer"));
	assert_null(strstr(text, "Function"));
	free(text);
	setting->options.form = REPORT_CSV;
	text = print(setting);
	assert_int_equal(strncmp(text, "section,text,samples,percent\r\n"
				 "stacks,\"complete\",0,0.0000\r\n", 58), 0);
	assert_non_null(strstr(text, "reasons,\"no frame pointer\",98,98.0000\r\n"));
	assert_non_null(strstr(text, "advice,\"samples were lost"));
	free(text);
}

static void test_csv(void **state)
{
	struct setting *setting = *state;

	setting->options.form = REPORT_CSV;
	assert_printed(setting,
		"function,binary,self_samples,self_weight,self_percent,"
		"total_samples,total_weight,total_percent\r\n"
		"\"parse(\"\"\xef\xbf\xbd[31m\"\")\",\"/usr/bin/prog\","
		"70,70000000,70.0000,70,70000000,70.0000\r\n"
		"\"sys_read\",\"[kernel]\",18,18000000,18.0000,18,18000000,18.0000\r\n"
		"\"main\",\"/usr/bin/prog\",9,9000000,9.0000,98,98000000,98.0000\r\n"
		"\"[unknown]\",\"\",2,2000000,2.0000,2,2000000,2.0000\r\n"
		"\"'=read\xef\xbf\xbd\",\"/usr/lib/libc.so.6\","
		"1,1000000,1.0000,19,19000000,19.0000\r\n");
	setting->options.tree = true;
	setting->options.top = 2;
	assert_printed(setting,
		"id,parent,depth,function,binary,self_samples,self_weight,self_percent,"
		"total_samples,total_weight,total_percent\r\n"
		"1,,0,\"main\",\"/usr/bin/prog\",9,9000000,9.0000,98,98000000,98.0000\r\n"
		"2,1,1,\"parse(\"\"\xef\xbf\xbd[31m\"\")\",\"/usr/bin/prog\","
		"50,50000000,50.0000,70,70000000,70.0000\r\n");
}

static json_t *print_json(struct setting *setting)
{
	json_error_t error;
	char *text;
	json_t *report;

	setting->options.form = REPORT_JSON;
	text = print(setting);
	for (const char *c = text; *c; c++)
		assert_true(*c == '\n' || (*c >= 0x20 && *c < 0x7f));
	report = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	assert_string_equal(error.text, "");
	assert_non_null(report);
	free(text);
	return report;
}

static const json_t *member(const json_t *value, const char *path)
{
	char key[32];

	while (value && *path) {
		size_t len = strcspn(path, ".");

		snprintf(key, sizeof key, "%.*s", (int)len, path);
		value = json_is_array(value) ? json_array_get(value, (size_t)strtoul(key, NULL, 10))
					     : json_object_get(value, key);
		path += len + (path[len] == '.');
	}
	return value;
}

static void test_json(void **state)
{
	static const struct { const char *path; long long value; } numbers[] = {
		{ "version", 1 },
		{ "target.processes", 1 },
		{ "target.threads", 4 },
		{ "event.frequency", 999 },
		{ "duration_ns", 500000000 },
		{ "samples", 100 },
		{ "weight.total", 100000000 },
		{ "lost", 3 },
		{ "throttled", 0 },
		{ "stacks.complete", 0 },
		{ "functions.0.self.samples", 70 },
		{ "functions.0.self.weight", 70000000 },
		{ "functions.0.self.percent", 70 },
		{ "functions.2.total.percent", 98 },
		{ "functions.3.id", 0 },
		{ "counters.task-clock.value", 99000000 },
		{ "overhead.rss_bytes", 20 << 20 },
	};
	static const struct { const char *path, *value; } texts[] = {
		{ "format", "tprof-report" },
		{ "target.name", "PID 42 prog\n" },
		{ "target.state", "running" },
		{ "event.name", "cpu-clock" },
		{ "event.backend", "perf, per CPU" },
		{ "weight.unit", "ns" },
		{ "functions.0.name", "parse(\"\033[31m\")" },
		{ "functions.0.binary", "/usr/bin/prog" },
		{ "functions.3.name", "[unknown]" },
		{ "functions.4.name", "=read\xef\xbf\xbd" },
		{ "counters.task-clock.unit", "ns" },
		{ "counters.cycles.reason", "not supported here" },
		{ "notices.0", "kernel frames are not permitted" },
	};
	json_t *report = print_json(*state);

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		assert_true(json_number_value(member(report, numbers[i].path)) ==
			    (double)numbers[i].value);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_string_equal(json_string_value(member(report, texts[i].path)),
				    texts[i].value);
	assert_true(json_is_false(member(report, "counters.cycles.supported")));
	assert_true(json_is_null(member(report, "counters.cycles.value")));
	assert_true(json_is_null(member(report, "counters.task-clock.reason")));
	assert_true(json_is_true(member(report, "counters.cache-misses.scaled")));
	assert_true(json_real_value(member(report, "overhead.cpu_percent")) == 1.23);
	assert_null(member(report, "tree"));
	json_decref(report);
}

/* What a file does not tell is not made up. */
static void test_file(void **state)
{
	struct setting *setting = *state;
	json_t *report;
	char *text;

	setting->scene.status.is_file = true;
	setting->scene.status.duration = 0;
	text = print(setting);
	assert_non_null(strstr(text, "# stacks    not known how they end\n"));
	assert_null(strstr(text, "# duration"));
	free(text);
	report = print_json(setting);
	assert_true(json_is_null(member(report, "stacks.complete")));
	assert_true(json_is_null(member(report, "stacks.frame_pointer")));
	assert_true(json_is_null(member(report, "stacks.truncated")));
	assert_int_equal(json_object_size(member(report, "stacks.reasons")), 0);
	assert_int_equal(json_integer_value(member(report, "duration_ns")), 0);
	json_decref(report);
}

/* There is no rate where all are taken. */
static void test_each_event(void **state)
{
	struct setting *setting = *state;
	char *text;

	setting->scene.status.frequency = 0;
	text = print(setting);
	assert_non_null(strstr(text, "# event     cpu-clock, each one, perf"));
	free(text);
}

/* A mean is over the time up to the last reading, not up to now. */
static void test_means_of_counters(void **state)
{
	struct setting *setting = *state;
	char *text;

	setting->scene.status.counted = 250000000;
	text = print(setting);
	assert_non_null(strstr(text, "5,000  cache-misses, 20.0k a second"));
	free(text);
}

static void test_json_quality(void **state)
{
	struct setting *setting = *state;
	const json_t *cpu;
	json_t *report;

	report = print_json(setting);
	assert_null(member(report, "quality"));
	json_decref(report);
	setting->options.quality = true;
	setting->scene.status.unwind = (struct unwind_facts){ 3, 2, 1, 70, 800 };
	profile_add_losses(setting->profile, 5, (struct cpu_losses){ .lost = 2, .throttled = 4 });
	report = print_json(setting);
	assert_int_equal(json_array_size(member(report, "quality.cpus")), 1);
	cpu = json_array_get(member(report, "quality.cpus"), 0);
	assert_int_equal(json_integer_value(member(cpu, "cpu")), 5);
	assert_int_equal(json_integer_value(member(cpu, "lost")), 2);
	assert_int_equal(json_integer_value(member(cpu, "throttled")), 4);
	assert_int_equal(json_integer_value(member(report, "quality.unwinding.rows")), 70);
	assert_int_equal(json_integer_value(member(report, "quality.unwinding.failed")), 1);
	assert_int_equal(json_array_size(member(report, "quality.binaries")), 2);
	assert_true(json_array_size(member(report, "quality.advice")) >= 2);
	json_decref(report);
}

static void test_json_tree(void **state)
{
	struct setting *setting = *state;
	const json_t *tree, *functions;
	json_t *report;
	uint64_t sum = 0;

	setting->options.tree = true;
	report = print_json(setting);
	tree = member(report, "tree");
	functions = member(report, "functions");
	assert_int_equal(json_array_size(tree), 6);
	for (size_t i = 0; i < json_array_size(tree); i++) {
		const json_t *node = json_array_get(tree, i), *parent = member(node, "parent");
		bool found = json_is_null(parent);

		for (size_t j = 0; j < i; j++)
			found = found || json_equal(member(json_array_get(tree, j), "id"), parent);
		assert_true(found);
		found = false;
		for (size_t j = 0; j < json_array_size(functions); j++)
			found = found || json_equal(member(json_array_get(functions, j), "id"),
						    member(node, "function"));
		assert_true(found);
		assert_true(json_is_false(member(node, "inlined")));
		assert_true(json_is_false(member(node, "guessed")));
		sum += (uint64_t)json_integer_value(member(node, "self.samples"));
	}
	assert_int_equal(sum, 100);
	json_decref(report);
}

/* Guesses are marked, and what stands above truncated stacks is no function. */
static void test_guessed_and_truncated(void **state)
{
	struct setting setting = { .profile = profile_new() };
	struct profile *profile = setting.profile;
	stack_id f = call(profile, 0, "f", "/usr/bin/prog"), cut;
	location_id guess = profile_add_guessed_location(profile, 1, 4096);
	size_t functions = profile->function.len;
	json_t *report;
	const json_t *tree;
	char *text;

	(void)state;
	profile_set_frames(profile, guess, &profile->frame.at[profile->location.at[
			profile->stack.at[f].location].first_frame], 1);
	cut = profile_add_stack(profile, 0, profile_truncation(profile, TRUNCATED_NO_MAPPING));
	cut = profile_add_stack(profile, cut, guess);
	profile_add_sample(profile, &(struct sample){ .weight = 5, .samples = 5, .stack = cut,
						      .end = STACK_TRUNCATED });
	profile_seal(profile, 1000);
	scene_init(&setting.scene);
	scene_update(&setting.scene, profile);
	text = print(&setting);
	assert_null(strstr(text, "[truncated"));
	free(text);
	setting.options.tree = true;
	text = print(&setting);
	assert_non_null(strstr(text, "100.0%     0.00%  [truncated: no mapping]\n"));
	assert_non_null(strstr(text, "100.0%    100.0%    ?f\n"));
	free(text);
	report = print_json(&setting);
	tree = member(report, "tree");
	assert_int_equal(json_array_size(member(report, "functions")), 1);
	assert_int_equal(json_array_size(tree), 2);
	assert_true(json_is_null(member(json_array_get(tree, 0), "function")));
	assert_string_equal(json_string_value(member(json_array_get(tree, 0), "truncated")),
			    "no-mapping");
	assert_true(json_is_false(member(json_array_get(tree, 0), "guessed")));
	assert_true(json_is_null(member(json_array_get(tree, 1), "truncated")));
	assert_true(json_is_true(member(json_array_get(tree, 1), "guessed")));
	assert_true((size_t)json_integer_value(member(json_array_get(tree, 1), "function")) <
		    functions);
	assert_int_equal(json_integer_value(member(report, "stacks.guessed")), 5);
	assert_int_equal(json_integer_value(member(report, "stacks.reasons.no-mapping")), 5);
	json_decref(report);
	/* What it has itself is in no function. */
	profile_add_sample(profile, &(struct sample){ .weight = 2, .samples = 2,
		.stack = profile->stack.at[cut].caller, .end = STACK_TRUNCATED });
	profile_seal(profile, 2000);
	scene_update(&setting.scene, profile);
	report = print_json(&setting);
	assert_int_equal(json_array_size(member(report, "functions")), 2);
	assert_int_equal(json_integer_value(member(json_array_get(member(report, "functions"), 1),
						   "self.samples")), 2);
	json_decref(report);
	scene_release(&setting.scene);
	profile_free(profile);
}

/* Text and JSON mark what the views do. */
static void test_inlined(void **state)
{
	struct setting setting = { .profile = profile_new() };
	struct profile *profile = setting.profile;
	stack_id outer = call(profile, 0, "outer", "/usr/bin/prog");
	stack_id inner = call(profile, outer, "inner", "/usr/bin/prog");
	location_id place = profile_add_location(profile, 1, 4096);
	struct frame frames[2] = {
		{ profile->frame.at[profile->location.at[
			profile->stack.at[inner].location].first_frame].function, 0 },
		{ profile->frame.at[profile->location.at[
			profile->stack.at[outer].location].first_frame].function, 0 },
	};
	json_t *report;
	char *text;

	(void)state;
	sample(profile, profile_add_stack(profile, 0, place), 5);
	profile_set_frames(profile, place, frames, 2);
	profile_seal(profile, 1000);
	scene_init(&setting.scene);
	scene_update(&setting.scene, profile);
	setting.options.tree = true;
	text = print(&setting);
	assert_non_null(strstr(text, "  outer\n"));
	assert_non_null(strstr(text, "  inner  (inlined in part)\n"));
	free(text);
	report = print_json(&setting);
	assert_int_equal(json_array_size(member(report, "tree")), 2);
	for (size_t i = 0; i < 2; i++) {
		const json_t *node = json_array_get(member(report, "tree"), i);

		assert_int_equal(json_is_true(member(node, "inlined")),
				 !json_is_null(member(node, "parent")));
	}
	json_decref(report);
	scene_release(&setting.scene);
	profile_free(profile);
}

static void test_empty(void **state)
{
	struct setting empty = { .profile = profile_new() };
	json_t *report;
	char *text;

	(void)state;
	profile_seal(empty.profile, 1);
	scene_init(&empty.scene);
	scene_update(&empty.scene, empty.profile);
	text = print(&empty);
	assert_non_null(strstr(text, "# samples   0, 0 lost\n"));
	assert_non_null(strstr(text, "# stacks    none\n"));
	free(text);
	empty.options.tree = true;
	text = print(&empty);
	assert_non_null(strstr(text, "# samples   0"));
	free(text);
	report = print_json(&empty);
	assert_int_equal(json_array_size(member(report, "functions")), 0);
	assert_int_equal(json_array_size(member(report, "tree")), 0);
	json_decref(report);
	scene_release(&empty.scene);
	profile_free(empty.profile);
}

static void test_full_disk(void **state)
{
	struct setting *setting = *state;
	FILE *full = fopen("/dev/full", "w");
	struct error error;

	assert_false(report_print(&setting->scene, &setting->options, full, &error));
	assert_int_equal(error.code, ENOSPC);
	fclose(full);
}

#define WITH_PROFILE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_PROFILE(test_functions),
		WITH_PROFILE(test_top),
		WITH_PROFILE(test_tree),
		WITH_PROFILE(test_small_paths_are_left_out),
		WITH_PROFILE(test_long_names),
		WITH_PROFILE(test_missing_counters),
		WITH_PROFILE(test_stacks_in_words),
		WITH_PROFILE(test_quality_view),
		WITH_PROFILE(test_json_quality),
		WITH_PROFILE(test_few_samples),
		WITH_PROFILE(test_csv),
		WITH_PROFILE(test_json),
		WITH_PROFILE(test_json_tree),
		cmocka_unit_test(test_inlined),
		cmocka_unit_test(test_guessed_and_truncated),
		WITH_PROFILE(test_file),
		WITH_PROFILE(test_means_of_counters),
		WITH_PROFILE(test_each_event),
		cmocka_unit_test(test_empty),
		WITH_PROFILE(test_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
