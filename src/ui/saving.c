#include "ui/state.h"

#include <errno.h>
#include <time.h>

#include "base/file.h"
#include "base/text.h"

enum { MOMENT_MS = 200 };

/* The last word of what is measured, in letters that no shell minds. */
static void add_short_name(const struct app *app, struct strbuf *out)
{
	const struct options *options = app->options;
	const char *name = options->target.command ? options->target.command[0] :
							 app->scene.status.target;
	const char *last;
	size_t len;

	last = strrchr(name, '/');
	name = last ? last + 1 : name;
	last = options->target.command ? NULL : strrchr(name, ' ');
	name = last ? last + 1 : name;
	len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
	strbuf_add(out, len ? name : "profile", len ? (len < 40 ? len : 40) : 7);
}

void saving_start(struct app *app)
{
	struct strbuf name = STRBUF_INIT;
	time_t now = time(NULL);
	struct tm when;
	char text[32] = "";

	if (saving_goes_on(app))
		return;
	if (localtime_r(&now, &when))
		strftime(text, sizeof text, "%Y%m%d-%H%M%S", &when);
	strbuf_adds(&name, "tprof-");
	add_short_name(app, &name);
	strbuf_addf(&name, "-%s.folded", text);
	app_forget_message(app);
	prompt_edit(&app->prompt, "save to: ", name.text);
	app->purpose = TYPING_FILE;
	strbuf_release(&name);
}

/* In one line, with the reason: it is the path that is shortened. */
static void tell_failure(struct app *app, const struct error *error)
{
	const char *path = app->path.text, *at = *path ? strstr(error->text, path) : NULL;
	struct strbuf text = STRBUF_INIT;
	int room = app->width - text_width(error->text) + text_width(path);

	if (!at)
		return app_tell(app, STYLE_WARNING, "%s", error->text);
	strbuf_add(&text, error->text, (size_t)(at - error->text));
	text_shorten(&text, path, room > 12 ? room : 12);
	strbuf_adds(&text, at + strlen(path));
	app_tell(app, STYLE_WARNING, "%s", text.text);
	strbuf_release(&text);
}

static void tell_end(struct app *app, bool ok, const struct error *error)
{
	app->saving = false;
	app->stale = true;
	if (ok)
		app_tell(app, STYLE_NOTICE, "saved to %s", app->path.text);
	else if (error->code == ECANCELED)
		app_tell(app, STYLE_NOTICE, "%s", error->text);
	else
		tell_failure(app, error);
}

void saving_check(struct app *app, unsigned wait_ms)
{
	struct error error = { 0 };
	enum session_saving now;

	if (!app->saving)
		return;
	now = session_save_poll(app->session, wait_ms, &error);
	if (now == SESSION_SAVED || now == SESSION_SAVE_FAILED)
		tell_end(app, now == SESSION_SAVED, &error);
}

bool saving_goes_on(struct app *app)
{
	if (app->saving)
		app_tell(app, STYLE_WARNING, "still saving to %s", app->path.text);
	return app->saving;
}

/* What is over in a moment needs no telling of how far it is. */
static void save(struct app *app, bool replace)
{
	struct error error = { 0 };

	app->saving = session_save_start(app->session, app->path.text, replace,
					 app->options->weight, &app->scene.query, &error);
	if (app->saving) {
		saving_check(app, MOMENT_MS);
	} else if (error.code == EEXIST && !replace) {
		strbuf_clear(&app->message);
		strbuf_addf(&app->message, "%s exists. Replace it? (y/n) ", app->path.text);
		prompt_ask(&app->prompt, app->message.text);
		app_forget_message(app);
		app->purpose = ASKING_OVERWRITE;
	} else {
		tell_failure(app, &error);
	}
}

void saving_replace(struct app *app)
{
	save(app, true);
}

void saving_end(struct app *app)
{
	strbuf_clear(&app->path);
	strbuf_adds(&app->path, app->prompt.text.text);
	/* Standard output is where the screen may be. */
	if (!app->path.len || !strcmp(app->path.text, "-"))
		app_tell(app, STYLE_NOTICE, "not saved: no file name");
	else
		save(app, false);
}

static bool write_screen(const struct app *app, const char *path, struct error *error)
{
	struct strbuf text = STRBUF_INIT;
	struct file_save file;
	bool ok = file_save_open(&file, path, false, error);

	if (ok) {
		grid_dump(&app->grid, false, &text);
		fwrite(text.text, 1, text.len, file.stream);
		ok = file_save_commit(&file, error);
	}
	strbuf_release(&text);
	return ok;
}

void saving_screen(struct app *app)
{
	for (int number = 1; number < 10000; number++) {
		struct error error = { 0 };
		char path[40];

		snprintf(path, sizeof path, "tprof-screen-%d.txt", number);
		if (write_screen(app, path, &error)) {
			app_tell(app, STYLE_NOTICE, "screen saved to %s", path);
			return;
		}
		if (error.code != EEXIST) {
			app_tell(app, STYLE_WARNING, "%s", error.text);
			return;
		}
	}
	app_tell(app, STYLE_WARNING, "not saved: there are too many tprof-screen files here");
}
