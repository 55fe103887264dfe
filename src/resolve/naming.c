#include "resolve/naming.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "symbols/client.h"

enum {
	PENDING_MAX = 1024,		/* questions asked and not answered */
	DEATHS_OF_IMAGE_MAX = 3,
	FAILURES_MAX = 16,		/* to open an image */
	DEATHS_MAX = 20,		/* one after the other without any answer */
};

#define MILLISECOND	UINT64_C(1000000)
#define PAUSE_MIN	(100 * MILLISECOND)
#define PAUSE_MAX	(5000 * MILLISECOND)

/* By binary_id. */
struct image {
	bool known;			/* the rest is valid */
	bool sent;			/* the symbolizer has it */
	bool hopeless;			/* can't be opened, or the symbolizer died of it */
	unsigned failures;		/* to open it, each in another process */
	enum image_source source;
	unsigned deaths;
	struct binary_place place;
};

struct pending {
	location_id location;		/* 0: its id is void, the answer is for nobody */
	binary_id binary;
	uint64_t address;
};

struct naming {
	struct profile *profile;
	unsigned generation;
	struct symbolizer *symbolizer;
	bool given_up;			/* never start it again */
	array(struct image) image;
	array(struct pending) pending;	/* oldest first */
	size_t sent, answered;		/* of those: [answered, sent) are under way */
	location_id next;		/* the first that was not looked at */
	size_t careful;			/* questions to ask one by one */
	unsigned deaths;		/* since the last answer */
	uint64_t start_again, pause;
	struct error error;
	bool troubled;			/* error tells why there is no symbolizer now */
	char trouble[200];		/* of the kernel, or of a file: stays */
};

static void start(struct naming *naming)
{
	struct error error;

	naming->symbolizer = symbolizer_start(&error);
	naming->troubled = !naming->symbolizer;
	if (naming->symbolizer)
		return;
	naming->error = error;
	naming->given_up = error.code == ENOENT || error.code == EACCES;
}

struct naming *naming_new(struct profile *profile)
{
	struct naming *naming = xcalloc(1, sizeof *naming);

	naming->profile = profile;
	naming->generation = profile->generation;
	naming->next = 1;
	naming->pause = PAUSE_MIN;
	start(naming);
	return naming;
}

void naming_free(struct naming *naming)
{
	if (!naming)
		return;
	symbolizer_stop(naming->symbolizer);
	for (size_t i = 0; i < naming->image.len; i++)
		xfree(naming->image.at[i].place.path);
	array_release(&naming->image);
	array_release(&naming->pending);
	xfree(naming);
}

static int open_image(const struct image *image)
{
	switch (image->source) {
	case IMAGE_OF_FILE:
		return binary_open(&image->place);
	case IMAGE_OF_VDSO:
		return binary_open_vdso();
	case IMAGE_OF_KERNEL:
		return open("/proc/kallsyms", O_RDONLY | O_CLOEXEC);
	}
	return -1;
}

/* Returns whether the symbolizer has the image, or will have before the next question. */
static bool send_image(struct naming *naming, binary_id binary)
{
	struct image *image = &naming->image.at[binary];
	int fd;

	if (image->sent || image->hopeless || !naming->symbolizer)
		return image->sent;
	fd = open_image(image);
	if (fd < 0) {
		image->hopeless = errno != EMFILE && errno != ENFILE;
		image->failures += image->hopeless;
		return false;
	}
	symbolizer_add_image(naming->symbolizer, binary,
			     image->source == IMAGE_OF_KERNEL ? IMAGE_KALLSYMS : IMAGE_ELF, fd);
	image->sent = true;
	return true;
}

/* A process that ended too soon to open its file says nothing of the next one's. */
static bool may_try_again(const struct image *image, const struct binary_place *place)
{
	return image->hopeless && image->failures && image->failures < FAILURES_MAX && place &&
	       image->place.pid != place->pid;
}

bool naming_lacks_image(const struct naming *naming, binary_id binary)
{
	const struct image *image = naming->image.at + binary;

	return binary < naming->image.len && image->hopeless && image->failures &&
	       image->failures < FAILURES_MAX;
}

void naming_add_image(struct naming *naming, binary_id binary, enum image_source source,
		      const struct binary_place *place)
{
	struct image *image;

	array_extend(&naming->image, (size_t)binary + 1);
	image = &naming->image.at[binary];
	if (!binary || (image->known && !may_try_again(image, place)))
		return;
	xfree(image->place.path);
	*image = (struct image){ .known = true, .source = source, .failures = image->failures,
				 .deaths = image->deaths };
	if (place) {
		image->place = *place;
		image->place.path = xstrdup(place->path);
	}
	/* Now, while the process is there that has it mapped. */
	if (send_image(naming, binary) && image->failures)
		/* Some were passed over while there was no image. */
		naming->next = 1;
}

static bool is_askable(const struct naming *naming, const struct location *location)
{
	return !location->symbolized && !location->named &&
	       location->binary < naming->image.len &&
	       naming->image.at[location->binary].known &&
	       !naming->image.at[location->binary].hopeless;
}

/* Ids of locations changed: what is under way is for nobody, all else is asked anew. */
static void follow_generation(struct naming *naming)
{
	if (naming->generation == naming->profile->generation)
		return;
	naming->generation = naming->profile->generation;
	naming->next = 1;
	naming->pending.len = naming->sent;
	for (size_t i = naming->answered; i < naming->sent; i++)
		naming->pending.at[i].location = 0;
}

static size_t under_way(const struct naming *naming)
{
	return naming->sent - naming->answered;
}

static void forget_answered(struct naming *naming)
{
	size_t rest = naming->pending.len - naming->answered;

	if (naming->answered < rest)
		return;
	memmove(naming->pending.at, naming->pending.at + naming->answered,
		rest * sizeof *naming->pending.at);
	naming->pending.len = rest;
	naming->sent -= naming->answered;
	naming->answered = 0;
}

/* Take new locations to be asked for, while there is room. */
static void fill_pending(struct naming *naming)
{
	const struct profile *profile = naming->profile;

	if (naming->pending.len)
		forget_answered(naming);
	while (naming->next < profile->location.len &&
	       naming->pending.len - naming->answered < PENDING_MAX) {
		location_id id = naming->next++;
		const struct location *location = &profile->location.at[id];

		if (is_askable(naming, location))
			array_push(&naming->pending, ((struct pending){
				.location = id, .binary = location->binary,
				.address = location->address }));
	}
}

static void name_nothing(struct naming *naming, const struct pending *pending)
{
	if (pending->location)
		profile_set_frames(naming->profile, pending->location, NULL, 0);
}

/* One question is done, the oldest under way. */
static void pop_pending(struct naming *naming)
{
	naming->answered++;
	if (naming->careful)
		naming->careful--;
}

static void ask(struct naming *naming)
{
	size_t limit = naming->careful ? 1 : PENDING_MAX;

	while (naming->sent < naming->pending.len && under_way(naming) < limit) {
		struct pending *pending = &naming->pending.at[naming->sent];

		if (!pending->location || !send_image(naming, pending->binary)) {
			/* Questions are answered in order: this one only once it is the oldest. */
			if (under_way(naming))
				return;
			name_nothing(naming, pending);
			naming->sent++;
			pop_pending(naming);
			limit = naming->careful ? 1 : PENDING_MAX;
			continue;
		}
		symbolizer_ask(naming->symbolizer, pending->binary, pending->address);
		naming->sent++;
	}
}

static function_id add_function(struct naming *naming, binary_id binary,
				const struct symbol_frame *frame)
{
	struct profile *profile = naming->profile;
	struct function function = { .binary = binary, .line = frame->function_line };

	function.name = profile_add_string(profile, frame->function);
	if (frame->file)
		function.file = profile_add_string(profile, frame->file);
	if (profile_is_bottom(frame->function))
		function.flags |= FUNCTION_BOTTOM;
	if (profile->binary.at[binary].kind == BINARY_KERNEL)
		function.flags |= FUNCTION_KERNEL;
	if (frame->module) {
		char path[80];

		snprintf(path, sizeof path, "[%s]", frame->module);
		function.binary = profile_add_binary(profile, path, "", BINARY_MODULE);
	}
	return profile_add_function(profile, &function);
}

static void take_answer(void *context, const struct symbol_answer *answer)
{
	struct naming *naming = context;
	struct pending pending = naming->pending.at[naming->answered];
	struct frame frame[SYMBOL_FRAMES_MAX];

	naming->deaths = 0;
	naming->pause = PAUSE_MIN;
	pop_pending(naming);
	if (!pending.location)
		return;
	for (size_t i = 0; i < answer->frame_count; i++)
		frame[i] = (struct frame){
			.function = add_function(naming, pending.binary, &answer->frame[i]),
			.line = answer->frame[i].line };
	profile_set_frames(naming->profile, pending.location, frame, answer->frame_count);
}

/* It died over the only question under way. */
static void blame_oldest(struct naming *naming)
{
	struct pending *pending = &naming->pending.at[naming->answered];
	struct image *image = &naming->image.at[pending->binary];

	if (++image->deaths >= DEATHS_OF_IMAGE_MAX) {
		image->hopeless = true;
		image->failures = 0;
		snprintf(naming->trouble, sizeof naming->trouble,
			 "no names in %s: the symbolizer broke when it read it",
			 profile_string(naming->profile,
					naming->profile->binary.at[pending->binary].path));
	}
	name_nothing(naming, pending);
	pop_pending(naming);
}

static void bury(struct naming *naming, uint64_t now)
{
	symbolizer_stop(naming->symbolizer);
	naming->symbolizer = NULL;
	naming->troubled = true;
	for (size_t i = 0; i < naming->image.len; i++)
		naming->image.at[i].sent = false;
	if (naming->careful && under_way(naming) == 1)
		blame_oldest(naming);
	naming->careful = under_way(naming) > naming->careful ? under_way(naming) :
								naming->careful;
	naming->sent = naming->answered;
	naming->given_up = ++naming->deaths > DEATHS_MAX;
	naming->start_again = now + naming->pause;
	naming->pause = naming->pause * 2 < PAUSE_MAX ? naming->pause * 2 : PAUSE_MAX;
}

static void note_trouble(struct naming *naming)
{
	const char *trouble = symbolizer_trouble(naming->symbolizer);

	if (trouble && !naming->trouble[0])
		snprintf(naming->trouble, sizeof naming->trouble, "%s", trouble);
}

void naming_work(struct naming *naming, uint64_t now)
{
	follow_generation(naming);
	if (!naming->symbolizer && !naming->given_up && now >= naming->start_again) {
		start(naming);
		naming->start_again = now + PAUSE_MAX;
	}
	if (!naming->symbolizer)
		return;
	/* Asking after taking in answers keeps the symbolizer busy. */
	for (int round = 0; round < 2; round++) {
		fill_pending(naming);
		ask(naming);
		if (!symbolizer_work(naming->symbolizer, take_answer, naming, &naming->error)) {
			bury(naming, now);
			return;
		}
	}
	note_trouble(naming);
}

int naming_fd(const struct naming *naming)
{
	return naming->symbolizer ? symbolizer_fd(naming->symbolizer) : -1;
}

size_t naming_waiting(const struct naming *naming)
{
	const struct profile *profile = naming->profile;
	size_t count = naming->pending.len - naming->answered;
	location_id id = naming->next;

	if (naming->given_up)
		return 0;
	if (naming->generation != profile->generation) {
		count = 0;
		id = 1;
	}
	for (; id < profile->location.len; id++)
		count += is_askable(naming, &profile->location.at[id]);
	return count;
}

const char *naming_trouble(const struct naming *naming)
{
	if (naming->troubled)
		return naming->error.text;
	return naming->trouble[0] ? naming->trouble : NULL;
}

pid_t naming_symbolizer_pid(const struct naming *naming)
{
	return naming->symbolizer ? symbolizer_pid(naming->symbolizer) : 0;
}
