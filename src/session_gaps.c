#include "session_private.h"

#include "base/clock.h"

/* When nothing could be measured, and why: by others, or since we were stopped ourselves. */

static const uint64_t millisecond = 1000000u;
/* So long after it, it is still the one that is meant. */
static const uint64_t fresh = 5000000000u;

/* Between two looks anything may have been: only what was seen counts. */
void session_note_stop(struct session *session, bool stopped, uint64_t now)
{
	if (stopped) {
		session->stopped_from = session->stopped_from ? session->stopped_from : now;
		session->stopped_seen = now;
		return;
	}
	if (!session->stopped_from)
		return;
	gaps_add(&session->gaps, (struct gap){ session->stopped_from, session->stopped_seen,
					       GAP_STOPPED });
	/* What is not sampled is no part of the measurement anyway. */
	if (session->collecting)
		session->stopped += session->stopped_seen - session->stopped_from;
	session->stopped_from = 0;
}

/* A busy machine may let it wait for a while, too: only who was told can tell. */
void session_note_beat(struct session *session, uint64_t now)
{
	uint64_t late = (uint64_t)session->pause * millisecond + 500 * millisecond;

	if (session->beat && now > session->beat + late) {
		struct gap before = session->absent;
		/* After a long stop the next thing may be late as well. */
		bool again = before.until && !session->absent_told &&
			session->beat < before.until + 2000 * millisecond;

		session->absent = (struct gap){ again ? before.from : session->beat, now,
						GAP_ABSENT };
		session->absent_told = false;
		session->catching_up = session->phase == PHASE_SAMPLING &&
				       !session->options->input;
	}
	session->beat = now;
}

static void keep_absence(struct session *session)
{
	if (session->phase == PHASE_SAMPLING && !session->options->input)
		gaps_add(&session->gaps, session->absent);
}

/* All that waited in the rings is of the time before: what comes now is new. */
void session_note_caught_up(struct session *session, uint64_t now)
{
	if (!session->catching_up)
		return;
	session->catching_up = false;
	if (session->phase != PHASE_SAMPLING)
		return;
	profile_seal(session->profile, now);
	session->absent.until = now;
	if (session->absent_told)
		keep_absence(session);
}

uint64_t session_continued(struct session *session)
{
	uint64_t now = clock_now(), duration = 0;

	session_lock(session);
	/* Nobody knows which of us two comes first. */
	session_note_beat(session, now);
	if (session->absent.until && now - session->absent.until < fresh) {
		duration = session->absent.until - session->absent.from;
		session->absent_told = true;
		keep_absence(session);
	}
	session_unlock(session);
	return duration;
}

void session_skip(struct session *session, uint64_t duration)
{
	uint64_t now = clock_now();

	session_lock(session);
	session_note_stop(session, false, now);
	session->absent = (struct gap){ 0 };
	session->catching_up = false;
	session->beat = now;
	session->skipped += duration;
	if (session->phase == PHASE_SAMPLING) {
		gaps_add(&session->gaps, (struct gap){ now - duration, now, GAP_STOPPED });
		if (!session->paused_at)
			session->paused += duration;
	}
	session_unlock(session);
}

void session_tell_gaps(const struct session *session, struct status *status, uint64_t now)
{
	gaps_copy(&status->gaps, &session->gaps);
	status->halted = session->stopped_from;
	status->stopped = session->stopped;
	if (session->stopped_from) {
		status->stopped += session->stopped_seen - session->stopped_from;
		gaps_add(&status->gaps, (struct gap){ session->stopped_from,
						      session->stopped_seen, GAP_STOPPED });
	}
	if (session->paused_at)
		gaps_add(&status->gaps, (struct gap){ session->paused_at, now, GAP_UNSAMPLED });
	if (status->counted > status->stopped)
		status->counted -= status->stopped;
}
