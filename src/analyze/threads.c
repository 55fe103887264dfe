#include "analyze/threads.h"

/* What a thread had in itself at a location. */
struct spot {
	thread_id thread;
	location_id location;
	struct amount self;
};

/* The self of a row in a function, while rows are made. */
struct share {
	uint32_t row;
	function_id function;
	struct amount self;
};

/* A thread that a row counts. */
struct member {
	uint32_t row;
	pid_t pid, tid;
	bool exited;		/* and so are all its entries */
};

struct threads_private {
	unsigned generation, judged;
	metric_id metric;
	bool hide_kernel;
	uint64_t until;			/* of the query */
	size_t first, end;		/* slices that are in the amounts */
	/* The moment of the last update: slices there were, the time, the threads. */
	size_t slices;
	uint64_t now;
	const struct trend *trend;
	array(struct thread) known;
	array(struct amount) thread;	/* by thread */
	array(struct spot) spot;	/* entry 0 is none */
	struct hash_index spots;
	array(uint32_t) row_of_thread;	/* 1 + its place; 0: not shown */
	struct hash_index rows;		/* 1 + the place, by who they are */
	array(struct member) member;	/* entry 0 is none */
	struct hash_index members;
	array(struct share) share;	/* entry 0 is none */
	struct hash_index shares;
};

static const uint64_t bucket_width = 500000000u, lately_max = 1000000000u;

static void add_amount(struct amount *to, struct amount more)
{
	to->weight += more.weight;
	to->samples += more.samples;
}

static bool is_larger(struct amount a, struct amount b)
{
	return a.weight != b.weight ? a.weight > b.weight : a.samples > b.samples;
}

/* New sums. */

static uint64_t spot_hash(thread_id thread, location_id location)
{
	return hash_u64((uint64_t)thread << 32 | location);
}

static uint64_t hash_of_spot(const void *array, uint32_t id)
{
	const struct spot *spot = array;

	return spot_hash(spot[id].thread, spot[id].location);
}

static struct spot *spot_of(struct threads_private *p, thread_id thread, location_id location)
{
	uint32_t *slot = hash_index_slot(&p->spots, spot_hash(thread, location));
	uint32_t id;

	for (; *slot; slot = hash_index_next(&p->spots, slot)) {
		struct spot *spot = &p->spot.at[*slot];

		if (spot->thread == thread && spot->location == location)
			return spot;
	}
	id = *slot = (uint32_t)p->spot.len;
	array_push(&p->spot, ((struct spot){ .thread = thread, .location = location }));
	hash_index_added(&p->spots, hash_of_spot, p->spot.at);
	return &p->spot.at[id];
}

static bool is_hidden(const struct threads_private *p, const struct profile *profile,
		      function_id function)
{
	/* Nobody is "in" what stands above truncated stacks. */
	return p->hide_kernel && profile->function.at[function].flags &
				 (FUNCTION_KERNEL | FUNCTION_TRUNCATED);
}

/* The innermost function of a location that is not hidden; false: none. */
static bool innermost(const struct threads_private *p, const struct profile *profile,
		      location_id id, function_id *function)
{
	const struct location *location = &profile->location.at[id];

	for (size_t i = 0; i < location->frame_count; i++) {
		*function = profile->frame.at[location->first_frame + i].function;
		if (!is_hidden(p, profile, *function))
			return true;
	}
	return false;
}

/* Where hidden frames leave their time. */
static location_id location_of(const struct threads_private *p, const struct profile *profile,
			       stack_id stack)
{
	function_id function;

	while (stack && p->hide_kernel &&
	       !innermost(p, profile, profile->stack.at[stack].location, &function))
		stack = profile->stack.at[stack].caller;
	return profile->stack.at[stack].location;
}

static size_t end_of_slice(const struct profile *profile, size_t slice)
{
	return slice + 1 < profile->slice.len ? profile->slice.at[slice + 1].first_sum :
						profile->sum.len;
}

/* Add the sums of a slice, or take them away again. */
static void weigh_slice(struct threads_private *p, const struct profile *profile,
			const struct calltree *tree, size_t slice, bool away)
{
	if (p->until && slice_middle(&profile->slice.at[slice]) >= p->until)
		return;
	for (size_t i = profile->slice.at[slice].first_sum; i < end_of_slice(profile, slice);
	     i++) {
		const struct sum *sum = &profile->sum.at[i];
		struct amount more = { .weight = sum->weight, .samples = sum->samples };
		location_id location;

		if (sum->metric != p->metric || !calltree_keeps(tree, sum->stack))
			continue;
		if (away)
			more = (struct amount){ .weight = -more.weight, .samples = -more.samples };
		add_amount(&p->thread.at[sum->thread], more);
		location = location_of(p, profile, sum->stack);
		if (location)
			add_amount(&spot_of(p, sum->thread, location)->self, more);
	}
}

/* Slices are in order of time, and the query's time is a stretch of them. */
static void take_slices(struct threads_private *p, const struct profile *profile,
			const struct calltree *tree, uint64_t from)
{
	const struct slice *slice = profile->slice.at;

	array_extend(&p->thread, profile->thread.len);
	for (; p->first && slice_middle(&slice[p->first - 1]) >= from; p->first--)
		weigh_slice(p, profile, tree, p->first - 1, false);
	for (; p->first < p->end && slice_middle(&slice[p->first]) < from; p->first++)
		weigh_slice(p, profile, tree, p->first, true);
	for (; p->end < tree->slices; p->end++) {
		if (p->first == p->end && slice_middle(&slice[p->end]) < from)
			p->first++;
		else
			weigh_slice(p, profile, tree, p->end, false);
	}
}

static void start_over_if_needed(struct threads_private *p, const struct calltree *tree,
				 const struct query *query)
{
	metric_id metric = query->metric ? query->metric : 1;

	if (p->generation == tree->generation && p->judged == tree->judged &&
	    p->metric == metric && p->hide_kernel == query->hide_kernel &&
	    p->until == query->until)
		return;
	p->generation = tree->generation;
	p->judged = tree->judged;
	p->metric = metric;
	p->hide_kernel = query->hide_kernel;
	p->until = query->until;
	p->first = p->end = 0;
	p->thread.len = 0;
	p->spot.len = 1;
	hash_index_clear(&p->spots);
}

/* Rows. */

static struct thread_choice choice_of(const struct thread *thread, enum threads_by by)
{
	switch (by) {
	case THREADS_OF_NAME:
		return (struct thread_choice){ .by = by, .name = thread->name };
	case THREADS_OF_PROCESS:
		return (struct thread_choice){ .by = by, .pid = thread->pid };
	case THREADS_ALL:
	case THREADS_ONE:
		break;
	}
	return (struct thread_choice){
		.by = THREADS_ONE, .pid = thread->pid, .tid = thread->tid,
		.name = thread->tid ? 0 : thread->name,
	};
}

static uint64_t choice_hash(const struct thread_choice *choice)
{
	return hash_u64(hash_u64((uint64_t)(uint32_t)choice->pid << 32 | (uint32_t)choice->tid) ^
			choice->name);
}

static uint64_t hash_of_row(const void *array, uint32_t id)
{
	const struct thread_row *row = array;

	return choice_hash(&row[id - 1].choice);
}

/* 1 + the row, made when there is none. */
static uint32_t add_row(struct threads *threads, const struct thread *thread, enum threads_by by)
{
	struct threads_private *p = threads->private;
	struct thread_choice choice = choice_of(thread, by);
	uint32_t *slot = hash_index_slot(&p->rows, choice_hash(&choice));

	while (*slot && !thread_choice_equal(&threads->row.at[*slot - 1].choice, &choice))
		slot = hash_index_next(&p->rows, slot);
	if (*slot)
		return *slot;
	array_push(&threads->row, ((struct thread_row){
		.pid = thread->pid, .tid = by == THREADS_OF_PROCESS ? thread->pid : thread->tid,
		.name = by == THREADS_OF_PROCESS && thread->process ? thread->process :
								      thread->name,
		.process = thread->process, .choice = choice,
	}));
	*slot = (uint32_t)threads->row.len;
	hash_index_added(&p->rows, hash_of_row, threads->row.at);
	return (uint32_t)threads->row.len;
}

static uint64_t member_hash(uint32_t row, pid_t pid, pid_t tid)
{
	return hash_u64(hash_u64((uint64_t)(uint32_t)pid << 32 | (uint32_t)tid) ^ row);
}

static uint64_t hash_of_member(const void *array, uint32_t id)
{
	const struct member *member = array;

	return member_hash(member[id].row, member[id].pid, member[id].tid);
}

/* Each exec begins another entry of the same thread, which still is one. */
static void count_member(struct threads *threads, const struct thread *thread, uint32_t at)
{
	struct threads_private *p = threads->private;
	struct thread_row *row = &threads->row.at[at - 1];
	uint32_t *slot = hash_index_slot(&p->members, member_hash(at, thread->pid, thread->tid));
	struct member new = { at, thread->pid, thread->tid, thread->exited };

	for (; *slot; slot = hash_index_next(&p->members, slot)) {
		struct member *old = &p->member.at[*slot];

		if (old->row != at || old->pid != thread->pid || old->tid != thread->tid)
			continue;
		if (old->exited && !thread->exited) {
			old->exited = false;
			row->exited--;
		}
		return;
	}
	*slot = (uint32_t)p->member.len;
	array_push(&p->member, new);
	hash_index_added(&p->members, hash_of_member, p->member.at);
	row->threads++;
	row->exited += thread->exited;
}

/* What it is called since its last exec: entries come in that order, but for some used again. */
static void rename_row(struct thread_row *row, const struct thread *thread)
{
	if (thread->exited && row->exited < row->threads)
		return;
	row->name = row->choice.by == THREADS_OF_PROCESS && thread->process ? thread->process :
									      thread->name;
	row->process = thread->process;
}

static void add_thread(struct threads *threads, thread_id id, uint32_t at)
{
	const struct threads_private *p = threads->private;
	const struct thread *thread = &p->known.at[id];
	struct thread_row *row = &threads->row.at[at - 1];

	/* What tells a thread from others is told only where all agree. */
	if (row->threads && row->choice.by == THREADS_OF_NAME) {
		if (row->pid != thread->pid)
			row->pid = 0;
		if (row->process != thread->process)
			row->process = 0;
		row->tid = 0;
	} else if (row->threads && thread->tid > 0) {
		rename_row(row, thread);
	}
	count_member(threads, thread, at);
	add_amount(&row->all, p->thread.at[id]);
	add_amount(&threads->whole, p->thread.at[id]);
	if (p->trend)
		change_add(&row->change, trend_self(p->trend, id));
}

static void make_rows(struct threads *threads, enum threads_by by)
{
	struct threads_private *p = threads->private;

	threads->row.len = 0;
	threads->whole = (struct amount){ 0 };
	hash_index_clear(&p->rows);
	p->member.len = 1;
	hash_index_clear(&p->members);
	p->row_of_thread.len = 0;
	array_extend(&p->row_of_thread, p->known.len);
	for (size_t i = 0; i < p->known.len; i++) {
		const struct thread *thread = &p->known.at[i];
		struct amount amount = p->thread.at[i];

		/* An entry without numbers is one to be used again, or none. */
		if (!amount.samples && !amount.weight && (!thread->tid || thread->exited))
			continue;
		p->row_of_thread.at[i] = add_row(threads, thread, by);
		add_thread(threads, (thread_id)i, p->row_of_thread.at[i]);
	}
}

/* The heaviest function of each row. */

static uint64_t share_hash(uint32_t row, function_id function)
{
	return hash_u64((uint64_t)row << 32 | function);
}

static uint64_t hash_of_share(const void *array, uint32_t id)
{
	const struct share *share = array;

	return share_hash(share[id].row, share[id].function);
}

static const struct share *add_share(struct threads_private *p, uint32_t row,
				     function_id function, struct amount more)
{
	uint32_t *slot = hash_index_slot(&p->shares, share_hash(row, function));
	uint32_t id;

	while (*slot && (p->share.at[*slot].row != row ||
			 p->share.at[*slot].function != function))
		slot = hash_index_next(&p->shares, slot);
	id = *slot;
	if (!id) {
		id = *slot = (uint32_t)p->share.len;
		array_push(&p->share, ((struct share){ .row = row, .function = function }));
		hash_index_added(&p->shares, hash_of_share, p->share.at);
	}
	add_amount(&p->share.at[id].self, more);
	return &p->share.at[id];
}

/* Names are looked up anew each time: they may have come late. */
static void find_hottest(struct threads *threads, const struct profile *profile)
{
	struct threads_private *p = threads->private;

	p->share.len = 1;
	hash_index_clear(&p->shares);
	for (size_t i = 1; i < p->spot.len; i++) {
		const struct spot *spot = &p->spot.at[i];
		uint32_t row = p->row_of_thread.at[spot->thread];
		const struct share *share;
		function_id function;
		struct thread_row *r;

		if (!row || !innermost(p, profile, spot->location, &function))
			continue;
		share = add_share(p, row, function, spot->self);
		r = &threads->row.at[row - 1];
		if (is_larger(share->self, r->hottest_self)) {
			r->hottest = function;
			r->hottest_self = share->self;
		}
	}
}

/* What happened lately. */

/* How much of a slice lies between two times, 0 to 1. */
static double part_within(const struct slice *slice, uint64_t from, uint64_t until)
{
	uint64_t begin = slice->from > from ? slice->from : from;
	uint64_t end = slice->until < until ? slice->until : until;

	if (slice->from == slice->until)
		return slice->until >= from && slice->until < until;
	return begin < end ? (double)(end - begin) / (double)(slice->until - slice->from) : 0;
}

static void add_to_history(struct threads *threads, const struct slice *slice, size_t row,
			   uint64_t value)
{
	uint64_t first = slice->from > threads->from ?
		(slice->from - threads->from) / threads->width : 0;
	double *bucket = &threads->history.at[row * THREAD_BUCKETS];

	for (uint64_t i = first; i < THREAD_BUCKETS; i++) {
		uint64_t begin = threads->from + i * threads->width;

		if (begin > slice->until)
			break;
		bucket[i] += (double)value * part_within(slice, begin, begin + threads->width);
	}
}

static void add_lately(struct thread_row *row, const struct sum *sum, double part)
{
	row->lately.weight += (uint64_t)((double)sum->weight * part + 0.5);
	row->lately.samples += (uint64_t)((double)sum->samples * part + 0.5);
}

static void take_slice(struct threads *threads, const struct profile *profile, size_t i,
		       uint64_t last)
{
	const struct threads_private *p = threads->private;
	const struct slice *slice = &profile->slice.at[i];
	size_t end = end_of_slice(profile, i);
	double lately = part_within(slice, last - threads->lately, last + 1);

	for (size_t k = slice->first_sum; k < end; k++) {
		const struct sum *sum = &profile->sum.at[k];
		uint32_t row = p->row_of_thread.at[sum->thread];

		if (sum->metric != p->metric || !row)
			continue;
		add_to_history(threads, slice, row - 1,
			       threads->weighed ? sum->weight : sum->samples);
		if (lately > 0)
			add_lately(&threads->row.at[row - 1], sum, lately);
	}
}

/* Where "lately" ends: samples come in a little late, unless none come at all. */
static uint64_t last_time(const struct threads_private *p, const struct profile *profile)
{
	uint64_t last = p->slices ? profile->slice.at[p->slices - 1].until : 0;

	return last && p->now > last + lately_max ? p->now : last;
}

static void look_back(struct threads *threads, const struct profile *profile)
{
	size_t count = threads->private->slices;
	uint64_t last = last_time(threads->private, profile);
	uint64_t begin = count ? profile->slice.at[0].from : 0, current = last / bucket_width;

	threads->width = bucket_width;
	threads->from = current >= THREAD_BUCKETS ?
		(current + 1 - THREAD_BUCKETS) * bucket_width : 0;
	threads->full = (size_t)(current - threads->from / bucket_width);
	threads->lately = last - begin < lately_max ? last - begin : lately_max;
	threads->history.len = 0;
	array_extend(&threads->history, threads->row.len * THREAD_BUCKETS);
	for (size_t i = count; last && i-- > 0;) {
		if (profile->slice.at[i].until < threads->from)
			break;
		take_slice(threads, profile, i, last);
	}
}

static void note_moment(struct threads_private *p, const struct profile *profile,
			const struct calltree *tree, uint64_t now)
{
	p->slices = tree->slices;
	p->now = now;
	p->known.len = 0;
	array_extend(&p->known, profile->thread.len);
	if (p->known.len)
		memcpy(p->known.at, profile->thread.at, p->known.len * sizeof *p->known.at);
}

bool threads_group(struct threads *threads, const struct profile *profile, enum threads_by by)
{
	if (threads->private->generation != profile->generation)
		return false;
	make_rows(threads, by);
	find_hottest(threads, profile);
	look_back(threads, profile);
	return true;
}

void threads_update(struct threads *threads, const struct profile *profile,
		    const struct calltree *tree, const struct query *query,
		    const struct trend *trend, enum threads_by by, uint64_t now)
{
	struct threads_private *p = threads->private;

	if (tree->generation != profile->generation)
		return;
	start_over_if_needed(p, tree, query);
	take_slices(p, profile, tree, query->from);
	note_moment(p, profile, tree, now);
	p->trend = trend;
	threads->weighed = tree->all.weight;
	threads_group(threads, profile, by);
}

struct threads *threads_new(void)
{
	struct threads *threads = xcalloc(1, sizeof *threads);

	threads->private = xcalloc(1, sizeof *threads->private);
	array_extend(&threads->private->spot, 1);
	return threads;
}

void threads_free(struct threads *threads)
{
	struct threads_private *p;

	if (!threads)
		return;
	p = threads->private;
	array_release(&p->known);
	array_release(&p->thread);
	array_release(&p->spot);
	hash_index_release(&p->spots);
	array_release(&p->row_of_thread);
	hash_index_release(&p->rows);
	array_release(&p->member);
	hash_index_release(&p->members);
	array_release(&p->share);
	hash_index_release(&p->shares);
	array_release(&threads->row);
	array_release(&threads->history);
	xfree(p);
	xfree(threads);
}
