#ifndef TPROF_SYMBOLS_PROTOCOL_H
#define TPROF_SYMBOLS_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/strbuf.h"
#include "symbols/symbol.h"

/*
 * What goes over the socket between tprof and its symbolizer, a local
 * sequenced-packet socket, in the machine's own byte order.
 *
 *	request: u32 type, u32 image, u32 kind, u32 count,
 *		 then for REQUEST_ASK count addresses of 64 bits;
 *		 a REQUEST_ADD carries the file's descriptor beside it
 *	answer:	 u32 type, u32 count, then count records
 *
 * A REQUEST_ROWS asks for the unwind information of an image.  ANSWER_ROWS
 * has the enum rows_result in the place of the count, then u32 image; with
 * ROWS_MADE, and only then, a descriptor is beside it: of a sealed memory
 * file laid out as struct unwind_file says.
 *
 * A record of ANSWER_NAMES is one address: u32 image, u32 frame count, u64
 * address, and for each frame u32 line, u32 line where its function
 * starts, and three texts that end in NUL: function, file, module (empty:
 * not known).  It says itself which address it is about, so one packet can
 * have those of several images.  Every question gets one answer, in the
 * order of the questions.  ANSWER_TROUBLE has no records; count is the
 * reason.
 */
enum {
	PROTOCOL_FD		= 3,		/* the symbolizer's end */
	PROTOCOL_PACKET_MAX	= 64 << 10,
	PROTOCOL_ASK_MAX	= 256,		/* addresses in one request */
	PROTOCOL_TEXT_MAX	= 4096,		/* bytes of a name, without the NUL */
};

enum request_type { REQUEST_ADD = 1, REQUEST_DROP, REQUEST_ASK, REQUEST_ROWS };
enum answer_type { ANSWER_NAMES = 1, ANSWER_TROUBLE, ANSWER_ROWS };
enum trouble { TROUBLE_NONE, TROUBLE_KERNEL_HIDDEN, TROUBLES };

struct request {
	enum request_type type;
	uint32_t image;
	enum image_kind kind;			/* of REQUEST_ADD */
	size_t count;				/* of REQUEST_ASK */
	uint64_t address[PROTOCOL_ASK_MAX];
};

/* Append the packet of a request. */
void protocol_put_request(struct strbuf *out, const struct request *request);
/* False if the packet is not exactly one request. */
bool protocol_take_request(struct bytes packet, struct request *request);

/* Begin a packet of answers: empties the buffer. */
void protocol_begin_answers(struct strbuf *out);
/*
 * Append a record to a packet.  False, and nothing appended, if it has no
 * room for it any more; to an empty packet a record is always added, with
 * as many of its frames as it has room for.
 */
bool protocol_put_answer(struct strbuf *out, const struct symbol_answer *answer);
void protocol_put_trouble(struct strbuf *out, enum trouble trouble);
void protocol_put_rows(struct strbuf *out, uint32_t image, enum rows_result result);

bool protocol_take_header(struct bytes *packet, enum answer_type *type, uint32_t *count);
/* What follows the header of ANSWER_ROWS; count is that of the header. */
bool protocol_take_rows(struct bytes *packet, uint32_t count, uint32_t *image,
			enum rows_result *result);
/* The frames are written to frame[], their texts are lent from the packet. */
bool protocol_take_answer(struct bytes *packet, struct symbol_answer *answer,
			  struct symbol_frame frame[SYMBOL_FRAMES_MAX]);

#endif
