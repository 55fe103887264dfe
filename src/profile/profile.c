#include "profile/profile.h"

#include <assert.h>

#include "profile/index.h"

enum { FRAMES_MAX = UINT16_MAX };

/*
 * The outermost functions of programs and threads.  Symbol versions
 * ("@@GLIBC_2.34") are not part of these names.  The kernel's are where its
 * own threads and idle tasks start; a system call's stack goes on in user
 * space, so its entry points are not among them.
 */
static const char *const bottoms[] = {
	/* C libraries: the start of a program, of ld.so, of a thread. */
	"_start", "_start_c", "_dl_start", "_dl_start_user",
	"__libc_start_call_main", "__libc_start_main", "__libc_start_main_impl",
	"generic_start_main", "libc_start_main_stage2",
	"start_thread", "clone", "__clone", "clone3", "__clone3", "thread_start",
	/* Go: goroutines, and the scheduler's own stack. */
	"runtime.goexit", "runtime.goexit.abi0", "runtime.mcall", "runtime.mstart",
	"runtime.mstart.abi0", "runtime.rt0_go", "runtime.rt0_go.abi0",
	/* The kernel. */
	"ret_from_fork", "ret_from_fork_asm", "kthread",
	"secondary_startup_64", "secondary_startup_64_no_verify", "start_secondary",
	"start_kernel", "x86_64_start_kernel", "x86_64_start_reservations",
	"cpu_startup_entry", "secondary_start_kernel", "__secondary_switched",
	"__primary_switched",
};

bool profile_is_bottom(const char *name)
{
	size_t len = strcspn(name, "@");

	for (size_t i = 0; i < sizeof bottoms / sizeof *bottoms; i++)
		if (!strncmp(bottoms[i], name, len) && !bottoms[i][len])
			return true;
	return false;
}

/* Binaries and functions. */

static uint64_t hash_of_binary(const void *array, uint32_t id)
{
	const struct binary *binary = array;

	return hash_u64((uint64_t)binary[id].path << 32 | binary[id].identity);
}

binary_id profile_add_binary(struct profile *profile, const char *path,
			     const char *identity, enum binary_kind kind)
{
	struct profile_index *ix = profile->index;
	struct binary binary = {
		.path = profile_add_string(profile, path),
		.identity = profile_add_string(profile, identity),
		.kind = kind,
	};
	uint64_t hash = hash_u64((uint64_t)binary.path << 32 | binary.identity);
	uint32_t *slot = hash_index_slot(&ix->binaries, hash);
	const char *slash = path ? strrchr(path, '/') : NULL;

	/* Files that can't be told apart must not pass for each other. */
	if (ix->too_many_names &&
	    (binary.path == ix->too_many_names || binary.identity == ix->too_many_names))
		return 0;
	for (; *slot; slot = hash_index_next(&ix->binaries, slot))
		if (profile->binary.at[*slot].path == binary.path &&
		    profile->binary.at[*slot].identity == binary.identity)
			return *slot;
	binary.name = profile_add_string(profile, slash && slash[1] ? slash + 1 : path);
	*slot = (uint32_t)profile->binary.len;
	array_push(&profile->binary, binary);
	hash_index_added(&ix->binaries, hash_of_binary, profile->binary.at);
	return (binary_id)(profile->binary.len - 1);
}

static uint64_t hash_of_function(const void *array, uint32_t id)
{
	const struct function *function = array;

	return hash_u64((uint64_t)function[id].name << 32 | function[id].binary);
}

/* The slot of the function, 0 in it when there is none. */
static uint32_t *function_slot(struct profile *profile, const struct function *function)
{
	struct hash_index *ix = &profile->index->functions;
	uint64_t hash = hash_u64((uint64_t)function->name << 32 | function->binary);
	uint32_t *slot = hash_index_slot(ix, hash);

	while (*slot && (profile->function.at[*slot].name != function->name ||
			 profile->function.at[*slot].binary != function->binary))
		slot = hash_index_next(ix, slot);
	return slot;
}

function_id profile_add_function_always(struct profile *profile,
					const struct function *function)
{
	struct profile_index *ix = profile->index;
	uint32_t *slot = function_slot(profile, function);

	if (*slot)
		return *slot;
	*slot = (uint32_t)profile->function.len;
	array_push(&profile->function, *function);
	hash_index_added(&ix->functions, hash_of_function, profile->function.at);
	return (function_id)(profile->function.len - 1);
}

function_id profile_add_function(struct profile *profile, const struct function *function)
{
	struct function any = {
		.name = profile->index->too_many_names, .flags = FUNCTION_PLACEHOLDER,
	};

	assert(function->binary < profile->binary.len);
	if (profile_names_are_full(profile) && !*function_slot(profile, function))
		return profile_add_function_always(profile, &any);
	return profile_add_function_always(profile, function);
}

const char *profile_function_name(const struct profile *profile, function_id id)
{
	assert(id < profile->function.len);
	return profile_string(profile, profile->function.at[id].name);
}

function_id profile_placeholder(struct profile *profile, binary_id id)
{
	struct profile_index *ix = profile->index;
	struct function function = { .binary = id, .flags = FUNCTION_PLACEHOLDER };
	const struct binary *binary;
	const char *name;
	size_t len;
	char *text;

	assert(id < profile->binary.len);
	binary = &profile->binary.at[id];
	name = profile_string(profile, binary->name);
	len = strlen(name);
	array_extend(&ix->placeholder, profile->binary.len);
	if (ix->placeholder.at[id].function)
		return ix->placeholder.at[id].function;
	if (binary->kind == BINARY_KERNEL || binary->kind == BINARY_MODULE)
		function.flags |= FUNCTION_KERNEL;
	if (!len) {
		function.name = profile_add_string(profile, "[unknown]");
	} else if (name[0] == '[') {
		function.name = binary->name;
	} else {
		text = xcalloc(len + 3, 1);
		snprintf(text, len + 3, "[%s]", name);
		function.name = profile_add_string(profile, text);
		xfree(text);
	}
	ix->placeholder.at[id].function = profile_add_function(profile, &function);
	return ix->placeholder.at[id].function;
}

/* Locations. */

/* The bits that keep locations of the same place apart. */
static unsigned bits_of(const struct location *location)
{
	return location->guessed | (unsigned)location->outermost << 1;
}

static uint64_t hash_of_frames(const struct location *like, const struct frame *frames,
			       size_t count)
{
	uint64_t hash = hash_u64((uint64_t)bits_of(like) << 32 | like->binary);

	for (size_t i = 0; i < count; i++)
		hash = hash_u64(hash ^ ((uint64_t)frames[i].line << 32 | frames[i].function));
	return hash;
}

static uint64_t hash_of_address(const struct location *like)
{
	return hash_u64(like->address ^
			hash_u64(((uint64_t)bits_of(like) << 32 | like->binary) + 1));
}

static uint64_t hash_of_location(const void *array, uint32_t id)
{
	const struct profile *profile = array;
	const struct location *location = &profile->location.at[id];

	if (!location->named)
		return hash_of_address(location);
	return hash_of_frames(location, profile->frame.at + location->first_frame,
			      location->frame_count);
}

static uint32_t placeholder_frame(struct profile *profile, binary_id binary)
{
	struct frame frame = { .function = profile_placeholder(profile, binary) };
	struct placeholder *placeholder = &profile->index->placeholder.at[binary];

	if (!placeholder->frame) {
		array_push(&profile->frame, frame);
		placeholder->frame = (uint32_t)(profile->frame.len - 1);
	}
	return placeholder->frame;
}

location_id profile_add_place(struct profile *profile, const struct location *like)
{
	struct profile_index *ix = profile->index;
	uint32_t *slot = hash_index_slot(&ix->locations, hash_of_address(like));
	struct location location = {
		.binary = like->binary,
		.address = like->address,
		.frame_count = 1,
		.guessed = like->guessed,
		.outermost = like->outermost,
	};

	for (; *slot; slot = hash_index_next(&ix->locations, slot)) {
		const struct location *old = &profile->location.at[*slot];

		if (old->address == like->address && old->binary == like->binary &&
		    bits_of(old) == bits_of(like) && !old->named)
			return *slot;
	}
	location.first_frame = placeholder_frame(profile, like->binary);
	*slot = (uint32_t)profile->location.len;
	array_push(&profile->location, location);
	hash_index_added(&ix->locations, hash_of_location, profile);
	return (location_id)(profile->location.len - 1);
}

location_id profile_add_location(struct profile *profile, binary_id binary, uint64_t address)
{
	return profile_add_place(profile, &(struct location){
		.binary = binary, .address = address });
}

location_id profile_add_guessed_location(struct profile *profile, binary_id binary,
					 uint64_t address)
{
	return profile_add_place(profile, &(struct location){
		.binary = binary, .address = address, .guessed = true });
}

location_id profile_add_outermost_location(struct profile *profile, binary_id binary,
					   uint64_t address)
{
	/* What its name may call for, when analyses can't add it any more. */
	profile_add_truncation_function(profile, TRUNCATED_NO_FRAME_POINTER);
	profile_add_truncation_function(profile, TRUNCATED_NO_USER_STACK);
	profile_add_truncation_function(profile, TRUNCATED_NO_MAPPING);
	profile_add_truncation_function(profile, TRUNCATED_NOT_NAMED);
	return profile_add_place(profile, &(struct location){
		.binary = binary, .address = address, .outermost = true });
}

location_id profile_add_frames(struct profile *profile, const struct location *like,
			       const struct frame *frames, size_t count)
{
	struct profile_index *ix = profile->index;
	struct location location = {
		.binary = like->binary,
		.first_frame = (uint32_t)profile->frame.len,
		.frame_count = (uint16_t)count,
		.symbolized = true,
		.named = true,
		.guessed = like->guessed,
		.outermost = like->outermost,
	};
	uint32_t *slot = hash_index_slot(&ix->locations, hash_of_frames(like, frames, count));

	for (; *slot; slot = hash_index_next(&ix->locations, slot)) {
		const struct location *old = &profile->location.at[*slot];

		if (old->named && old->binary == like->binary && bits_of(old) == bits_of(like) &&
		    old->frame_count == count &&
		    !memcmp(&profile->frame.at[old->first_frame], frames, count * sizeof *frames))
			return *slot;
	}
	for (size_t i = 0; i < count; i++)
		array_push(&profile->frame, frames[i]);
	*slot = (uint32_t)profile->location.len;
	array_push(&profile->location, location);
	hash_index_added(&ix->locations, hash_of_location, profile);
	return (location_id)(profile->location.len - 1);
}

location_id profile_add_named_location(struct profile *profile, struct frame frame)
{
	assert(frame.function < profile->function.len);
	return profile_add_frames(profile, &(struct location){
		.binary = profile->function.at[frame.function].binary }, &frame, 1);
}

void profile_set_frames(struct profile *profile, location_id id,
			const struct frame *frames, size_t count)
{
	struct location *location = &profile->location.at[id];
	bool own = location->symbolized;	/* not the shared placeholder */

	assert(id < profile->location.len);
	if (!id || location->named)
		return;
	location->symbolized = true;
	/* That it has no name tells too: nobody knows how these stacks ended. */
	if (!count && location->outermost && !own)
		array_push(&profile->named, id);
	if (count > FRAMES_MAX)
		count = FRAMES_MAX;
	if (!count || (count == location->frame_count &&
		       !memcmp(&profile->frame.at[location->first_frame], frames,
			       count * sizeof *frames)))
		return;
	if (!own || count > location->frame_count) {
		location->first_frame = (uint32_t)profile->frame.len;
		array_extend(&profile->frame, profile->frame.len + count);
	}
	memcpy(&profile->frame.at[location->first_frame], frames, count * sizeof *frames);
	location->frame_count = (uint16_t)count;
	array_push(&profile->named, id);
}

/* Stacks. */

static uint64_t hash_of_stack(const void *array, uint32_t id)
{
	const struct stack *stack = array;

	return hash_u64((uint64_t)stack[id].caller << 32 | stack[id].location);
}

stack_id profile_add_stack(struct profile *profile, stack_id caller, location_id location)
{
	struct profile_index *ix = profile->index;
	uint64_t hash = hash_u64((uint64_t)caller << 32 | location);
	uint32_t *slot = hash_index_slot(&ix->stacks, hash);
	stack_id id = (stack_id)profile->stack.len;

	assert(caller < profile->stack.len && location < profile->location.len);
	for (; *slot; slot = hash_index_next(&ix->stacks, slot)) {
		const struct stack *old = &profile->stack.at[*slot];

		if (old->caller == caller && old->location == location)
			return *slot;
	}
	*slot = id;
	array_push(&profile->stack, ((struct stack){ .caller = caller, .location = location }));
	hash_index_added(&ix->stacks, hash_of_stack, profile->stack.at);
	if (!profile->location.at[location].first_stack)
		profile->location.at[location].first_stack = id;
	return id;
}

/* Threads and metrics. */

thread_id profile_add_thread(struct profile *profile, pid_t pid, pid_t tid, const char *name)
{
	struct profile_index *ix = profile->index;
	struct thread thread = {
		.pid = pid, .tid = tid, .name = profile_add_string(profile, name),
	};
	thread_id id;

	if (ix->free_thread.len) {
		id = ix->free_thread.at[--ix->free_thread.len];
		profile->thread.at[id] = thread;
		return id;
	}
	if (profile->thread.len >= THREADS_LIMIT)
		return ix->exited_threads;
	array_push(&profile->thread, thread);
	return (thread_id)(profile->thread.len - 1);
}

void profile_name_thread(struct profile *profile, thread_id id, const char *name,
			 const char *process)
{
	assert(id < profile->thread.len);
	if (!id || id == profile->index->exited_threads)
		return;
	if (name)
		profile->thread.at[id].name = profile_add_string(profile, name);
	if (process)
		profile->thread.at[id].process = profile_add_string(profile, process);
}

void profile_end_thread(struct profile *profile, thread_id id)
{
	assert(id < profile->thread.len);
	if (id)
		profile->thread.at[id].exited = true;
}

metric_id profile_add_metric(struct profile *profile, const char *name, enum unit unit)
{
	string_id text = profile_add_string(profile, name);

	for (metric_id i = 1; i < profile->metric.len; i++)
		if (profile->metric.at[i].name == text)
			return i;
	if (profile->metric.len >= METRICS_LIMIT)
		return 0;
	array_push(&profile->metric, ((struct metric){ .name = text, .unit = unit }));
	return (metric_id)(profile->metric.len - 1);
}

/* The profile. */

struct profile *profile_new(void)
{
	struct profile *profile = xcalloc(1, sizeof *profile);
	struct profile_index *ix = xcalloc(1, sizeof *ix);

	profile->index = ix;
	profile_init_strings(profile);
	array_extend(&profile->binary, 1);
	array_extend(&profile->function, 1);
	array_extend(&profile->frame, 1);
	array_extend(&profile->location, 1);
	array_extend(&profile->stack, 1);
	array_extend(&profile->thread, 1);
	array_extend(&profile->metric, 1);
	array_extend(&ix->open, 1);
	ix->weight_left = ix->samples_left = UINT64_MAX / 2;
	profile->generation = 1;
	return profile;
}

static void index_free(struct profile_index *ix)
{
	for (size_t i = 0; i < ix->block.len; i++)
		xfree(ix->block.at[i]);
	array_release(&ix->block);
	array_release(&ix->text);
	hash_index_release(&ix->texts);
	hash_index_release(&ix->binaries);
	hash_index_release(&ix->functions);
	hash_index_release(&ix->locations);
	hash_index_release(&ix->stacks);
	array_release(&ix->placeholder);
	array_release(&ix->open);
	hash_index_release(&ix->open_sums);
	array_release(&ix->free_thread);
	xfree(ix);
}

void profile_free(struct profile *profile)
{
	if (!profile)
		return;
	index_free(profile->index);
	for (size_t i = 0; i < profile->series.len; i++)
		array_release(&profile->series.at[i].point);
	array_release(&profile->binary);
	array_release(&profile->function);
	array_release(&profile->frame);
	array_release(&profile->location);
	array_release(&profile->stack);
	array_release(&profile->thread);
	array_release(&profile->metric);
	array_release(&profile->sum);
	array_release(&profile->slice);
	array_release(&profile->series);
	array_release(&profile->named);
	array_release(&profile->cpu);
	xfree(profile);
}
