/*
 * Fuzzes a decoder of native/codecs.c: METHOD is one of XZ, LZMA, ZSTD, BZIP2, LZ4 and LZO. The
 * first byte of an input says how large the pieces are.
 */
#include "../codecs.c"
#include "fuzz.h"

#define ROOM 65536
/* A stream of a few kilobytes may grow to more, and has been read far enough by then. */
#define MOST (1 << 20)

static uint8_t *room;

static void check_counts(const int32_t *counts, int32_t length, int32_t space, int32_t result)
{
	if (counts[0] < 0 || counts[0] > length || counts[1] < 0 || counts[1] > space)
		fail("a count is out of its bounds");
	if (result < -OTHER || result > 1)
		fail("a result has no meaning");
}

static void stream(uint8_t piece, const uint8_t *bytes, size_t length)
{
	int32_t slot = codecs_open(METHOD, DECOMPRESS, 0), counts[2], result = 0;
	if (slot < 0)
		fail("a decoder does not begin");
	int32_t each = piece ? piece : (int32_t)length, space = piece & 1 ? ROOM : 1000 + piece;
	for (size_t total = 0; result == 0 && total < MOST; total += (size_t)counts[1]) {
		int32_t given = (int32_t)length < each ? (int32_t)length : each;
		result = codecs_step(slot, bytes, given, room, space, 0, counts);
		check_counts(counts, given, space, result);
		bytes += counts[0], length -= (size_t)counts[0];
		if (counts[0] == 0 && counts[1] == 0)
			break;
	}
	codecs_close(slot);
}

static void block(const uint8_t *bytes, size_t length, int32_t space)
{
	uint8_t *out = malloc((size_t)space ? (size_t)space : 1);
	int32_t result = codecs_block(METHOD, DECOMPRESS, 0, bytes, (int32_t)length, out, space);
	if (result > space || result < -OTHER)
		fail("a block is longer than its room");
	codecs_adler32(out, result > 0 ? result : 0);
	free(out);
}

static void fuzz_one(const uint8_t *bytes, size_t length)
{
	if (length == 0)
		return;
	if (METHOD == LZ4 || METHOD == LZO)
		block(bytes + 1, length - 1, bytes[0] * 64);
	else
		stream(bytes[0], bytes + 1, length - 1);
}

/* A stream with a dictionary of 64 KiB, which no level has. */
static int32_t small_xz(const uint8_t *text, int32_t length, uint8_t *packed)
{
	lzma_options_lzma options;
	lzma_filter filters[] = { { LZMA_FILTER_LZMA2, &options }, { LZMA_VLI_UNKNOWN, NULL } };
	size_t done = 0;

	if (lzma_lzma_preset(&options, 0))
		return -1;
	options.dict_size = 65536;
	return lzma_stream_buffer_encode(filters, LZMA_CHECK_CRC32, NULL, text, (size_t)length,
		       packed, &done, LONGEST - 1)
		       ? -1
		       : (int32_t)done;
}

static void seed_of(const uint8_t *text, int32_t length)
{
	uint8_t packed[LONGEST] = { 200 };
	int32_t counts[2] = { 0, 0 }, done = 0, used = 0, result = 0;
	/* At a low level a decoder needs little memory. Allocating it takes most of the time. */
	if (METHOD == XZ) {
		done = small_xz(text, length, packed + 1);
	} else if (METHOD == LZ4 || METHOD == LZO) {
		done = codecs_block(METHOD, COMPRESS, 9, text, length, packed + 1, LONGEST - 1);
	} else {
		int32_t slot = codecs_open(METHOD, COMPRESS, 1);
		while (slot >= 0 && result == 0 && done < LONGEST - 1) {
			result = codecs_step(slot, text + used, length - used, packed + 1 + done,
				LONGEST - 1 - done, used == length, counts);
			used += counts[0], done += counts[1];
		}
		codecs_close(slot);
	}
	if (done <= 0)
		fail("a seed is not made");
	if (METHOD == LZMA)
		memcpy(packed + 2, (const uint8_t[]){ 0, 0, 1, 0 }, 4);
	add_seed(packed, (size_t)done + 1);
}

static void fuzz_begin(void)
{
	uint8_t text[3000];
	room = malloc(ROOM);
	for (size_t at = 0; at < sizeof text; at++)
		text[at] = (uint8_t)(at % 97 < 60 ? at % 7 : random_below(256));
	seed_of(text, sizeof text);
	seed_of(text, 40);
	memset(text, 'x', sizeof text);
	seed_of(text, sizeof text);
}
