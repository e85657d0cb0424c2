/*
 * Fuzzes native/ext2.c. An input is a list of calls: a byte for the call, a byte for each number,
 * and names that end with a NUL. Each image is small, so that it is often full.
 */
#define _GNU_SOURCE
#include "../ext2.c"
#define fail fuzz_fail
#include "fuzz.h"
#undef fail
#include <sys/mman.h>

#define BLOCKS 64
#define INODES 32

static char path[64];
static int file;

struct reader {
	const uint8_t *at, *end;
};

static uint8_t byte_of(struct reader *reader)
{
	return reader->at < reader->end ? *reader->at++ : 0;
}

/* Most numbers are ones that the caller may use; TypeScript passes only those of earlier results.
 */
static uint32_t inode_of(struct reader *reader, uint32_t made)
{
	uint8_t byte = byte_of(reader);
	return byte % 8 == 7 ? (uint32_t)byte * 0x01020304u : 2 + byte % (made ? made : 1);
}

static void name_of(struct reader *reader, char *name, size_t room)
{
	size_t length = 0;
	for (uint8_t byte; length < room - 1 && (byte = byte_of(reader));)
		name[length++] = (char)byte;
	name[length] = 0;
}

static const uint32_t MODES[] = { S_IFREG, S_IFDIR, S_IFLNK, S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK,
	0 };

static void call(struct reader *reader, int32_t slot, uint32_t *made)
{
	char name[1200], target[1200];
	uint8_t bytes[5000], number = byte_of(reader);
	uint32_t parent = inode_of(reader, *made), mode = MODES[byte_of(reader) % 8] | 0755;
	int32_t result;
	switch (number % 5) {
	case 0:
	case 1:
		name_of(reader, name, sizeof name);
		name_of(reader, target, sizeof target);
		result = ext2_add(slot, parent, name, mode, number, number << 20, parent, number,
			number << 12, target);
		if (result > 0)
			*made = (uint32_t)result;
		break;
	case 2:
		name_of(reader, name, sizeof name);
		ext2_link(slot, inode_of(reader, *made), name, parent);
		break;
	case 3:
		memset(bytes, number, sizeof bytes);
		ext2_append(slot, parent, bytes, (uint32_t)byte_of(reader) * 19);
		break;
	default:
		ext2_set(slot, parent, mode, number, number, number);
	}
	if (!ext2_message())
		fuzz_fail("there is no message");
}

static void fuzz_one(const uint8_t *bytes, size_t length)
{
	struct reader reader = { bytes, bytes + length };
	uint32_t made = 0;
	if (ftruncate(file, 0) < 0 || ftruncate(file, BLOCKS * 1024) < 0)
		fuzz_fail("no room for the image");
	int32_t slot = ext2_create(path, BLOCKS, INODES, 1600000000);
	if (slot < 0)
		fuzz_fail(ext2_message());
	while (reader.at < reader.end)
		call(&reader, slot, &made);
	ext2_close(slot, length % 4 != 0);
	if (ext2_close(slot, 1) != -1)
		fuzz_fail("an image is closed twice");
}

/* Directories and files, hard links, device nodes. */
static const char FILES[] = "\0\0\1dir\0\0\0\1\0file\0\0\3\2\0\377\3\2\0\x10";
static const char LINKS[] = "\0\0\2link\0target\0\2\1\0again\0\1\4\0\1";
static const char NODES[] = "\0\0\3tty\0\0\0\0\5fifo\0\0\0\0\1d\0\0\0\3\1e\0\0\0\4\0f\0\0";

static void fuzz_begin(void)
{
	file = memfd_create("image", 0);
	snprintf(path, sizeof path, "/proc/self/fd/%d", file);
	add_seed(FILES, sizeof FILES);
	add_seed(LINKS, sizeof LINKS);
	add_seed(NODES, sizeof NODES);
}
