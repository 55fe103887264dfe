#include "profile/index.h"

/* In place of what was assigned with the record that has it. */
#define copy_array(to, from) \
	do { \
		(to)->at = NULL; \
		(to)->len = (to)->cap = 0; \
		if ((from)->len) { \
			array_reserve(to, (from)->len); \
			memcpy((to)->at, (from)->at, (from)->len * sizeof *(from)->at); \
			(to)->len = (from)->len; \
		} \
	} while (0)

/* All in one block.  What finds entries is left out: nothing is looked up in a copy. */
static void copy_texts(struct profile_index *to, const struct profile_index *from)
{
	size_t bytes = 0, used = 0;

	copy_array(&to->text, &from->text);
	for (size_t i = 0; i < from->text.len; i++)
		bytes += from->text.at[i].len + 1;
	array_push(&to->block, xcalloc(bytes ? bytes : 1, 1));
	for (size_t i = 0; i < from->text.len; i++) {
		char *at = to->block.at[0] + used;

		memcpy(at, from->text.at[i].at, from->text.at[i].len);
		to->text.at[i].at = at;
		used += from->text.at[i].len + 1;
	}
}

struct profile *profile_copy(const struct profile *from)
{
	struct profile *to = xcalloc(1, sizeof *to);

	*to = *from;
	to->index = xcalloc(1, sizeof *to->index);
	copy_texts(to->index, from->index);
	memcpy(to->index->truncated, from->index->truncated, sizeof to->index->truncated);
	copy_array(&to->binary, &from->binary);
	copy_array(&to->function, &from->function);
	copy_array(&to->frame, &from->frame);
	copy_array(&to->location, &from->location);
	copy_array(&to->stack, &from->stack);
	copy_array(&to->thread, &from->thread);
	copy_array(&to->metric, &from->metric);
	copy_array(&to->sum, &from->sum);
	copy_array(&to->slice, &from->slice);
	copy_array(&to->named, &from->named);
	copy_array(&to->cpu, &from->cpu);
	copy_array(&to->series, &from->series);
	for (size_t i = 0; i < from->series.len; i++)
		copy_array(&to->series.at[i].point, &from->series.at[i].point);
	return to;
}
