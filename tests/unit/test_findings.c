#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scenery.h"
#include "view/findings.h"

/* The words of all lines of a kind. */
static void collect(const struct scene *scene, enum finding_kind kind, struct strbuf *out)
{
	struct findings findings = { 0 };

	findings_collect(&findings, scene);
	strbuf_clear(out);
	for (size_t i = 0; i < findings.finding.len; i++)
		if (findings.finding.at[i].kind == kind)
			strbuf_addf(out, "%s\n", findings.finding.at[i].text);
	findings_release(&findings);
}

static uint64_t part_of(const struct scene *scene, const char *section, const char *text)
{
	struct findings findings = { 0 };
	uint64_t part = UINT64_MAX;

	findings_collect(&findings, scene);
	for (size_t i = 0; i < findings.finding.len; i++) {
		const struct finding *finding = &findings.finding.at[i];

		if (finding->kind == FINDING_SHARE && !strcmp(finding->section, section) &&
		    !strcmp(finding->text, text))
			part = finding->part;
	}
	findings_release(&findings);
	return part;
}

static void test_shares(void **state)
{
	struct profile *profile = scenery_truncated();
	struct scene scene;

	(void)state;
	scenery_look(&scene, profile);
	profile_add_losses(profile, 7, (struct cpu_losses){ .lost = 5 });
	assert_int_equal(part_of(&scene, "stacks", "complete"), 960);
	assert_int_equal(part_of(&scene, "stacks", "by frame pointer"), 40);
	assert_int_equal(part_of(&scene, "stacks", "truncated"), 266);
	assert_int_equal(part_of(&scene, "stacks", "with a guessed frame"), 925);
	assert_int_equal(part_of(&scene, "reasons", "no unwind information"), 200);
	assert_int_equal(part_of(&scene, "reasons", "no frame pointer"), 30);
	assert_int_equal(part_of(&scene, "binaries", "libcrypto.so.3 in app"), 4);
	assert_int_equal(part_of(&scene, "lost", "lost"), 5);
	assert_int_equal(part_of(&scene, "lost", "on CPU 7"), 5);
	scene_release(&scene);
	profile_free(profile);
}

/* Each has something that can be done; nothing is said where nothing is wrong. */
static void test_advice(void **state)
{
	struct profile *profile = scenery_truncated();
	struct strbuf text = STRBUF_INIT;
	struct scene scene;

	(void)state;
	scenery_look(&scene, profile);
	collect(&scene, FINDING_ADVICE, &text);
	assert_non_null(strstr(text.text, "java: code made at run time"));
	assert_non_null(strstr(text.text, "-XX:+PreserveFramePointer\n"));
	assert_non_null(strstr(text.text, "app: built without frame pointers: build it with "
			       "-fno-omit-frame-pointer\n"));
	assert_non_null(strstr(text.text, "libcrypto.so.3: hand-written assembly"));
	assert_null(strstr(text.text, "were lost"));

	snprintf(scene.status.call_graph, sizeof scene.status.call_graph, "frame pointers");
	snprintf(scene.status.why, sizeof scene.status.why, "BPF is not allowed");
	profile_add_losses(profile, 0, (struct cpu_losses){ .lost = 1, .throttled = 1 });
	collect(&scene, FINDING_ADVICE, &text);
	assert_int_equal(strncmp(text.text, "BPF is not allowed\n", 19), 0);
	assert_non_null(strstr(text.text, "unwind information needs none (--call-graph=auto)\n"));
	assert_non_null(strstr(text.text, "kernel.perf_event_max_stack"));
	assert_non_null(strstr(text.text, "samples were lost: "));
	assert_non_null(strstr(text.text, "slowed sampling down"));
	scene_release(&scene);
	profile_free(profile);
	strbuf_release(&text);
}

/* Nobody is told to use what is used already. */
static void check_copies(enum truncation reason, const char *in_kernel)
{
	struct profile *profile = profile_new();
	struct strbuf text = STRBUF_INIT;
	struct scene scene;
	stack_id stack;

	scenery_add(profile, "_start;main", 1, 1);
	stack = profile_add_stack(profile, 0, profile_truncation(profile, reason));
	profile_add_sample(profile, &(struct sample){ .weight = 9, .samples = 9, .metric = 1,
		.stack = profile_add_stack(profile, stack, 1), .end = STACK_TRUNCATED });
	profile_seal(profile, 2);
	scenery_look(&scene, profile);
	collect(&scene, FINDING_ADVICE, &text);
	assert_non_null(strstr(text.text, "with CAP_BPF"));
	snprintf(scene.status.backend, sizeof scene.status.backend, "BPF");
	collect(&scene, FINDING_ADVICE, &text);
	assert_null(strstr(text.text, "CAP_BPF"));
	assert_non_null(strstr(text.text, in_kernel));
	scene_release(&scene);
	profile_free(profile);
	strbuf_release(&text);
}

static void test_copies(void **state)
{
	(void)state;
	check_copies(TRUNCATED_DUMP_TOO_SHORT, "being read");
	check_copies(TRUNCATED_UNREADABLE, "swapped out");
}

static void test_no_stacks(void **state)
{
	struct profile *profile = profile_new();
	struct strbuf text = STRBUF_INIT;
	struct scene scene;
	stack_id stack;

	(void)state;
	scenery_add(profile, "_start;main", 1, 1);
	stack = profile_add_stack(profile, 0, profile_truncation(profile, TRUNCATED_FRAME_LIMIT));
	profile_add_sample(profile, &(struct sample){ .weight = 9, .samples = 9, .metric = 1,
		.stack = profile_add_stack(profile, stack, 1), .end = STACK_TRUNCATED });
	profile_seal(profile, 2);
	scenery_look(&scene, profile);
	collect(&scene, FINDING_ADVICE, &text);
	assert_non_null(strstr(text.text, "deeper than what is recorded"));
	snprintf(scene.status.call_graph, sizeof scene.status.call_graph, "no stacks");
	collect(&scene, FINDING_ADVICE, &text);
	assert_null(strstr(text.text, "deeper"));
	assert_non_null(strstr(text.text, "leave out --call-graph=none"));
	scene_release(&scene);
	profile_free(profile);
	strbuf_release(&text);
}

static void test_every_reason(void **state)
{
	struct strbuf text = STRBUF_INIT;

	(void)state;
	for (int i = 0; i < TRUNCATIONS; i++) {
		struct profile *profile = scenery_one_function();
		struct quality_stop *stop;
		struct scene scene;

		scenery_look(&scene, profile);
		stop = &scene.quality->stop.at[1];
		*stop = (struct quality_stop){ .samples = 3 };
		stop->reason[i] = 3;
		scene.quality->truncated = 3;
		memset(scene.quality->reason, 0, sizeof scene.quality->reason);
		scene.quality->reason[i] = 3;
		collect(&scene, FINDING_ADVICE, &text);
		assert_int_equal(strncmp(text.text, "app: ", 5), 0);
		assert_ptr_equal(strchr(text.text, '\n'), text.text + text.len - 1);
		scene_release(&scene);
		profile_free(profile);
	}
	strbuf_release(&text);
}

static void test_nothing_wrong(void **state)
{
	struct profile *profile = profile_new();
	location_id location;
	struct strbuf text = STRBUF_INIT;
	struct scene scene;

	(void)state;
	scenery_add(profile, "_start;main", 100000, 1);
	profile_seal(profile, 2);
	scenery_look(&scene, profile);
	collect(&scene, FINDING_ADVICE, &text);
	assert_string_equal(text.text, "");
	collect(&scene, FINDING_FACT, &text);
	assert_non_null(strstr(text.text, "nothing: it is as good as it gets\n"));
	collect(&scene, FINDING_HEADING, &text);
	assert_non_null(strstr(text.text, "How stacks ended\n"));
	/* The screen says that it shows a part: this is not of that. */
	scene.query.threads.by = THREADS_OF_NAME;
	collect(&scene, FINDING_HEADING, &text);
	assert_non_null(strstr(text.text, "How all stacks ended\n"));
	scene_release(&scene);
	/* Nothing can be done about guesses, but it is not as good as it gets. */
	location = profile_add_guessed_location(profile, 0, 0x10);
	profile_add_sample(profile, &(struct sample){ .time = 1, .weight = 1000, .samples = 1000,
		.stack = profile_add_stack(profile, 0, location), .end = STACK_COMPLETE });
	profile_seal(profile, 3);
	scenery_look(&scene, profile);
	collect(&scene, FINDING_ADVICE, &text);
	assert_string_equal(text.text, "");
	collect(&scene, FINDING_FACT, &text);
	assert_null(strstr(text.text, "as good as it gets"));
	assert_non_null(strstr(text.text, "frames with a ?"));
	scene_release(&scene);
	profile_free(profile);
	strbuf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_advice),
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_no_stacks),
		cmocka_unit_test(test_every_reason),
		cmocka_unit_test(test_nothing_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
