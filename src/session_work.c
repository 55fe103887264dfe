/* What takes a while and is told of: reading a large file, and saving. */
#include "session_private.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

static const uint64_t soon = 200000000u;	/* what takes less is not told */

/* Reading a file. */

static void file_progress(const struct session *session, uint64_t *done, uint64_t *total)
{
	*done = *total = 0;
	if (session->source->ops->progress)
		session->source->ops->progress(session->source, done, total);
}

/* "34% of 1.20 GiB", "12.3 MiB" where nobody knows how much there is. */
static void describe_part(const struct session *session, struct strbuf *out)
{
	char amount[QUANTITY_MAX], share[QUANTITY_MAX];
	uint64_t done, total;

	file_progress(session, &done, &total);
	progress_share(share, done, total);
	quantity_format(amount, total ? total : done, UNIT_BYTES);
	strbuf_addf(out, "%s%s%s", share, *share ? " of " : "", amount);
}

static void describe_reading(const struct session *session, uint64_t time, struct strbuf *out)
{
	char rate[QUANTITY_MAX];
	uint64_t done, total;

	file_progress(session, &done, &total);
	strbuf_adds(out, "reading: ");
	describe_part(session, out);
	quantity_format(rate, (uint64_t)((double)done * 1e9 / (double)time), UNIT_BYTES);
	strbuf_addf(out, ", %s/s", rate);
}

/* The word in the header. */
static void describe_file(const struct session *session, bool reads, char *out, size_t size)
{
	char share[QUANTITY_MAX];
	uint64_t done, total;

	file_progress(session, &done, &total);
	progress_share(share, done, total);
	if (reads)
		snprintf(out, size, "reading%s%s", *share ? " " : "", share);
	else if (session->partial)
		snprintf(out, size, "stopped%s%s", *share ? " at " : "", share);
}

void session_add_partial_notice(const struct session *session, struct status *status)
{
	struct strbuf text = STRBUF_INIT;

	strbuf_adds(&text, "reading was stopped: all that is shown is of the first ");
	describe_part(session, &text);
	array_push(&status->notice, xstrdup(text.text));
	strbuf_release(&text);
}

/* Saving. */

static void describe_saving(const struct saving *saving, struct strbuf *out)
{
	char share[QUANTITY_MAX];

	progress_share(share, atomic_load(&saving->progress.done),
		       atomic_load(&saving->progress.total));
	if (progress_is_cancelled(&saving->progress))
		strbuf_adds(out, "saving: being cancelled");
	else
		strbuf_addf(out, "saving%s%s", *share ? ": " : "", share);
}

static void saving_release(struct saving *saving)
{
	query_release(&saving->query);
	profile_free(saving->profile);
	xfree(saving);
}

/* What is there now; the profile may go on growing. */
static struct saving *saving_new(struct session *session, enum save_weight weight,
				 const struct query *query)
{
	struct saving *saving = xcalloc(1, sizeof *saving);
	struct profile *profile;

	saving->weight = weight;
	saving->since = clock_now();
	query_copy(&saving->query, query);
	profile = session_lock(session);
	profile_seal(profile, session->ended ? session->ended : saving->since);
	saving->profile = profile_copy(session->profile);
	session_unlock(session);
	return saving;
}

static bool cancelled(struct error *error)
{
	return error_set(error, ECANCELED, "saving was cancelled: there is no file");
}

static bool write_out(struct saving *saving, FILE *out, struct progress *progress,
		      struct error *error)
{
	if (saving->format->write(saving->profile, &saving->query, saving->weight, out, progress,
				  error))
		return true;
	return error->code == ECANCELED ? cancelled(error) : false;
}

static bool write_to_file(struct saving *saving, struct progress *progress, struct error *error)
{
	bool ok = write_out(saving, saving->file.stream, progress, error);

	/* It knows better why writing failed. */
	if (ferror(saving->file.stream))
		return file_save_commit(&saving->file, error);
	ok = ok && file_save_sync(&saving->file, error);
	if (ok && progress_is_cancelled(progress))
		ok = cancelled(error);
	if (ok)
		return file_save_commit(&saving->file, error);
	file_save_abandon(&saving->file);
	return false;
}

static bool write_to_stdout(struct saving *saving, struct progress *progress, struct error *error)
{
	bool ok = write_out(saving, stdout, progress, error);

	if (!ok && !ferror(stdout))
		return false;
	if (!fflush(stdout) && ok)
		return true;
	return error_set(error, errno, "can't write to standard output: %s", strerror(errno));
}

bool session_save(struct session *session, const char *path, bool replace, enum save_weight weight,
		  const struct query *query, struct progress *progress, struct error *error)
{
	const struct format *format = format_for_path(path, error);
	struct saving *saving;
	bool ok;

	if (!format)
		return false;
	saving = saving_new(session, weight, query);
	saving->format = format;
	if (!strcmp(path, "-"))
		ok = write_to_stdout(saving, progress, error);
	else
		ok = file_save_open(&saving->file, path, replace, error) &&
		     write_to_file(saving, progress, error);
	saving_release(saving);
	return ok;
}

static void *save(void *argument)
{
	struct saving *saving = argument;

	saving->ok = write_to_file(saving, &saving->progress, &saving->error);
	return NULL;
}

bool session_save_start(struct session *session, const char *path, bool replace,
			enum save_weight weight, const struct query *query, struct error *error)
{
	const struct format *format = format_for_path(path, error);
	struct file_save file;
	int code;

	if (!format || !file_save_open(&file, path, replace, error))
		return false;
	session->saving = saving_new(session, weight, query);
	session->saving->format = format;
	session->saving->file = file;
	code = session_start_thread(&session->saving->thread, save, session->saving);
	if (!code)
		return true;
	file_save_abandon(&session->saving->file);
	saving_release(session->saving);
	session->saving = NULL;
	return error_set(error, code, "cannot start a thread: %s", strerror(code));
}

enum session_saving session_save_poll(struct session *session, unsigned wait_ms,
				      struct error *error)
{
	struct saving *saving = session->saving;
	struct timespec until;
	bool ok;

	if (!saving)
		return SESSION_SAVES_NOTHING;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += (long)wait_ms * 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	if (pthread_timedjoin_np(saving->thread, NULL, &until))
		return SESSION_SAVES;
	session->saving = NULL;
	ok = saving->ok;
	*error = saving->error;
	saving_release(saving);
	return ok ? SESSION_SAVED : SESSION_SAVE_FAILED;
}

void session_stop_saving(struct session *session)
{
	if (!session->saving)
		return;
	progress_cancel(&session->saving->progress);
	pthread_join(session->saving->thread, NULL);
	saving_release(session->saving);
	session->saving = NULL;
}

/* Both. */

void session_describe_work(const struct session *session, uint64_t now, struct status *status)
{
	bool reads = session->options->input && session->phase == PHASE_SAMPLING &&
		     now - session->started >= soon;
	const struct saving *saving = session->saving;
	struct strbuf text = STRBUF_INIT;

	if (session->options->input)
		describe_file(session, reads, status->state, sizeof status->state);
	if (saving && now - saving->since >= soon)
		describe_saving(saving, &text);
	else if (reads)
		describe_reading(session, now - session->started, &text);
	snprintf(status->work, sizeof status->work, "%s", text.text);
	strbuf_release(&text);
}

enum session_work session_cancel(struct session *session)
{
	bool reads;

	if (session->saving) {
		progress_cancel(&session->saving->progress);
		return SESSION_SAVING;
	}
	session_lock(session);
	reads = session->options->input && session->phase == PHASE_SAMPLING;
	session_unlock(session);
	if (!reads)
		return SESSION_IDLE;
	session_stop(session);
	return SESSION_READING;
}
