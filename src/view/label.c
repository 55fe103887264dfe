#include "view/label.h"

#include <ctype.h>

#include "base/text.h"

enum {
	NESTED_MAX = 64,
	LENGTH_MAX = 16 * 1024,	/* longer ones are cut without being understood */
	STEPS_MAX = 64,
};

static const char mark[] = "…";

/* What stands between a pair of brackets. */
struct group {
	size_t from, until;
};

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Behind "operator<<" and the like, whose signs are no brackets; at itself if there is none. */
static size_t operator_end(const char *text, size_t at)
{
	static const char word[] = "operator";
	size_t end = at + sizeof word - 1;

	if (strncmp(text + at, word, sizeof word - 1) != 0 || (at && is_word(text[at - 1])))
		return at;
	if (!strncmp(text + end, "()", 2))
		return end + 2;
	return end + strspn(text + end, "<>=-!");
}

/* Goes through the groups, inner ones before those around them. */
struct groups {
	const char *text;
	size_t at, depth;
	size_t open[NESTED_MAX];
};

static bool is_closed_by(char open, char c)
{
	return (open == '<' && c == '>') || (open == '(' && c == ')');
}

static bool next_group(struct groups *g, struct group *group)
{
	while (g->text[g->at]) {
		size_t at = operator_end(g->text, g->at);
		char c = g->text[at];

		if (at > g->at) {
			g->at = at;
			continue;
		}
		g->at++;
		if (c == '<' || c == '(') {
			if (g->depth == NESTED_MAX)
				return false;
			g->open[g->depth++] = at;
		} else if (c == '>' && at && g->text[at - 1] == '-') {
			continue;	/* "fn() -> T" */
		} else if (c == '>' || c == ')') {
			size_t depth = g->depth;

			while (depth && !is_closed_by(g->text[g->open[depth - 1]], c))
				depth--;
			if (!depth)
				continue;
			g->depth = depth - 1;
			*group = (struct group){ g->open[depth - 1] + 1, at };
			return true;
		}
	}
	return false;
}

/* The smallest that makes the label narrow enough, or the largest. */
static bool find_group(const char *text, int excess, struct group *best)
{
	struct groups groups = { .text = text };
	struct group group;
	size_t need = (size_t)excess, best_gain = 0;

	while (next_group(&groups, &group)) {
		size_t gain = group.until - group.from;

		/* "<T as Trait>::name" would be nothing but its name. */
		if (gain < sizeof mark || group.from == 1)
			continue;
		if (best_gain && (gain > need ? best_gain > need && best_gain <= gain
					      : best_gain >= gain))
			continue;
		*best = group;
		best_gain = gain;
	}
	return best_gain > 0;
}

static void cut(struct strbuf *text, size_t from, size_t until)
{
	struct strbuf rest = STRBUF_INIT;

	strbuf_adds(&rest, text->text + until);
	strbuf_cut(text, from);
	strbuf_adds(text, mark);
	strbuf_add(text, rest.text, rest.len);
	strbuf_release(&rest);
}

/* Where a name in front of "::" ends, outside of brackets; 0 behind the last one. */
static size_t next_scope(const char *text, size_t at)
{
	int depth = 0;

	if (*text == '<')
		return 0;
	for (; text[at]; at++) {
		size_t end = operator_end(text, at);

		if (end > at)
			return 0;
		if (strchr("<({[", text[at]))
			depth++;
		else if (strchr(">)}]", text[at]))
			depth--;
		else if (!depth && at && text[at] == ':' && text[at + 1] == ':')
			return at;
		/* Parameters come behind the name. */
		if (text[at] == '(' && at && depth == 1)
			return 0;
	}
	return 0;
}

/* As few namespaces as it takes, from the left; all if that is not enough. */
static void cut_scopes(struct strbuf *text, int width)
{
	int all = text_width(text->text);
	size_t scope = 0, next = next_scope(text->text, 0);

	while (next) {
		struct strbuf before = STRBUF_INIT;
		int rest;

		scope = next;
		strbuf_add(&before, text->text, scope);
		rest = all - text_width(before.text) + 1;
		strbuf_release(&before);
		if (rest <= width)
			break;
		next = next_scope(text->text, scope + 2);
	}
	if (scope)
		cut(text, 0, scope);
}

/* "<alloc::vec::Vec<T> as core::fmt::Debug>::fmt" as "<Vec<T> as Debug>::fmt". */
static void cut_modules(struct strbuf *text, int width)
{
	struct strbuf out = STRBUF_INIT;
	const char *at = text->text;
	int depth = 0;

	if (*at != '<' || text_width(at) <= width)
		return;
	while (*at) {
		size_t word = 0;

		while (is_word(at[word]))
			word++;
		if (depth && word && !strncmp(at + word, "::", 2)) {
			at += word + 2;
			continue;
		}
		if (*at == '<')
			depth++;
		else if (*at == '>' && at[-1] != '-')
			depth--;
		strbuf_add(&out, at, word ? word : 1);
		at += word ? word : 1;
	}
	strbuf_clear(text);
	strbuf_add(text, out.text, out.len);
	strbuf_release(&out);
}

/* "f(int) [clone .isra.0]" is f(int) to those who have little room. */
static void cut_clone(struct strbuf *text, int width)
{
	const char *clone = strstr(text->text, " [clone ");

	if (clone && text_width(text->text) > width)
		strbuf_cut(text, (size_t)(clone - text->text));
}

/* "…::find(…) const" as "find(…) const", as "find". */
static void strip(struct strbuf *text, int width)
{
	static const char scopes[] = "…::";
	const char *parameters;

	if (text_width(text->text) > width && !strncmp(text->text, scopes, sizeof scopes - 1)) {
		struct strbuf rest = STRBUF_INIT;

		strbuf_adds(&rest, text->text + sizeof scopes - 1);
		strbuf_clear(text);
		strbuf_add(text, rest.text, rest.len);
		strbuf_release(&rest);
	}
	parameters = strstr(text->text, "(…)");
	if (text_width(text->text) > width && parameters && parameters > text->text)
		strbuf_cut(text, (size_t)(parameters - text->text));
}

void label_shorten(struct strbuf *out, const char *label, int width)
{
	struct strbuf text = STRBUF_INIT;
	struct group group;
	int excess;

	text_sanitize(&text, label, strlen(label));
	cut_clone(&text, width);
	cut_modules(&text, width);
	if (text.len <= LENGTH_MAX) {
		for (int i = 0; i < STEPS_MAX; i++) {
			excess = text_width(text.text) - width;
			if (excess <= 0 || !find_group(text.text, excess, &group))
				break;
			cut(&text, group.from, group.until);
		}
		if (text_width(text.text) > width)
			cut_scopes(&text, width);
		strip(&text, width);
	}
	text_shorten(out, text.text, width);
	strbuf_release(&text);
}

int label_draw(struct canvas c, int x, int y, int width, enum style style, const char *label)
{
	struct strbuf text = STRBUF_INIT;
	int used = 0;

	if (width > c.width - x)
		width = c.width - x;
	if (width > 0) {
		label_shorten(&text, label, width);
		used = canvas_text(c, x, y, style, text.text);
	}
	strbuf_release(&text);
	return used;
}

void label_draw_remarked(struct canvas c, enum style style, const char *label,
			 enum style remark_style, const char *remark)
{
	int used = text_width(remark);

	if (used > c.width / 2 && used + text_width(label) > c.width)
		used = 0;
	if (used) {
		int x = label_draw(c, 0, 0, c.width - used, style, label);

		canvas_text(c, x, 0, remark_style, remark);
	} else {
		label_draw(c, 0, 0, c.width, style, label);
	}
}
