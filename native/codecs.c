/*
 * A small interface to the compression libraries, for src/ramdisk/codec-native.ts. It has streams
 * (xz, lzma, zstd, bzip2) and single blocks (lz4, lzo). Arguments are int32 or buffers. Results are
 * 0 or more, or one of the errors below, negated. Only the workstation needs it, not the board.
 *
 * Decoders have the same limits as the kernel's, so a hostile stream costs no more memory here than
 * there.
 */
#include <bzlib.h>
#include <lz4.h>
#include <lz4hc.h>
#include <lzma.h>
#include <lzo/lzo1x.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>
#include <zstd.h>
#include <zstd_errors.h>

#define EXPORT __attribute__((visibility("default")))

enum { XZ, LZMA, ZSTD, BZIP2, LZ4, LZO };
enum { COMPRESS, DECOMPRESS };
/* src/ramdisk/codec-native.ts has the same numbers. */
enum { MEMORY = 1, FORMAT, OPTIONS, DATA, OTHER };

/* The kernel allocates a dictionary with vmalloc(). A 32-bit ARM kernel has 240 MiB for all of
 * vmalloc() (arch/arm/mm/mmu.c). */
#define DICTIONARIES (UINT64_C(240) << 20)
/* The most that the decoder of a small board should allocate in one piece. */
#define DICTIONARY (8u << 20)
/*
 * What one thread compresses alone. With xz's own 24 MiB the libraries of a Debian take 0.8 % less,
 * and ramdisks of less than that have one thread.
 */
#define XZ_BLOCK (12u << 20)

struct stream {
	int method, direction;
	lzma_stream lzma;
	bz_stream bzip2;
	ZSTD_CCtx *pack;
	ZSTD_DCtx *unpack;
};

static struct stream *streams[64];
static const int slots = sizeof streams / sizeof *streams;

static int lzma_error(lzma_ret result)
{
	switch (result) {
	/* There is neither room nor input left. */
	case LZMA_OK:
	case LZMA_BUF_ERROR:
		return 0;
	case LZMA_STREAM_END:
		return 1;
	case LZMA_MEM_ERROR:
	case LZMA_MEMLIMIT_ERROR:
		return -MEMORY;
	case LZMA_FORMAT_ERROR:
		return -FORMAT;
	case LZMA_OPTIONS_ERROR:
		return -OPTIONS;
	case LZMA_DATA_ERROR:
		return -DATA;
	default:
		return -OTHER;
	}
}

static int bzip2_error(int result)
{
	switch (result) {
	case BZ_OK:
	case BZ_RUN_OK:
	case BZ_FINISH_OK:
		return 0;
	case BZ_STREAM_END:
		return 1;
	case BZ_MEM_ERROR:
		return -MEMORY;
	case BZ_DATA_ERROR_MAGIC:
		return -FORMAT;
	case BZ_DATA_ERROR:
		return -DATA;
	default:
		return -OTHER;
	}
}

static int zstd_error(size_t result)
{
	switch (ZSTD_getErrorCode(result)) {
	case ZSTD_error_memory_allocation:
		return -MEMORY;
	case ZSTD_error_prefix_unknown:
		return -FORMAT;
	case ZSTD_error_dstSize_tooSmall:
	case ZSTD_error_corruption_detected:
	case ZSTD_error_checksum_wrong:
		return -DATA;
	default:
		return -OTHER;
	}
}

/* The number of threads does not change what a compressor writes, but each takes 100 MiB. */
static int processors(void)
{
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	return online < 1 ? 1 : online > 8 ? 8 : (int)online;
}

static int start_lzma(struct stream *stream, int level)
{
	lzma_options_lzma options;
	lzma_filter filters[] = { { LZMA_FILTER_LZMA2, &options }, { LZMA_VLI_UNKNOWN, NULL } };
	if (stream->direction == DECOMPRESS)
		/* Without LZMA_CONCATENATED, it decodes one stream and no byte after it. */
		return lzma_error(stream->method == XZ
					  ? lzma_stream_decoder(&stream->lzma, DICTIONARIES, 0)
					  : lzma_alone_decoder(&stream->lzma, DICTIONARIES));
	if (lzma_lzma_preset(&options, (uint32_t)level))
		return -OPTIONS;
	options.dict_size = DICTIONARY;
	/* xz uses CRC64 by default, which the kernel does not know (lib/xz/xz_dec_stream.c). */
	const lzma_mt several = {
		.threads = (uint32_t)processors(),
		.block_size = XZ_BLOCK,
		.filters = filters,
		.check = LZMA_CHECK_CRC32,
	};
	return lzma_error(stream->method == XZ ? lzma_stream_encoder_mt(&stream->lzma, &several)
					       : lzma_alone_encoder(&stream->lzma, &options));
}

static int start_zstd(struct stream *stream, int level)
{
	/* The library and the kernel limit the window to the same size, 128 MiB. */
	if (stream->direction == DECOMPRESS)
		return (stream->unpack = ZSTD_createDCtx()) ? 0 : -MEMORY;
	if (!(stream->pack = ZSTD_createCCtx()))
		return -MEMORY;
	size_t result = ZSTD_CCtx_setParameter(stream->pack, ZSTD_c_compressionLevel, level);
	if (!ZSTD_isError(result))
		result = ZSTD_CCtx_setParameter(stream->pack, ZSTD_c_checksumFlag, 1);
	/* A library without threads refuses this, and does without. */
	ZSTD_CCtx_setParameter(stream->pack, ZSTD_c_nbWorkers, processors());
	return ZSTD_isError(result) ? zstd_error(result) : 0;
}

static int start(struct stream *stream, int level)
{
	switch (stream->method) {
	case XZ:
	case LZMA:
		return start_lzma(stream, level);
	case ZSTD:
		return start_zstd(stream, level);
	case BZIP2:
		return bzip2_error(stream->direction == COMPRESS
					   ? BZ2_bzCompressInit(&stream->bzip2, level, 0, 0)
					   : BZ2_bzDecompressInit(&stream->bzip2, 0, 0));
	default:
		return -OPTIONS;
	}
}

static void end(struct stream *stream)
{
	lzma_end(&stream->lzma);
	/* These calls do nothing for a stream that was not started. */
	if (stream->method == BZIP2)
		(stream->direction == COMPRESS ? BZ2_bzCompressEnd : BZ2_bzDecompressEnd)(
			&stream->bzip2);
	ZSTD_freeCCtx(stream->pack);
	ZSTD_freeDCtx(stream->unpack);
	free(stream);
}

/* Returns the stream's number. */
EXPORT int32_t codecs_open(int32_t method, int32_t direction, int32_t level)
{
	int slot = 0;
	while (slot < slots && streams[slot])
		slot++;
	if (slot == slots)
		return -MEMORY;
	struct stream *stream = calloc(1, sizeof *stream);
	if (!stream)
		return -MEMORY;
	*stream = (struct stream){
		.method = method, .direction = direction, .lzma = LZMA_STREAM_INIT
	};
	int result = start(stream, level);
	if (result < 0) {
		end(stream);
		return result;
	}
	streams[slot] = stream;
	return slot;
}

EXPORT void codecs_close(int32_t slot)
{
	if (slot < 0 || slot >= slots || !streams[slot])
		return;
	end(streams[slot]);
	streams[slot] = NULL;
}

static int step_lzma(struct stream *stream, const uint8_t *in, size_t in_length, uint8_t *out,
	size_t room, int finish, int32_t *counts)
{
	lzma_stream *lzma = &stream->lzma;
	lzma->next_in = in, lzma->avail_in = in_length, lzma->next_out = out,
	lzma->avail_out = room;
	int result = lzma_error(lzma_code(lzma, finish ? LZMA_FINISH : LZMA_RUN));
	counts[0] = (int32_t)(in_length - lzma->avail_in),
	counts[1] = (int32_t)(room - lzma->avail_out);
	return result;
}

static int step_bzip2(struct stream *stream, const uint8_t *in, size_t in_length, uint8_t *out,
	size_t room, int finish, int32_t *counts)
{
	bz_stream *bzip2 = &stream->bzip2;
	bzip2->next_in = (char *)in, bzip2->avail_in = (unsigned)in_length,
	bzip2->next_out = (char *)out, bzip2->avail_out = (unsigned)room;
	int result;
	if (stream->direction == DECOMPRESS)
		result = BZ2_bzDecompress(bzip2);
	/* The library reports an error when it gets no input. */
	else
		result = in_length == 0 && !finish
				 ? BZ_RUN_OK
				 : BZ2_bzCompress(bzip2, finish ? BZ_FINISH : BZ_RUN);
	counts[0] = (int32_t)(in_length - bzip2->avail_in),
	counts[1] = (int32_t)(room - bzip2->avail_out);
	return bzip2_error(result);
}

static int step_zstd(struct stream *stream, const uint8_t *in, size_t in_length, uint8_t *out,
	size_t room, int finish, int32_t *counts)
{
	ZSTD_inBuffer from = { in, in_length, 0 };
	ZSTD_outBuffer to = { out, room, 0 };
	size_t left = stream->direction == DECOMPRESS
			      ? ZSTD_decompressStream(stream->unpack, &to, &from)
			      : ZSTD_compressStream2(stream->pack, &to, &from,
					finish ? ZSTD_e_end : ZSTD_e_continue);
	counts[0] = (int32_t)from.pos, counts[1] = (int32_t)to.pos;
	if (ZSTD_isError(left))
		return zstd_error(left);
	return left == 0 && (finish || stream->direction == DECOMPRESS);
}

/*
 * Takes up to in_length bytes and writes up to `room` bytes; counts[] returns both numbers. Returns
 * 1 at the stream's end, else 0. To end a stream, call a compressor with `finish` and without input
 * until it returns 1.
 */
EXPORT int32_t codecs_step(int32_t slot, const uint8_t *in, int32_t in_length, uint8_t *out,
	int32_t room, int32_t finish, int32_t *counts)
{
	counts[0] = counts[1] = 0;
	if (slot < 0 || slot >= slots || !streams[slot] || in_length < 0 || room < 0)
		return -OPTIONS;
	struct stream *stream = streams[slot];
	switch (stream->method) {
	case ZSTD:
		return step_zstd(stream, in, (size_t)in_length, out, (size_t)room, finish, counts);
	case BZIP2:
		return step_bzip2(stream, in, (size_t)in_length, out, (size_t)room, finish, counts);
	default:
		return step_lzma(stream, in, (size_t)in_length, out, (size_t)room, finish, counts);
	}
}

static int32_t lzo_block(int32_t direction, int32_t level, const uint8_t *in, int32_t in_length,
	uint8_t *out, int32_t room)
{
	lzo_uint length = (lzo_uint)room;
	int result;
	if (lzo_init() != LZO_E_OK)
		return -OTHER;
	if (direction == DECOMPRESS)
		result = lzo1x_decompress_safe(in, (lzo_uint)in_length, out, &length, NULL);
	else {
		/* The compressor assumes enough room for incompressible data. This is the size
		 * that its manual requires. */
		if (room < in_length + in_length / 16 + 64 + 3)
			return -OPTIONS;
		void *work = malloc(LZO1X_999_MEM_COMPRESS);
		if (!work)
			return -MEMORY;
		result = lzo1x_999_compress_level(
			in, (lzo_uint)in_length, out, &length, work, NULL, 0, NULL, level);
		free(work);
	}
	return result == LZO_E_OK	       ? (int32_t)length
	       : result == LZO_E_OUT_OF_MEMORY ? -MEMORY
					       : -DATA;
}

/* Converts one whole block of at most 64 MiB. Returns the length of the result. */
EXPORT int32_t codecs_block(int32_t method, int32_t direction, int32_t level, const uint8_t *in,
	int32_t in_length, uint8_t *out, int32_t room)
{
	if (in_length < 0 || room < 0 || in_length > 64 << 20 || room > 64 << 20)
		return -OPTIONS;
	if (method == LZO)
		return lzo_block(direction, level, in, in_length, out, room);
	if (method != LZ4)
		return -OPTIONS;
	int length =
		direction == DECOMPRESS
			? LZ4_decompress_safe((const char *)in, (char *)out, in_length, room)
			: LZ4_compress_HC((const char *)in, (char *)out, in_length, room, level);
	return direction == DECOMPRESS ? (length < 0 ? -DATA : length)
	       : length > 0	       ? length
				       : -OTHER;
}

/* Returns the checksum that lzop uses for a block. */
EXPORT uint32_t codecs_adler32(const uint8_t *in, int32_t length)
{
	return lzo_adler32(1, in, (lzo_uint)length);
}
