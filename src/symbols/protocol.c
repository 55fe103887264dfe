#include "symbols/protocol.h"

#include <string.h>

enum { ANSWERS_HEADER = 2 * sizeof(uint32_t) };

static void put_u32(struct strbuf *out, uint32_t value)
{
	strbuf_add(out, &value, sizeof value);
}

static void put_u64(struct strbuf *out, uint64_t value)
{
	strbuf_add(out, &value, sizeof value);
}

void protocol_put_request(struct strbuf *out, const struct request *request)
{
	size_t count = request->type == REQUEST_ASK ? request->count : 0;

	put_u32(out, request->type);
	put_u32(out, request->image);
	put_u32(out, request->kind);
	put_u32(out, (uint32_t)count);
	for (size_t i = 0; i < count; i++)
		put_u64(out, request->address[i]);
}

bool protocol_take_request(struct bytes packet, struct request *request)
{
	uint32_t type, image, kind, count;

	if (!take_u32(&packet, &type) || !take_u32(&packet, &image) ||
	    !take_u32(&packet, &kind) || !take_u32(&packet, &count))
		return false;
	if (type < REQUEST_ADD || type > REQUEST_ROWS || kind > IMAGE_KALLSYMS ||
	    count > PROTOCOL_ASK_MAX || packet.len != count * sizeof(uint64_t))
		return false;
	request->type = (enum request_type)type;
	request->image = image;
	request->kind = (enum image_kind)kind;
	request->count = count;
	for (size_t i = 0; i < count; i++)
		take_u64(&packet, &request->address[i]);
	return true;
}

void protocol_begin_answers(struct strbuf *out)
{
	strbuf_clear(out);
	put_u32(out, ANSWER_NAMES);
	put_u32(out, 0);
}

static void put_text(struct strbuf *out, const char *text)
{
	size_t len = text ? strnlen(text, PROTOCOL_TEXT_MAX) : 0;

	strbuf_add(out, text, len);
	strbuf_pad(out, '\0', 1);
}

static void put_frame(struct strbuf *out, const struct symbol_frame *frame)
{
	put_u32(out, frame->line);
	put_u32(out, frame->function_line);
	put_text(out, frame->function);
	put_text(out, frame->file);
	put_text(out, frame->module);
}

/* Overwrite a number that was put before. */
static void patch_u32(struct strbuf *out, size_t at, uint32_t value)
{
	memcpy(out->text + at, &value, sizeof value);
}

bool protocol_put_answer(struct strbuf *out, const struct symbol_answer *answer)
{
	size_t begin = out->len, end;
	uint32_t frames = 0, count;

	put_u32(out, answer->image);
	put_u32(out, 0);
	put_u64(out, answer->address);
	for (end = out->len; frames < answer->frame_count && frames < SYMBOL_FRAMES_MAX; frames++) {
		put_frame(out, &answer->frame[frames]);
		if (out->len > PROTOCOL_PACKET_MAX)
			break;
		end = out->len;
	}
	strbuf_cut(out, end);
	if (begin > ANSWERS_HEADER &&
	    (frames < answer->frame_count || out->len > PROTOCOL_PACKET_MAX)) {
		strbuf_cut(out, begin);
		return false;
	}
	patch_u32(out, begin + sizeof(uint32_t), frames);
	memcpy(&count, out->text + sizeof count, sizeof count);
	patch_u32(out, sizeof count, count + 1);
	return true;
}

void protocol_put_trouble(struct strbuf *out, enum trouble trouble)
{
	strbuf_clear(out);
	put_u32(out, ANSWER_TROUBLE);
	put_u32(out, trouble);
}

void protocol_put_rows(struct strbuf *out, uint32_t image, enum rows_result result)
{
	strbuf_clear(out);
	put_u32(out, ANSWER_ROWS);
	put_u32(out, result);
	put_u32(out, image);
}

bool protocol_take_header(struct bytes *packet, enum answer_type *type, uint32_t *count)
{
	uint32_t number;

	if (!take_u32(packet, &number) || !take_u32(packet, count))
		return false;
	if (number < ANSWER_NAMES || number > ANSWER_ROWS)
		return false;
	*type = (enum answer_type)number;
	return true;
}

bool protocol_take_rows(struct bytes *packet, uint32_t count, uint32_t *image,
			enum rows_result *result)
{
	if (count >= ROWS_RESULTS || !take_u32(packet, image) || packet->len)
		return false;
	*result = (enum rows_result)count;
	return true;
}

static bool take_name(struct bytes *in, const char **text)
{
	if (!take_text(in, text) || strlen(*text) > PROTOCOL_TEXT_MAX)
		return false;
	if (!**text)
		*text = NULL;
	return true;
}

static bool take_frame(struct bytes *in, struct symbol_frame *frame)
{
	return take_u32(in, &frame->line) && take_u32(in, &frame->function_line) &&
	       take_name(in, &frame->function) && frame->function &&
	       take_name(in, &frame->file) && take_name(in, &frame->module);
}

bool protocol_take_answer(struct bytes *packet, struct symbol_answer *answer,
			  struct symbol_frame frame[SYMBOL_FRAMES_MAX])
{
	uint32_t image, frames;
	uint64_t address;

	if (!take_u32(packet, &image) || !take_u32(packet, &frames) ||
	    !take_u64(packet, &address) || frames > SYMBOL_FRAMES_MAX)
		return false;
	for (uint32_t i = 0; i < frames; i++)
		if (!take_frame(packet, &frame[i]))
			return false;
	*answer = (struct symbol_answer){ .image = image, .address = address,
					  .frame = frame, .frame_count = frames };
	return true;
}
