#ifndef TPROF_FUZZ_GROWTH_H
#define TPROF_FUZZ_GROWTH_H

/*
 * What a measured program does to a profile, and what must hold for every
 * screen, for fuzz targets whose input is a sequence of things to do.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "view/view.h"

struct input {
	const uint8_t *at, *end;
};

enum { INPUT_MAX = 4096, LOCATIONS = 40, NAMES = 12 };

static const char *const growth_names[NAMES] = {
	"main", "alpha", "beta", "std::vector<std::pair<int, int> >::operator[](unsigned long)",
	"", "\033[2J", "\u202Eabc", "漢字漢字漢字", "a\u0301\u0301\u0301", "\xff\xfe", "x",
	"very_long_name_very_long_name_very_long_name_very_long_name_very_long_name_very_long_name",
};

static inline unsigned take(struct input *input)
{
	return input->at < input->end ? *input->at++ : 0;
}

static inline struct profile *growth_profile(void)
{
	struct profile *profile = profile_new();

	profile_add_metric(profile, "cpu-clock", UNIT_NANOSECONDS);
	profile_add_thread(profile, 1, 1, "app");
	return profile;
}

static inline location_id growth_location(struct profile *profile, unsigned choice)
{
	static const enum binary_kind kinds[] = { BINARY_FILE, BINARY_KERNEL, BINARY_ANONYMOUS };
	static const char *const paths[] = { "/bin/app", "[kernel]", "[anon]" };
	unsigned kind = choice % 3;
	binary_id binary = profile_add_binary(profile, paths[kind], "", kinds[kind]);

	switch (choice / 3 % 4) {
	case 2:
		return profile_add_guessed_location(profile, binary, 16 + choice % LOCATIONS);
	case 3:
		return profile_add_outermost_location(profile, binary, 16 + choice % LOCATIONS);
	default:
		return profile_add_location(profile, binary, 16 + choice % LOCATIONS);
	}
}

static inline void growth_samples(struct profile *profile, struct input *input, uint64_t time)
{
	unsigned depth = take(input) % 24, count = take(input) % 8;
	struct sample sample = {
		.samples = count, .weight = count * 1000003u, .metric = 1,
		.thread = (thread_id)(take(input) % profile->thread.len),
		.time = time,
	};

	sample.end = (enum stack_end)(count % 4);
	if (sample.end == STACK_TRUNCATED)
		sample.stack = profile_add_stack(profile, 0, profile_truncation(profile,
						 (enum truncation)(depth % TRUNCATIONS)));
	for (unsigned i = 0; i < depth; i++)
		sample.stack = profile_add_stack(profile, sample.stack,
						 growth_location(profile, take(input)));
	profile_add_sample(profile, &sample);
}

static inline void growth_naming(struct profile *profile, struct input *input)
{
	location_id location = growth_location(profile, take(input));
	struct frame frames[3] = { 0 };
	size_t count = 1 + take(input) % 3;

	for (size_t i = 0; i < count; i++) {
		struct function function = {
			.name = profile_add_string(profile, growth_names[take(input) % NAMES]),
			.binary = profile->location.at[location].binary,
			.flags = take(input) % 4 ? 0 : FUNCTION_KERNEL,
		};

		frames[i].function = profile_add_function(profile, &function);
	}
	profile_set_frames(profile, location, frames, count);
}

static inline void growth_point(struct profile *profile, struct input *input, uint64_t time)
{
	unsigned which = take(input) % 4;
	size_t series = profile_add_series(profile, growth_names[which + 5],
					   which % 2 ? UNIT_NANOSECONDS : UNIT_COUNT,
					   which < 2 ? SERIES_TOTAL : SERIES_LEVEL);

	if (take(input) % 8)
		profile_add_point(profile, series, time, take(input) * 977u);
}

static inline void growth_thread(struct profile *profile, struct input *input,
				 struct thread_states *states)
{
	unsigned choice = take(input);
	thread_id id = (thread_id)(choice % profile->thread.len);

	if (choice < 64)
		profile_add_thread(profile, 1 + (pid_t)choice % 3, 1 + (pid_t)choice,
				   growth_names[choice % NAMES]);
	else if (choice < 128)
		profile_name_thread(profile, id, growth_names[choice % NAMES],
				    growth_names[choice / 3 % NAMES]);
	else if (choice < 160)
		profile_end_thread(profile, id);
	else
		for (size_t i = 0; i < states->thread.len; i++)
			states->thread.at[i].state = (char)('A' + choice % 26);
}

/* What the program writes: pieces of text, sequences, and now and then a lot. */
static inline void growth_output(struct tail *output, struct input *input)
{
	static const char *const pieces[] = {
		"word ", "\r\n", "\n", "\r", "\t", "\b", "漢字", "\033[31m", "\033[m", "\033[K",
		"\033[?1049h", "\033[?1049l", "\033]0;", "\007", "\xff", "\033[",
	};
	unsigned choice = take(input);
	const char *piece = pieces[choice % 16];

	for (unsigned i = choice < 240 ? 1 + choice / 16 : 3000; i; i--)
		tail_add(output, piece, strlen(piece));
}

/* From nothing to 300x100, small ones as often as others. */
static inline void growth_size(struct input *input, int *width, int *height)
{
	unsigned how = take(input), x = take(input), y = take(input);

	*width = (int)(how % 2 ? x * 300 / 255 : x % 24);
	*height = (int)(how % 2 ? y * 100 / 255 : y % 8);
}

static inline void check_cells(const struct grid *grid)
{
	for (int i = 0; i < grid->width * grid->height; i++) {
		const struct cell *cell = &grid->cell[i];

		assert(cell->style < STYLE_COUNT && cell->attributes < 16);
		assert(!cell->character || cell->character >= ' ');
		assert(cell->character != 0x7f && cell->character != 0x202e);
		assert(cell->character < 0x80 || cell->character > 0x9f);
		/* A right half has its left one in the same row. */
		if (!cell->character)
			assert(i % grid->width && cell[-1].character > 0x7f);
	}
}

#endif
