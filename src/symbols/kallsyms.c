#include "symbols/kallsyms.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	LINE_MAX_LEN = 1024,
	SYMBOLS_MAX = 2 << 20,
	TEXT_MAX = 64 << 20,
	FUNCTION_MAX = 4 << 20,		/* bytes; what is farther from its symbol is not of it */
};

static uint32_t add_text(struct kallsyms *k, const char *text, size_t len)
{
	uint32_t at = (uint32_t)k->text.len;

	array_reserve(&k->text, len + 1);
	memcpy(k->text.at + k->text.len, text, len);
	k->text.at[k->text.len + len] = '\0';
	k->text.len += len + 1;
	return at;
}

/* Modules come one after the other: compare with the last one only. */
static uint32_t add_module(struct kallsyms *k, const char *name, size_t len)
{
	if (k->symbol.len) {
		uint32_t last = k->symbol.at[k->symbol.len - 1].module;

		if (last && !strncmp(k->text.at + last, name, len) && !k->text.at[last + len])
			return last;
	}
	return add_text(k, name, len);
}

/* "ffffffffc0123450 t ext4_map_blocks\t[ext4]" */
static void take_line(struct kallsyms *k, char *line)
{
	char *at, *name, *end, *module;
	uint64_t address = strtoull(line, &at, 16);
	struct kernel_symbol symbol = { .address = address };

	if (at == line || at[0] != ' ' || !at[1] || at[2] != ' ' || !strchr("tTwW", at[1]))
		return;
	name = at + 3;
	end = name + strcspn(name, " \t");
	if (end == name || k->symbol.len >= SYMBOLS_MAX || k->text.len >= TEXT_MAX)
		return;
	module = end + strspn(end, " \t");
	if (*module == '[')
		symbol.module = add_module(k, module + 1, strcspn(module + 1, "]"));
	symbol.name = add_text(k, name, (size_t)(end - name));
	array_push(&k->symbol, symbol);
}

/* Take the whole lines of a buffer; says how many bytes are left over. */
static size_t take_lines(struct kallsyms *k, char *buffer, size_t len)
{
	char *line = buffer, *end;

	while ((end = memchr(line, '\n', len - (size_t)(line - buffer)))) {
		*end = '\0';
		take_line(k, line);
		line = end + 1;
	}
	len -= (size_t)(line - buffer);
	memmove(buffer, line, len);
	return len;
}

static int compare_addresses(const void *a, const void *b)
{
	const struct kernel_symbol *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return x->name < y->name ? -1 : x->name > y->name;
}

static bool is_sorted(const struct kallsyms *k)
{
	for (size_t i = 1; i < k->symbol.len; i++)
		if (k->symbol.at[i].address < k->symbol.at[i - 1].address)
			return false;
	return true;
}

static void clear(struct kallsyms *k)
{
	k->symbol.len = 0;
	k->text.len = 0;
	add_text(k, "", 0);
}

void kallsyms_load(struct kallsyms *k, int fd, uint64_t now)
{
	char buffer[64 << 10];
	size_t kept = 0;
	off_t offset = 0;
	ssize_t got;

	clear(k);
	while ((got = pread(fd, buffer + kept, sizeof buffer - kept, offset)) > 0) {
		offset += got;
		kept = take_lines(k, buffer, kept + (size_t)got);
		if (kept > LINE_MAX_LEN)
			break;
	}
	if (!is_sorted(k))
		qsort(k->symbol.at, k->symbol.len, sizeof *k->symbol.at, compare_addresses);
	k->hidden = k->symbol.len && !k->symbol.at[k->symbol.len - 1].address;
	if (k->hidden)
		clear(k);
	k->read_at = now;
}

void kallsyms_release(struct kallsyms *k)
{
	array_release(&k->symbol);
	array_release(&k->text);
}

size_t kallsyms_bytes(const struct kallsyms *k)
{
	return k->symbol.cap * sizeof *k->symbol.at + k->text.cap;
}

/* Section marks such as _text and __irqentry_text_start name no code. */
static bool is_plainer(const char *a, const char *b)
{
	size_t ua = strspn(a, "_"), ub = strspn(b, "_");

	return ua != ub ? ua < ub : strlen(a) < strlen(b);
}

static const struct kernel_symbol *find(const struct kallsyms *k, uint64_t address)
{
	const struct kernel_symbol *best;
	size_t low = 0, high = k->symbol.len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (k->symbol.at[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || address - k->symbol.at[low - 1].address >= FUNCTION_MAX)
		return NULL;
	best = &k->symbol.at[--low];
	for (int looked = 0; low > 0 && looked < 16; looked++) {
		const struct kernel_symbol *other = &k->symbol.at[--low];

		if (other->address != best->address)
			break;
		if (is_plainer(k->text.at + other->name, k->text.at + best->name))
			best = other;
	}
	return best;
}

/* BPF programs come and go, and other code takes their place. */
static bool may_have_changed(const struct kallsyms *k, const struct kernel_symbol *symbol)
{
	return !symbol || !strcmp(k->text.at + symbol->module, "bpf");
}

bool kallsyms_find(struct kallsyms *k, int fd, uint64_t now, uint64_t address,
		   const char **name, const char **module)
{
	const struct kernel_symbol *symbol = find(k, address);

	if (may_have_changed(k, symbol) && now - k->read_at >= KALLSYMS_AGAIN) {
		kallsyms_load(k, fd, now);
		symbol = find(k, address);
	}
	if (!symbol)
		return false;
	*name = k->text.at + symbol->name;
	*module = symbol->module ? k->text.at + symbol->module : NULL;
	return true;
}
