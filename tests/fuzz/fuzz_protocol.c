/* A packet of either side, as the other might send it were it taken over. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "symbols/protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take_request(struct bytes packet)
{
	struct strbuf again = STRBUF_INIT;
	struct request request;

	if (protocol_take_request(packet, &request)) {
		protocol_put_request(&again, &request);
		if (request.type == REQUEST_ASK &&
		    (again.len != packet.len || memcmp(again.text, packet.at, packet.len)))
			abort();
	}
	strbuf_release(&again);
}

static void take_answers(struct bytes packet)
{
	size_t size = packet.len;
	struct symbol_frame frame[SYMBOL_FRAMES_MAX];
	struct strbuf again = STRBUF_INIT;
	struct symbol_answer answer;
	enum answer_type type;
	uint32_t count;
	size_t len = 0;

	if (!protocol_take_header(&packet, &type, &count))
		return;
	if (type == ANSWER_ROWS) {
		uint32_t image;
		enum rows_result result;

		if (protocol_take_rows(&packet, count, &image, &result) && result >= ROWS_RESULTS)
			abort();
		return;
	}
	protocol_begin_answers(&again);
	while (protocol_take_answer(&packet, &answer, frame)) {
		for (size_t i = 0; i < answer.frame_count; i++)
			len += strlen(frame[i].function);
		protocol_put_answer(&again, &answer);
	}
	if (len > size || again.len > PROTOCOL_PACKET_MAX)
		abort();
	strbuf_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes packet = { data, size };

	take_request(packet);
	take_answers(packet);
	return 0;
}
